/* What an entry of records may not be, whoever wrote it: places, tables, groups, keys, values. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/spell.h"
#include "tests/support/trust.h"

static struct trust trust;
static uint32_t clerk;

static int setup(void **state)
{
    (void)state;
    trust_init(&trust);
    clerk = trust_enrol(&trust, ROLE_CLERK, TRUST_TOWNSHIP);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    trust_release(&trust);
    return 0;
}

/* The clerk's first entry in `scope`, with these ops. */
static enum status judge_at(uint32_t scope, const char *ops, struct error *err)
{
    struct dot dot = {{scope, clerk, INCARNATION_FIRST}, 1};
    struct entry_view view = {0};
    struct buffer body = {0};
    char text[1024];
    snprintf(text, sizeof text, "[1 0 0 nil 1 [%s]]", ops);
    spell_pack(text, &body);
    assert_int_equal(entry_decode(&view, &dot.feed, buffer_bytes(&body), NULL), STATUS_OK);
    enum status status = registry_permits(trust.registry, &dot, &view, err);
    entry_view_release(&view);
    buffer_release(&body);
    return status;
}

static void expect(const char *ops, enum status wanted, const char *sentence)
{
    struct error err = {0};
    enum status status = judge_at(SCOPE_RECORDS(TRUST_BRANCH), ops, &err);
    if (status != wanted || strcmp(err.text, sentence) != 0)
        fail_msg("%s\n  gave %s '%s', not %s '%s'", ops, status_name(status), err.text,
                 status_name(wanted), sentence);
}

static void accepted(const char *ops)
{
    expect(ops, STATUS_OK, "");
}

static void records_stand_in_known_orgs_and_not_in_the_registry(void **state)
{
    (void)state;
    static const char visit[] = "[16 r1 [1 'x'] []]";
    struct error err = {0};
    assert_int_equal(judge_at(SCOPE_RECORDS(TRUST_BRANCH), visit, &err), STATUS_OK);
    assert_int_equal(judge_at(SCOPE_REGISTRY(TRUST_BRANCH), visit, &err), STATUS_DENIED);
    assert_string_equal(err.text, "records can't stand in the registry");
    assert_int_equal(judge_at(0, visit, &err), STATUS_DENIED);
    assert_int_equal(judge_at(SCOPE_RECORDS(77), visit, &err), STATUS_UNKNOWN);
    assert_string_equal(err.text, "org 77 is not known yet");
    assert_int_equal(judge_at(SCOPE_RECORDS(TRUST_COUNTY), visit, &err), STATUS_DENIED);
    assert_string_equal(err.text, "the writer has no rights in this org");
}

static void tables_and_fields_stand_in_the_schema(void **state)
{
    (void)state;
    expect("[99 r1 [1 'x'] []]", STATUS_DENIED, "table 99 is not in the schema");
    expect("[3 r1 [1 'x'] []]", STATUS_DENIED, "table 3 is not in the schema");
    expect("[16 r1 [9 'x'] []]", STATUS_DENIED, "table 'visit' has no field 9");
}

static void one_wrong_change_spoils_the_entry(void **state)
{
    (void)state;
    accepted("[16 r1 [1 'x'] []] [17 r1 [1 'x'] []]");
    expect("[16 r1 [1 'x'] []] [19 r1 [1 5] []]", STATUS_DENIED,
           "this role may not write table 'dues'");
    expect("[19 r1 [1 5] []] [16 r1 [1 'x'] []]", STATUS_DENIED,
           "this role may not write table 'dues'");
}

