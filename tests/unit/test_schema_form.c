/* What a schema says about forms: checked by name, and without any effect on values. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/small_schema.h"

/* A schema of one table with this "form" and, at its second field, these keys. */
static enum status load(const char *form, const char *field_keys, struct error *err)
{
    static char json[JSON_MAX];
    struct schema *schema;
    snprintf(json, sizeof json,
             "{'epoch': 1, 'tables': [{'number': 16, 'name': 'thing', 'zh': '物', 'en': 'thing',"
             " 'write': ['clerk'], %s 'fields': ["
             "{'number': 1, 'name': 'kind', 'zh': '类', 'en': 'kind', 'type': 'enum',"
             " 'merge': 'latest', 'codes': [['a', '甲', 'a'], ['b', '乙', 'b']]},"
             "{'number': 2, 'name': 'word', 'zh': '字', 'en': 'word', 'type': 'text',"
             " 'merge': 'latest' %s},"
             "{'number': 3, 'name': 'flag', 'zh': '旗', 'en': 'flag', 'type': 'bool',"
             " 'merge': 'latest'},"
             "{'number': 4, 'name': 'day', 'zh': '日', 'en': 'day', 'type': 'date',"
             " 'merge': 'latest'},"
             "{'number': 5, 'name': 'of', 'zh': '的', 'en': 'of', 'type': 'ref',"
             " 'refs': ['thing'], 'merge': 'latest'},"
             "{'number': 6, 'name': 'stage', 'zh': '步', 'en': 'stage', 'type': 'enum',"
             " 'merge': 'steps', 'codes': [['x', '甲', 'x'], ['y', '乙', 'y']]}]}]}",
             form, field_keys);
    enum status status = schema_load(&schema, json_of(json), err);
    schema_free(schema);
    return status;
}

static void expect_refused(const char *form, const char *field_keys, const char *sentence)
{
    struct error err = {0};
    assert_int_equal(load(form, field_keys, &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, sentence);
}

static void a_form_that_names_what_is_there_is_taken(void **state)
{
    struct error err = {0};
    (void)state;
    assert_int_equal(load("", "", &err), STATUS_OK);
    assert_int_equal(
        load("'form': {'sections': [{'zh': '甲', 'en': 'A', 'fields': ['word', 'kind']},"
             " {'zh': '乙', 'en': 'B', 'fields': ['day']}], 'columns': ['kind', 'word'],"
             " 'quick': ['word'], 'due': {'field': 'day', 'of': 'of', 'at': 'day'}},",
             ", 'when': {'field': 'kind', 'codes': ['b']}, 'help': {'zh': '帮', 'en': 'help'}",
             &err),
        STATUS_OK);
    assert_int_equal(load("", ", 'when': {'field': 'flag', 'codes': ['true']}", &err), STATUS_OK);
}

static void a_form_that_names_what_is_not_there_is_refused(void **state)
{
    (void)state;
    expect_refused("'form': {'columns': ['nothing']},", "",
                   "table 'thing': 'form': there is no field 'nothing'");
    expect_refused("'form': {'quick': ['word', 'word']},", "",
                   "table 'thing': 'form': field 'word' stands twice");
    expect_refused("'form': {'sections': [{'zh': '甲', 'en': 'A', 'fields': ['word']},"
                   " {'zh': '乙', 'en': 'B', 'fields': ['word']}]},",
                   "", "table 'thing': 'form': field 'word' stands twice");
    expect_refused("'form': {'due': {'field': 'word', 'of': 'of', 'at': 'day'}},", "",
                   "table 'thing': 'form': 'due' is not a date, a ref and a time");
    expect_refused("'form': {'due': {'field': 'day', 'of': 'day', 'at': 'day'}},", "",
                   "table 'thing': 'form': 'due' is not a date, a ref and a time");
}

static void what_pages_are_made_of_is_taken(void **state)
{
    struct error err = {0};
    (void)state;
    assert_int_equal(load("'form': {'glance': ['stage', 'word'],"
                          " 'open': {'field': 'stage', 'codes': ['x']},"
                          " 'take': {'field': 'of', 'steps': 'stage', 'step': 'y'},"
                          " 'calendar': {'from': ['day'], 'to': 'day', 'apart': 'of'},"
                          " 'grids': [{'zh': '格', 'en': 'grid', 'rows': 'of', 'columns': 'of',"
                          " 'cell': 'kind', 'where': {'flag': 'false'}, 'tap': 'a'}]},",
                          "", &err),
                     STATUS_OK);
}

static void pages_that_cannot_be_made_are_refused(void **state)
{
    (void)state;
    expect_refused("'form': {'open': {'field': 'stage', 'codes': ['z']}},", "",
                   "table 'thing': 'form': field 'stage' has no code 'z'");
    expect_refused("'form': {'take': {'field': 'word', 'steps': 'stage', 'step': 'x'}},", "",
                   "table 'thing': 'form': 'take' is not a ref and a step");
    expect_refused("'form': {'take': {'field': 'of', 'steps': 'kind', 'step': 'a'}},", "",
                   "table 'thing': 'form': 'take' is not a ref and a step");
    expect_refused("'form': {'calendar': {'from': ['word']}},", "",
                   "table 'thing': 'form': field 'word' is not a time");
    expect_refused("'form': {'calendar': {'from': ['day'], 'apart': 'word'}},", "",
                   "table 'thing': 'form': field 'word' is not a ref");
    expect_refused("'form': {'grids': [{'zh': '格', 'en': 'grid', 'rows': 'of',"
                   " 'columns': 'word', 'cell': 'kind'}]},",
                   "", "table 'thing': 'form': 'grids' is not a ref by a ref or month");
    expect_refused("'form': {'grids': [{'zh': '格', 'en': 'grid', 'rows': 'of',"
                   " 'columns': 'of', 'cell': 'kind', 'tap': 'c'}]},",
                   "", "table 'thing': 'form': field 'kind' has no code 'c'");
    expect_refused("'form': {'grids': [{'zh': '格', 'en': 'grid', 'rows': 'of',"
                   " 'columns': 'of', 'cell': 'kind', 'where': {'none': 'c'}}]},",
                   "", "table 'thing': 'form': there is no field 'none'");
}

static void a_condition_names_a_code_that_is_there(void **state)
{
    (void)state;
    expect_refused("", ", 'when': {'field': 'kind', 'codes': ['c']}",
                   "table 'thing': field 'word': 'when': field 'kind' has no code 'c'");
    expect_refused("", ", 'when': {'field': 'flag', 'codes': ['b']}",
                   "table 'thing': field 'word': 'when': field 'flag' has no code 'b'");
    expect_refused("", ", 'when': {'field': 'nothing', 'codes': ['c']}",
                   "table 'thing': field 'word': 'when': there is no field 'nothing'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_that_names_what_is_there_is_taken),
        cmocka_unit_test(a_form_that_names_what_is_not_there_is_refused),
        cmocka_unit_test(what_pages_are_made_of_is_taken),
        cmocka_unit_test(pages_that_cannot_be_made_are_refused),
        cmocka_unit_test(a_condition_names_a_code_that_is_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
