/* Command lines that only read: what is wrong with them is named, with the exit code of its kind;
 * each form of an answer holds the same rows; help tells of every command. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cli.h"
#include "tests/support/commands.h"

struct expectation {
    const char *line;
    int code;
    const char *says; /* stands in what it prints, or in what it says when it fails */
};

static void expect(const struct expectation *wanted, size_t count)
{
    struct said said = {0};
    unsigned faults = 0;
    for (size_t i = 0; i < count; i++) {
        int code = commands_run(wanted[i].line, &said);
        const char *where = code == CLI_DONE ? said.out : said.err;
        if (code == wanted[i].code && strstr(where, wanted[i].says))
            continue;
        faults++;
        fprintf(stderr, "'%s' gives %d:\n%s%s", wanted[i].line, code, said.out, said.err);
    }
    said_release(&said);
    assert_int_equal(faults, 0);
}

#define EXPECT(list) expect(list, sizeof(list) / sizeof *(list))

static void what_is_wrong_with_a_question_is_named(void **state)
{
    static const struct expectation wanted[] = {
        {"list nothing", CLI_FAILED, "'nothing'"},
        {"list person --where name", CLI_USAGE, "'name' is not FIELD=VALUE"},
        {"list person --where =1", CLI_USAGE, "is not FIELD=VALUE"},
        {"list person --where nothing=1", CLI_FAILED, "'nothing'"},
        {"list person --limit 0", CLI_USAGE, "--limit"},
        {"get person 12", CLI_FAILED, "'12'"},
        {"get person 00000000000000000000000000000001", CLI_FAILED, "there is no row"},
        {"history person 00000000000000000000000000000001", CLI_FAILED, "row"},
        {"audit --since yesterday", CLI_USAGE, "'yesterday' is not a date"},
        {"audit --device 12", CLI_FAILED, "there is no device '12'"},
        {"duplicates nothing", CLI_FAILED, "'nothing'"},
        {"report", CLI_USAGE, "'NAME' is needed"},
        {"report R99", CLI_FAILED, "R99"},
        {"report R09 --from yesterday", CLI_USAGE, "'yesterday'"},
        {"due --org nowhere", CLI_FAILED, "'nowhere'"},
        {"alarms --since yesterday", CLI_USAGE, "yesterday"},
        {"consent 12", CLI_FAILED, "12"},
        {"attachment list nothing", CLI_FAILED, "'nothing'"},
        {"attachment get person PERSON -", CLI_FAILED, "has no attachment of that name"},
        {"attachment get visit VISIT situation -", CLI_FAILED, "has no attachment of that name"},
    };
    (void)state;
    EXPECT(wanted);
}

static void a_file_that_can_not_be_written_is_named(void **state)
{
    static const struct expectation wanted[] = {
        {"export person DIR/list.txt", CLI_USAGE, "ends with none of"},
        {"export person DIR/none/list.csv", CLI_FAILED, "cannot write"},
        {"export person DIR/none/list.xlsx", CLI_FAILED, "none/list.xlsx"},
        {"export nothing DIR/list.csv", CLI_FAILED, "'nothing'"},
        {"attachment get visit VISIT DIR/none/photo.jpg", CLI_FAILED, "none/photo.jpg"},
        {"bundle write DIR/none/parcel", CLI_FAILED, "none/parcel"},
        {"bundle write DIR/parcel --for DIR/none", CLI_FAILED, "none"},
        {"bundle write DIR/parcel --attachments much", CLI_USAGE, "much"},
        {"bundle read DIR/none", CLI_FAILED, "none"},
        {"frontier DIR/none/held", CLI_FAILED, "none/held"},
        {"update key DIR/none/release.key", CLI_FAILED, "none/release.key"},
        {"update check DIR/none", CLI_FAILED, "none"},
        {"update sign DIR/none", CLI_USAGE, "--version-number"},
        {"update sign DIR/none --version-number 1.0.0", CLI_USAGE, "--release-key"},
        {"update sign DIR/none --version-number new --release-key DIR/none", CLI_USAGE, "'new'"},
        {"update sign DIR/none --version-number 1.0.0 --release-key DIR/none", CLI_FAILED, "none"},
    };
    (void)state;
    EXPECT(wanted);
}

