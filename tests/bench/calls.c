#include "tests/bench/calls.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/timing.h"
#include "tests/support/must.h"

#define LOOK_NS 2000000 /* how often a process is looked at */

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
        double memory = peak_bytes(process);
        most = memory > most ? memory : most;
        nanosleep(&(struct timespec){0, LOOK_NS}, NULL);
    }
    MUST_HOLD(ended == process && WIFEXITED(code) && WEXITSTATUS(code) == 0);
    return most;
}

/* Spawned, not forked: it is never seen with our own memory. */
void call_run(struct call *call)
{
    int ends[2];
    pid_t process;
    posix_spawn_file_actions_t actions;
    MUST_HOLD(pipe(ends) == 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    double start = now();
    MUST_HOLD(posix_spawnp(&process, call->arguments[0], &actions, NULL,
                           (char *const *)(uintptr_t)call->arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    call->peak_bytes = watch(process);
    call->seconds = now() - start;
    ssize_t size = read(ends[0], call->said, sizeof call->said - 1);
    call->said[size > 0 ? size : 0] = '\0';
    call->said[strcspn(call->said, "\n")] = '\0';
    close(ends[0]);
}

void call_join(const struct call_programs *programs, const struct load_fleet *fleet,
               const char *directory)
{
    struct call invite, join;
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)ntohs(fleet->address.sin_port));
    CALL(&invite, programs->jinqiud, "invite", "--dir", fleet->world.directory, "--org",
         fleet->branch, "--role", "secretary", "--person", "示例党员001", "--address", address);
    CALL(&join, programs->jinqiu, "join", invite.said, "--dir", directory, "--no-passphrase");
}
