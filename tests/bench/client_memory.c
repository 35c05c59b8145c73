#include "tests/bench/client_memory.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/load_fleet.h"
#include "tests/bench/raw.h"
#include "tests/support/must.h"

#define PATH_BYTES 128
#define LINE_BYTES 600
#define LOOK_NS 2000000 /* how often a process is looked at */

/* A program that runs: its first words go to `said`. */
struct call {
    const char *const *arguments; /* the program first, then NULL */
    char said[LINE_BYTES];
};

/* The high-water mark; 0 when the process has ended already. */
static double peak_bytes(pid_t process)
{
    char path[64], line[200];
    long long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    FILE *in = fopen(path, "r");
    while (in && kib == 0 && fgets(line, sizeof line, in))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtoll(line + 6, NULL, 10);
    if (in)
        fclose(in);
    return (double)kib * 1024;
}

/* Waits for its end; the most memory that it was seen with. The mark of a process only rises, so
 * what is missed lies in its last moments. */
static double watch(pid_t process)
{
    double most = 0;
    int code = 0;
    pid_t ended;
    while ((ended = waitpid(process, &code, WNOHANG)) == 0) {
        double now = peak_bytes(process);
        most = now > most ? now : most;
        nanosleep(&(struct timespec){0, LOOK_NS}, NULL);
    }
    MUST_HOLD(ended == process && WIFEXITED(code) && WEXITSTATUS(code) == 0);
    return most;
}

/* What it says must fit a pipe. Spawned, not forked: it is never seen with our own memory. */
static double run(struct call *call)
{
    int ends[2];
    pid_t process;
    posix_spawn_file_actions_t actions;
    MUST_HOLD(pipe(ends) == 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    MUST_HOLD(posix_spawn(&process, call->arguments[0], &actions, NULL,
                          (char *const *)(uintptr_t)call->arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    double most = watch(process);
    ssize_t size = read(ends[0], call->said, sizeof call->said - 1);
    call->said[size > 0 ? size : 0] = '\0';
    call->said[strcspn(call->said, "\n")] = '\0';
    close(ends[0]);
    return most;
}

#define RUN(call, ...) ((call)->arguments = (const char *const[]){__VA_ARGS__, NULL}, run(call))

/* ---- the two clients ---- */

static void join(const char *jinqiu, const char *jinqiud, const struct load_fleet *fleet,
                 const char *directory)
{
    struct call invite, join;
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)ntohs(fleet->address.sin_port));
    RUN(&invite, jinqiud, "invite", "--dir", fleet->world.directory, "--org", fleet->branch,
        "--role", "secretary", "--person", "示例党员001", "--address", address);
    RUN(&join, jinqiu, "join", invite.said, "--dir", directory, "--no-passphrase");
}

static void write_rows(const char *path, size_t rows)
{
    char situation[200];
    FILE *out = fopen(path, "w");
    MUST_HOLD(out);
    for (size_t i = 0; i < rows; i++) {
        visit_text(i, situation, sizeof situation);
        fprintf(out,
                "{\"op\":\"add\",\"table\":\"visit\",\"fields\":{\"target_ref\":\"person:"
                "0123456789abcdef0123456789abcdef\",\"at\":\"2026-11-01T09:30\",\"kind\":"
                "\"home_visit\",\"situation\":\"%s\"}}\n",
                situation);
    }
    MUST_HOLD(fclose(out) == 0);
}

struct client_memory client_memory_measure(const char *jinqiu, const char *jinqiud, size_t rows)
{
    struct client_memory memory;
    struct load_fleet fleet;
    struct call call;
    char folder[] = "/tmp/jinqiu-clients-XXXXXX", sender[PATH_BYTES], reader[PATH_BYTES],
         path[PATH_BYTES];
    MUST_HOLD(mkdtemp(folder));
    snprintf(sender, sizeof sender, "%s/sender", folder);
    snprintf(reader, sizeof reader, "%s/reader", folder);
    snprintf(path, sizeof path, "%s/rows", folder);
    setenv("JINQIU_BALLAST", "0", 1);
    load_fleet_make(&fleet, NULL, 0);
    load_fleet_start(&fleet, jinqiud);
    join(jinqiu, jinqiud, &fleet, sender);
    join(jinqiu, jinqiud, &fleet, reader);
    write_rows(path, rows);
    RUN(&call, jinqiu, "apply", path, "--dir", sender);
    memory.sending_bytes = RUN(&call, jinqiu, "sync", "--dir", sender);
    memory.receiving_bytes = RUN(&call, jinqiu, "sync", "--dir", reader);
    RUN(&call, "/bin/rm", "-r", folder);
    load_fleet_release(&fleet);
    return memory;
}