static void what_isnt_a_bundle_is_refused(void **state)
{
    static const struct expectation wanted[] = {
        {"export person DIR/list.csv", CLI_DONE, ""},
        {"bundle read DIR/list.csv", CLI_FAILED, "this is no bundle"},
        {"bundle write DIR/parcel --for DIR/list.csv", CLI_FAILED, "list.csv"},
        {"update check DIR/list.csv", CLI_FAILED, "list.csv"},
        {"frontier DIR/held", CLI_DONE, ""},
        {"bundle write DIR/parcel --for DIR/held", CLI_DONE, ""},
        {"bundle read DIR/parcel", CLI_DONE, ""},
        {"update key DIR/release.key", CLI_DONE, ""},
        {"update sign DIR/list.csv --version-number 1.0.0 --release-key DIR/list.csv", CLI_FAILED,
         "holds no release key"},
        {"update sign DIR/list.csv --version-number 1.0.0 --release-key DIR/release.key", CLI_DONE,
         ""},
        {"update sign DIR/list.csv --version-number 1.0.0 --release-key DIR/release.key", CLI_DONE,
         ""},
    };
    (void)state;
    EXPECT(wanted);
}

static void each_form_of_an_answer_holds_the_rows(void **state)
{
    static const struct expectation wanted[] = {
        {"list person", CLI_DONE, "示例党员001"},
        {"list person --json", CLI_DONE, "\"示例党员001\""},
        {"list person --csv", CLI_DONE, "示例党员001"},
        {"list person --where name=", CLI_DONE, ""},
        {"list person --where name=nobody --csv", CLI_DONE, "name"},
        {"list person --where name=nobody --json", CLI_DONE, "[]"},
        {"list visit --search 没有这样的词", CLI_DONE, ""},
        {"export person - --json", CLI_DONE, "\"示例党员001\""},
        {"export person - --labels --bom", CLI_DONE, "示例党员001"},
        {"export person DIR/list.json", CLI_DONE, ""},
        {"export person DIR/list.xlsx --labels --limit 1", CLI_DONE, ""},
        {"export person DIR/none.xlsx --where name=nobody", CLI_DONE, ""},
        {"audit --csv --limit 0", CLI_DONE, ""},
        {"schema --json", CLI_DONE, "\"tables\""},
        {"schema --lang zh", CLI_DONE, "person"},
        {"report --list --json", CLI_DONE, "R09"},
        {"report R09 --from 2026-01-01 --to 2026-12-31 --csv", CLI_DONE, ""},
        {"due --to 2026-12-31 --json", CLI_DONE, ""},
        {"alarms --since 2026-11-01 --json", CLI_DONE, ""},
        {"verify --deep --json", CLI_DONE, "\"ok\":true"},
    };
    (void)state;
    EXPECT(wanted);
}

static void help_tells_of_every_command(void **state)
{
    static const struct expectation wanted[] = {
        {"--help", CLI_DONE, "bundle write"},
        {"--help --lang zh", CLI_DONE, "用法"},
        {"list --help", CLI_DONE, "--where"},
        {"export --help --lang zh", CLI_DONE, "示例"},
        {"digest -h", CLI_DONE, "digest"},
        {"--man", CLI_DONE, ".Dd"},
        {"--version", CLI_DONE, "jinqiu"},
        {"nothing --help", CLI_USAGE, "'nothing'"},
        {"nothing", CLI_USAGE, "'nothing'"},
        {"bundle nothing", CLI_USAGE, "nothing"},
        {"bundle", CLI_USAGE, "'bundle'"},
        {"list", CLI_USAGE, "too few arguments"},
        {"list a b", CLI_USAGE, "unexpected"},
        {"list a --deep", CLI_USAGE, "--deep"},
        {"list person -- --where", CLI_USAGE, "unexpected"},
    };
    (void)state;
    EXPECT(wanted);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_with_a_question_is_named),
        cmocka_unit_test(a_file_that_can_not_be_written_is_named),
        cmocka_unit_test(what_isnt_a_bundle_is_refused),
        cmocka_unit_test(each_form_of_an_answer_holds_the_rows),
        cmocka_unit_test(help_tells_of_every_command),
    };
    return cmocka_run_group_tests(tests, commands_set_up, commands_tear_down);
}
