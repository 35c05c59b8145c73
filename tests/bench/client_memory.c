#include "tests/bench/client_memory.h"

#include <unistd.h>

#include "tests/bench/calls.h"
#include "tests/bench/raw.h"
#include "tests/support/must.h"

#define PATH_BYTES 128

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
    struct call_programs programs = {jinqiu, jinqiud};
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
    call_join(&programs, &fleet, sender);
    call_join(&programs, &fleet, reader);
    write_rows(path, rows);
    CALL(&call, programs.jinqiu, "apply", path, "--dir", sender);
    CALL(&call, programs.jinqiu, "sync", "--dir", sender);
    memory.sending_bytes = call.peak_bytes;
    CALL(&call, programs.jinqiu, "sync", "--dir", reader);
    memory.receiving_bytes = call.peak_bytes;
    CALL(&call, "/bin/rm", "-r", folder);
    load_fleet_release(&fleet);
    return memory;
}