static void values_are_of_the_field_s_type_and_range(void **state)
{
    (void)state;
    expect("[16 r1 [1 5] []]", STATUS_BAD_INPUT, "field 'found': not a value of type text");
    expect("[17 r1 [2 'dead'] []]", STATUS_BAD_INPUT, "field 'health': not a value of type enum");
    expect("[17 r1 [5 10] []]", STATUS_BAD_INPUT, "field 'rank': 10 is out of range");
    expect("[16 r1 [2 [1 'open']] []]", STATUS_BAD_INPUT,
           "field 'state': not a value of type enum");
    expect("[16 r1 [0 1] []]", STATUS_BAD_INPUT, "the deletion mark is none");
    expect("[16 r1 [0 [7]] []]", STATUS_BAD_INPUT, "the deletion mark is none");
    expect("[16 r1 [0 [0 'a']] []]", STATUS_BAD_INPUT, "the deletion mark is none");
    expect("[16 r1 [0 [7 '']] []]", STATUS_BAD_INPUT, "the deletion mark is none");
    accepted("[16 r1 [0 [7 'a']] []]");
    accepted("[16 r1 [0 false] []]");
    accepted("[17 r1 [5 9] []]");
    accepted("[16 r1 [2 [2 'open']] []]");
    accepted("[17 r1 [2 nil] []]");
}

static void a_group_is_written_whole_with_the_same_bases(void **state)
{
    (void)state;
    accepted("[17 r1 [3 'x' 4 'y'] []]");
    accepted("[17 r1 [3 'x' 4 'y'] [[[2 1]]]]");
    expect("[17 r1 [3 'x'] []]", STATUS_DENIED, "the group of field 'address' is written in part");
    expect("[17 r1 [4 'x'] []]", STATUS_DENIED, "the group of field 'place' is written in part");
    expect("[17 r1 [3 'x' 4 'y'] [[[2 1]] []]]", STATUS_DENIED,
           "the group of field 'address' is written in part");
    expect("[17 r1 [3 'x' 4 'y'] [[[2 1]] [[2 2]]]]", STATUS_DENIED,
           "the group of field 'address' is written in part");
}

static void a_natural_key_is_the_row_s_id(void **state)
{
    (void)state;
    expect("[18 r1 [1 r7 2 r8] []]", STATUS_DENIED,
           "the key of a row of 'attendance' is not its id");
    expect("[18 r1 [1 r7] []]", STATUS_DENIED, "the key of a row of 'attendance' is not its id");
    accepted("[18 r1 [3 'x'] []]"); /* whoever wrote the key did it elsewhere */
}

static void what_is_written_once_replaces_nothing(void **state)
{
    (void)state;
    accepted("[16 r1 [1 'x'] []]");
    expect("[16 r1 [1 'x'] [[[2 1]]]]", STATUS_DENIED,
           "field 'found' of 'visit' is written once only");
}

static void a_set_is_two_lists_in_order(void **state)
{
    (void)state;
    accepted("[16 r1 [3 [['a' 'b'] []]] []]");
    accepted("[16 r1 [3 [[] [['a' [[2 1]]] ['b' [[2 1]]]]]] []]");
    static const char *const broken[] = {
        "[16 r1 [3 'a'] []]",
        "[16 r1 [3 [['a']]] []]",
        "[16 r1 [3 [['a'] [] []]] []]",
        "[16 r1 [3 [['b' 'a'] []]] []]",
        "[16 r1 [3 [['a' 'a'] []]] []]",
        "[16 r1 [3 [[] ['a']]] []]",
        "[16 r1 [3 [[] [['b' [[2 1]]] ['a' [[2 1]]]]]] []]",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        expect(broken[i], STATUS_BAD_INPUT, "field 'tags': not a set");
    expect("[16 r1 [3 [['a b'] []]] []]", STATUS_BAD_INPUT,
           "field 'tags': not a value of type code");
    expect("[16 r1 [3 nil] []]", STATUS_BAD_INPUT, "field 'tags': not a set");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(records_stand_in_known_orgs_and_not_in_the_registry),
        CASE(tables_and_fields_stand_in_the_schema),
        CASE(one_wrong_change_spoils_the_entry),
        CASE(values_are_of_the_field_s_type_and_range),
        CASE(a_group_is_written_whole_with_the_same_bases),
        CASE(a_natural_key_is_the_row_s_id),
        CASE(what_is_written_once_replaces_nothing),
        CASE(a_set_is_two_lists_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
