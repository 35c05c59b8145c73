/* The command line: what is known is parsed in any order, what is not is named. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cli.h"
#include "common/grid.h"
#include "common/messages.h"

static int run_nothing(struct cli *cli)
{
    (void)cli;
    return CLI_DONE;
}

static const struct cli_flag flags[] = {{"--where", "FIELD=VALUE", {"rows", "行"}, true},
                                        {"--limit", "N", {"most", "最多"}, false},
                                        {"--deep", NULL, {"all", "全部"}, false},
                                        {0}};
static const struct cli_command commands[] = {
    {"list", "TABLE", {"list", "列出"}, flags, "list a", 1, 2, run_nothing},
    {"org add", "NAME", {"add", "新增"}, NULL, NULL, 0, -1, run_nothing},
    {"report", "NAME", {"report", "报表"}, NULL, NULL, 0, -1, NULL},
    {0}};
static const struct cli_command *const tables[] = {commands, NULL};
static const struct cli_program program = {
    .name = "try", .help = {"a try", "试"}, .commands = tables};

#define WORDS_MAX 32

/* Splits at spaces: no argument of these tests holds one. */
static enum status parse(struct cli *cli, struct cli_request *request, const char *line,
                         struct error *err)
{
    static char text[512];
    char *argv[WORDS_MAX] = {text};
    int argc = 0;
    snprintf(text, sizeof text, "try %s", line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return cli_parse(cli, &program, argc, argv, request, err);
}

static void expect_refused(const char *line, enum status status, const char *sentence)
{
    struct cli cli;
    struct cli_request request;
    struct error err = {0};
    assert_int_equal(parse(&cli, &request, line, &err), status);
    assert_string_equal(err.text, sentence);
    assert_int_equal(cli_exit_code(status), CLI_USAGE);
    cli_release(&cli);
}

static void flags_stand_before_and_behind_the_command(void **state)
{
    static const char *const lines[] = {
        "--dir d --json list t --limit 5 --where a=1 --where b=2",
        "list --where a=1 t --dir d --where=b=2 --limit=5 --json",
        "--json list --dir=d --where a=1 --limit 5 --where b=2 -- t"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct cli cli;
        struct cli_request request;
        int64_t limit = 0;
        assert_int_equal(parse(&cli, &request, lines[i], NULL), STATUS_OK);
        assert_string_equal(cli.command->name, "list");
        assert_string_equal(cli.directory, "d");
        assert_true(cli.json && !cli.csv && !cli_has(&cli, "--deep"));
        assert_int_equal(cli.arguments_count, 1);
        assert_string_equal(cli.arguments[0], "t");
        assert_string_equal(cli_value_at(&cli, "--where", 0), "a=1");
        assert_string_equal(cli_value_at(&cli, "--where", 1), "b=2");
        assert_null(cli_value_at(&cli, "--where", 2));
        assert_int_equal(cli_number(&cli, "--limit", (struct cli_range){1, 9}, &limit, NULL),
                         STATUS_OK);
        assert_int_equal(limit, 5);
        cli_release(&cli);
    }
}

static void a_command_may_have_two_words(void **state)
{
    struct cli cli;
    struct cli_request request;
    (void)state;
    assert_int_equal(parse(&cli, &request, "org --dir d add x", NULL), STATUS_OK);
    assert_string_equal(cli.command->name, "org add");
    assert_int_equal(cli.arguments_count, 1);
    cli_release(&cli);
    expect_refused("org", STATUS_USAGE, "unknown command 'org'");
    expect_refused("org drop", STATUS_USAGE, "unknown command 'org drop'");
    expect_refused("add", STATUS_USAGE, "unknown command 'add'");
}

static void wrong_usage_is_named(void **state)
{
    (void)state;
    expect_refused("", STATUS_USAGE, "no command was given, see --help");
    expect_refused("nothing", STATUS_USAGE, "unknown command 'nothing'");
    expect_refused("list t --bad", STATUS_USAGE, "unknown flag '--bad'");
    expect_refused("list t --bad=1", STATUS_USAGE, "unknown flag '--bad'");
    expect_refused("list t -x", STATUS_USAGE, "unknown flag '-x'");
    expect_refused("list t --limit", STATUS_USAGE, "flag '--limit' needs a value");
    expect_refused("list t --deep=1", STATUS_USAGE, "flag '--deep' takes no value");
    expect_refused("list t --limit 1 --limit 2", STATUS_USAGE, "flag '--limit' is given twice");
    expect_refused("list", STATUS_USAGE, "too few arguments: list TABLE");
    expect_refused("list a b c", STATUS_USAGE, "unexpected argument 'c'");
}

static void what_is_missing_yet_says_so(void **state)
{
    (void)state;
    expect_refused("report x", STATUS_UNSUPPORTED, "'report' is not there yet");
    expect_refused("report x --from 1", STATUS_UNSUPPORTED, "'report' is not there yet");
}

static void numbers_stay_within_their_bounds(void **state)
{
    static const char *const wrong[] = {"0", "10", "x", "5x", "99999999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cli cli;
        struct cli_request request;
        char line[64];
        int64_t limit = 7;
        snprintf(line, sizeof line, "list t --limit %s", wrong[i]);
        assert_int_equal(parse(&cli, &request, line, NULL), STATUS_OK);
        assert_int_equal(cli_number(&cli, "--limit", (struct cli_range){1, 9}, &limit, NULL),
                         STATUS_USAGE);
        assert_int_equal(limit, 7);
        cli_release(&cli);
    }
}

static void the_folder_comes_from_the_flag_or_the_environment(void **state)
{
    struct cli cli;
    struct cli_request request;
    char path[CLI_PATH_MAX];
    (void)state;
    setenv("JINQIU_DIR", "e", 1);
    assert_int_equal(parse(&cli, &request, "list t", NULL), STATUS_OK);
    assert_int_equal(cli_path(&cli, "f", path, NULL), STATUS_OK);
    assert_string_equal(path, "e/f");
    cli_release(&cli);
    assert_int_equal(parse(&cli, &request, "list t --dir d", NULL), STATUS_OK);
    assert_int_equal(cli_path(&cli, "f", path, NULL), STATUS_OK);
    assert_string_equal(path, "d/f");
    cli_release(&cli);
    unsetenv("JINQIU_DIR");
    assert_int_equal(parse(&cli, &request, "list t", NULL), STATUS_OK);
    assert_int_equal(cli_path(&cli, "f", path, NULL), STATUS_USAGE);
    cli_release(&cli);
}

static void statuses_become_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(cli_exit_code(STATUS_OK), 0);
    assert_int_equal(cli_exit_code(STATUS_DENIED), 1);
    assert_int_equal(cli_exit_code(STATUS_NOT_FOUND), 1);
    assert_int_equal(cli_exit_code(STATUS_USAGE), 2);
    assert_int_equal(cli_exit_code(STATUS_UNSUPPORTED), 2);
    assert_int_equal(cli_exit_code(STATUS_UNREACHABLE), 3);
}

