/* The few shapes of XPath that a form's rules have with us; all others are refused whole. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/xlsform_sheets.h"

static void expect_when(const char *text, const char *wanted)
{
    json_t *when = xlsform_when(text);
    char *told = when ? json_dumps(when, JSON_COMPACT) : NULL;
    if (wanted)
        assert_string_equal(told ? told : "nothing", wanted);
    else
        assert_null(told);
    free(told);
    json_decref(when);
}

static void conditions(void **state)
{
    (void)state;
    expect_when("${ill} = 'Yes'", "{\"field\":\"ill\",\"codes\":[\"yes\"]}");
    expect_when(" selected( ${Ill}, \"a\" ) or ${ill}='b' ",
                "{\"field\":\"ill\",\"codes\":[\"a\",\"b\"]}");
    const char *const others[] = {"",
                                  "${ill}",
                                  "${ill} = ",
                                  "${ill} != 'a'",
                                  "${a}='x' or ${b}='y'",
                                  "${a}='x' and ${a}='y'",
                                  "not(${a}='x')",
                                  "${a}='x",
                                  "${a='x'",
                                  "${a}='x' or",
                                  "${}='x'",
                                  "${a}=''"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        expect_when(others[i], NULL);
}

static void bounds(void **state)
{
    (void)state;
    struct xlsform_bounds got;
    assert_true(xlsform_bounds(". >= 0 and . <= 120", 1, &got));
    assert_true(got.has_min && got.has_max && got.min == 0 && got.max == 120);
    assert_true(xlsform_bounds(".>-5", 1, &got));
    assert_true(got.has_min && !got.has_max && got.min == -4);
    assert_true(xlsform_bounds(". < 0.5", 100, &got));
    assert_true(got.has_max && got.max == 49);
    assert_true(xlsform_bounds("string-length(.) <= 20", 1, &got));
    assert_true(got.has_length && got.length == 20 && !got.has_max);
    const char *const others[] = {
        "",         ". > ",     ". = 5",   ". >= 1 or . <= 5", "x > 1",
        ". > ${a}", ". > 1e99", ". > nan", "regex(., 'a')",    ". > 1 and"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(xlsform_bounds(others[i], 1, &got));
}

static void names(void **state)
{
    (void)state;
    char name[XLSFORM_NAME_BYTES];
    static const char *const pairs[][2] = {
        {"Age", "age"}, {"1st", "c_1st"}, {"a-b.c", "a_b_c"}, {"id", "id_"},
        {"", "c_"},     {"_x", "c__x"},   {"年", "c____"},    {"sqlite_a", "sqlite_a_"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        xlsform_name(pairs[i][0], name);
        assert_string_equal(name, pairs[i][1]);
    }
    char large[300];
    memset(large, 'a', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    xlsform_name(large, name);
    assert_true(strlen(name) < XLSFORM_NAME_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions),
        cmocka_unit_test(bounds),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
