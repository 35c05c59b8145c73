/* Commands while memory, SQLite or the system fails them, at each place in turn: a command says
 * what failed and exits with a code that says so, or it prints all that it prints otherwise. The
 * replica stays whole, and opens. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cli.h"
#include "tests/support/commands.h"
#include "tests/support/failing.h"
#include "tests/support/world.h"

struct running {
    const char *line;
    struct said said;
    char *whole; /* what it prints when nothing fails */
    unsigned faults;
};

static enum status play(void *context, struct error *err)
{
    struct running *running = context;
    int code = commands_run(running->line, &running->said);
    if (code == CLI_DONE || code == CLI_CONFLICTS)
        return STATUS_OK;
    snprintf(err->text, sizeof err->text, "%s", running->said.err);
    return STATUS_STORAGE;
}

static void look(void *context, enum status status, const struct error *err)
{
    static unsigned looks;
    struct running *running = context;
    if (status == STATUS_OK && !running->whole) {
        running->whole = strdup(running->said.out);
    } else if (status == STATUS_OK && strcmp(running->said.out, running->whole) != 0) {
        failing_tell();
        fprintf(stderr, "'%s' goes well and prints\n%s\ninstead of\n%s\n", running->line,
                running->said.out, running->whole);
        running->faults++;
    } else if (status != STATUS_OK && strncmp(err->text, "jinqiu: ", 8) != 0) {
        failing_tell();
        fprintf(stderr, "'%s' fails and says '%s'\n", running->line, err->text);
        running->faults++;
    }
    if (++looks % 40 != 0)
        return;
    struct replica *replica;
    struct replica_options options = commands_file();
    assert_int_equal(replica_open(&replica, &options, NULL), STATUS_OK);
    assert_int_equal(world_faults(replica), 0);
    replica_close(replica);
}

static void run_each(const char *const *lines, size_t count)
{
    unsigned faults = 0;
    for (size_t i = 0; i < count; i++) {
        struct running running = {.line = lines[i]};
        struct failing_act act = {
            .name = lines[i], .play = play, .look = look, .context = &running};
        failing_play(&act);
        said_release(&running.said);
        free(running.whole);
        faults += running.faults;
    }
    assert_int_equal(faults, 0);
}

#define RUN_EACH(lines) run_each(lines, sizeof(lines) / sizeof *(lines))

/* ---- the commands ---- */

static void what_is_read_is_whole_or_refused(void **state)
{
    static const char *const lines[] = {
        "list person",
        "list person --json --where name=示例党员001 --limit 5",
        "list visit --csv --search 示例",
        "get person PERSON",
        "get person PERSON --json",
        "history person PERSON",
        "history person PERSON --json",
        "conflicts",
        "conflicts --json",
        "duplicates",
        "duplicates person --json",
        "set-aside",
        "set-aside --json",
        "digest --json",
        "audit",
        "audit --json",
        "schema",
        "consent",
        "alarms",
        "attachment list",
        "attachment list visit VISIT --json",
        "attachment get visit VISIT -",
        "list visit --where target_ref=person:PERSON",
        "audit --since 2026-11-01 --limit 3",
        "get visit VISIT",
        "history visit VISIT",
    };
    (void)state;
    RUN_EACH(lines);
}

static void figures_are_whole_or_refused(void **state)
{
    static const char *const lines[] = {
        "report --list", "report R01 --json", "report R09 --csv", "due", "check --json",
    };
    (void)state;
    RUN_EACH(lines);
}

static void a_check_says_what_kept_it_from_checking(void **state)
{
    static const char *const lines[] = {"verify", "verify --json"};
    (void)state;
    RUN_EACH(lines);
}

static void a_file_is_written_whole_or_refused(void **state)
{
    static const char *const lines[] = {
        "export person DIR/list.csv --bom --labels --purpose 示例用途",
        "export person DIR/list.xlsx",
        "export visit -",
        "report R09 --xlsx DIR/report.xlsx",
        "frontier DIR/held.frontier",
        "bundle write DIR/parcel.bundle --attachments 1MB",
    };
    (void)state;
    RUN_EACH(lines);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_whole_or_refused),
        cmocka_unit_test(figures_are_whole_or_refused),
        cmocka_unit_test(a_check_says_what_kept_it_from_checking),
        cmocka_unit_test(a_file_is_written_whole_or_refused),
    };
    return cmocka_run_group_tests(tests, commands_set_up, commands_tear_down);
}