static void help_speaks_both_languages(void **state)
{
    (void)state;
    language_set(LANGUAGE_ZH);
    assert_string_equal(cli_text(&commands[0].help), "列出");
    language_set(LANGUAGE_EN);
    assert_string_equal(cli_text(&commands[0].help), "list");
}

/* ---- the table for the terminal ---- */

static void columns_align_by_places_not_bytes(void **state)
{
    static const char *const cells[] = {"name", "empty", "n", "示例党员001", "",
                                        "1",    "a\tb",  "",  "22"};
    struct grid grid = {.columns = 3};
    char *text = NULL;
    size_t size = 0;
    (void)state;
    assert_int_equal(grid_width("示例a"), 5);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        assert_int_equal(grid_add(&grid, cells[i]), STATUS_OK);
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    grid_print(&grid, out);
    fclose(out);
    assert_string_equal(text, "name         n\n示例党员001  1\na b          22\n");
    free(text);
    grid_release(&grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_stand_before_and_behind_the_command),
        cmocka_unit_test(a_command_may_have_two_words),
        cmocka_unit_test(wrong_usage_is_named),
        cmocka_unit_test(what_is_missing_yet_says_so),
        cmocka_unit_test(numbers_stay_within_their_bounds),
        cmocka_unit_test(the_folder_comes_from_the_flag_or_the_environment),
        cmocka_unit_test(statuses_become_exit_codes),
        cmocka_unit_test(help_speaks_both_languages),
        cmocka_unit_test(columns_align_by_places_not_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
