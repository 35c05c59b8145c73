#include "tests/bench/importing.h"

#include <unistd.h>

#include "tests/bench/calls.h"
#include "tests/bench/raw.h"
#include "tests/support/must.h"

#define ROUNDS 3
#define PATH_BYTES 128

static void write_rows(const char *path, size_t rows)
{
    char situation[200];
    FILE *out = fopen(path, "w");
    MUST_HOLD(out);
    fputs("target_ref,at,kind,situation\n", out);
    for (size_t i = 0; i < rows; i++) {
        visit_text(i, situation, sizeof situation);
        fprintf(out, "person:%032zx,2026-11-01T09:30,home_visit,%s\n", i % 1000 + 1, situation);
    }
    MUST_HOLD(fclose(out) == 0);
}

static void keep_best(double *best, const struct call *call)
{
    if (*best == 0 || call->seconds < *best)
        *best = call->seconds;
}

struct importing importing_measure(const char *jinqiu, const char *jinqiud, size_t rows)
{
    const struct call_programs programs = {jinqiu, jinqiud};
    struct importing importing = {0};
    struct load_fleet fleet;
    struct call call;
    char folder[] = "/tmp/jinqiu-import-XXXXXX", client[PATH_BYTES], file[PATH_BYTES],
         database[PATH_BYTES], command[2 * PATH_BYTES];
    MUST_HOLD(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/visits.csv", folder);
    snprintf(command, sizeof command, ".import --csv %s visit", file);
    setenv("JINQIU_BALLAST", "0", 1);
    load_fleet_make(&fleet, NULL, 0);
    load_fleet_start(&fleet, jinqiud);
    write_rows(file, rows);
    for (int round = 0; round < ROUNDS; round++) {
        snprintf(client, sizeof client, "%s/client-%d", folder, round);
        snprintf(database, sizeof database, "%s/raw-%d.db", folder, round);
        call_join(&programs, &fleet, client);
        CALL(&call, jinqiu, "import", "visit", file, "--dir", client, "--json");
        keep_best(&importing.seconds, &call);
        CALL(&call, "sqlite3", database, command);
        keep_best(&importing.sqlite_seconds, &call);
    }
    CALL(&call, "/bin/rm", "-r", folder);
    load_fleet_release(&fleet);
    return importing;
}
