/* What people type and what they read back, for every type; and what field_check lets through. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/calendar.h"
#include "common/pack.h"
#include "tests/support/small_schema.h"

/* One field of each type in 'thing', behind 'name'. */
#define FIELDS \
    ", {'number': 2, 'name': 'flag', 'zh': '旗', 'en': 'f', 'type': 'bool', 'merge': 'latest'}"    \
    ", {'number': 3, 'name': 'int', 'zh': '数', 'en': 'i', 'type': 'int', 'merge': 'latest'}"      \
    ", {'number': 4, 'name': 'money', 'zh': '钱', 'en': 'm', 'type': 'money', 'merge': 'latest'}"  \
    ", {'number': 5, 'name': 'date', 'zh': '日', 'en': 'd', 'type': 'date', 'merge': 'latest'}"    \
    ", {'number': 6, 'name': 'time', 'zh': '时', 'en': 't', 'type': 'datetime', 'merge': 'min'}"   \
    ", {'number': 7, 'name': 'month', 'zh': '月', 'en': 'mo', 'type': 'month', 'merge': 'max'}"    \
    ", {'number': 8, 'name': 'kind', 'zh': '类', 'en': 'k', 'type': 'enum', 'merge': 'latest',"    \
    " 'codes': [['home_visit', '走访慰问', 'home visit'], ['talk', '谈心谈话', 'talk']]}"   \
    ", {'number': 9, 'name': 'code', 'zh': '码', 'en': 'c', 'type': 'code', 'merge': 'latest'}"    \
    ", {'number': 10, 'name': 'ref', 'zh': '指', 'en': 'r', 'type': 'ref', 'merge': 'latest',"     \
    " 'refs': ['thing']}" \
    ", {'number': 11, 'name': 'any', 'zh': '任', 'en': 'a', 'type': 'ref_any', 'merge': 'latest'}" \
    ", {'number': 12, 'name': 'one', 'zh': '一', 'en': 'o', 'type': 'ref_any', 'merge': 'latest'," \
    " 'refs': ['thing']}" \
    ", {'number': 13, 'name': 'place', 'zh': '地', 'en': 'p', 'type': 'place', 'merge': 'latest'," \
    " 'bytes': 10}" \
    ", {'number': 14, 'name': 'geo', 'zh': '点', 'en': 'g', 'type': 'geo', 'merge': 'latest'}"     \
    ", {'number': 15, 'name': 'sealed', 'zh': '封', 'en': 's', 'type': 'sealed',"                  \
    " 'merge': 'latest', 'sealed': true}" \
    ", {'number': 16, 'name': 'blob', 'zh': '附', 'en': 'b', 'type': 'blob', 'merge': 'latest'}"   \
    ", {'number': 17, 'name': 'state', 'zh': '态', 'en': 'st', 'type': 'enum', 'merge': 'steps',"  \
    " 'codes': [['draft', '草稿', 'Draft'], ['done', '办结', 'Done']]}"                         \
    ", {'number': 18, 'name': 'tags', 'zh': '签', 'en': 'ts', 'type': 'text', 'merge': 'set'}"     \
    ", {'number': 19, 'name': 'sum', 'zh': '计', 'en': 'su', 'type': 'int', 'merge': 'counter'}"   \
    ", {'number': 20, 'name': 'level', 'zh': '级', 'en': 'l', 'type': 'int', 'merge': 'latest',"   \
    " 'min': 0, 'max': 3}"

#define ID_1 "000102030405060708090a0b0c0d0e0f"
#define ID_2 "02030405060708090a0b0c0d0e0f"

static struct schema *schema;

static int set_up(void **state)
{
    static char text[JSON_MAX];
    schema = schema_of(thing_json(text, 1, FIELDS, ""));
    (void)state;
    return 0;
}

static int tear_down(void **state)
{
    schema_free(schema);
    (void)state;
    return 0;
}

/* `typed` is understood, and reads back as `shown`. */
static void expect_reads(const char *name, const char *typed, const char *shown)
{
    const struct schema_field *field = field_of(schema, "thing", name);
    struct buffer value = {0}, text = {0};
    struct error err = {0};
    if (field_parse(schema, field, typed, &value, &err) != STATUS_OK)
        fail_msg("'%s': %s", typed, err.text);
    assert_true(pack_valid(buffer_bytes(&value)));
    assert_int_equal(field_format(schema, field, buffer_bytes(&value), &text), STATUS_OK);
    if (!bytes_equal(buffer_bytes(&text), bytes_text(shown)))
        fail_msg("'%s' reads '%.*s', not '%s'", typed, (int)text.size, (const char *)text.data,
                 shown);
    /* What is shown can be typed again and means the same. */
    struct buffer again = {0};
    assert_int_equal(field_parse(schema, field, shown, &again, NULL), STATUS_OK);
    assert_true(bytes_equal(buffer_bytes(&again), buffer_bytes(&value)));
    buffer_release(&again);
    buffer_release(&value);
    buffer_release(&text);
}

static void expect_refused(const char *name, const char *typed)
{
    const struct schema_field *field = field_of(schema, "thing", name);
    struct buffer value = {0};
    struct error err = {0};
    assert_int_equal(buffer_append(&value, "x", 1), STATUS_OK);
    if (field_parse(schema, field, typed, &value, &err) == STATUS_OK)
        fail_msg("%s takes '%s'", name, typed);
    assert_true(err.status != STATUS_OK && strstr(err.text, name));
    assert_int_equal(value.size, 1);
    buffer_release(&value);
}

static void test_texts_stay_as_typed(void **state)
{
    expect_reads("name", "示例党员001", "示例党员001");
    expect_reads("name", " １２\n three ", " １２\n three ");
    expect_reads("place", "红旗路", "红旗路");
    expect_refused("place", "红旗路8号"); /* 13 bytes of 10 */
    expect_refused("name", "\xff");
    expect_reads("name", "", "");
    (void)state;
}

static void test_whole_numbers_up_to_their_border(void **state)
{
    expect_reads("int", "0", "0");
    expect_reads("int", "-0", "0");
    expect_reads("int", "007", "7");
    expect_reads("int", " －４２ ", "-42");
    expect_reads("int", "9223372036854775807", "9223372036854775807");
    expect_reads("int", "-9223372036854775808", "-9223372036854775808");
    expect_refused("int", "9223372036854775808");
    expect_refused("int", "-9223372036854775809");
    expect_refused("int", "18446744073709551617");
    expect_refused("int", "1.0");
    expect_refused("int", "-");
    expect_refused("int", "1 2");
    expect_refused("int", "0x10");
    expect_reads("level", "3", "3");
    expect_refused("level", "4");
    expect_refused("level", "-1");
    (void)state;
}

static void test_money_is_yuan_with_two_decimals(void **state)
{
    expect_reads("money", "12.5", "12.50");
    expect_reads("money", "12", "12.00");
    expect_reads("money", "0.07", "0.07");
    expect_reads("money", "-0.01", "-0.01");
    expect_reads("money", "１２．５０", "12.50");
    expect_reads("money", "92233720368547758.07", "92233720368547758.07");
    expect_reads("money", "-92233720368547758.08", "-92233720368547758.08");
    expect_refused("money", "92233720368547758.08");
    expect_refused("money", "-92233720368547758.09");
    expect_refused("money", "922337203685477581");
    expect_refused("money", "12.345");
    expect_refused("money", "12.");
    expect_refused("money", ".5");
    expect_refused("money", "1.2.3");
    expect_refused("money", "1,000");
    expect_refused("money", "1e3");
    (void)state;
}

static void test_days_that_exist(void **state)
{
    expect_reads("date", "2026-11-01", "2026-11-01");
    expect_reads("date", "2026-11-1", "2026-11-01");
    expect_reads("date", "2026/2/28", "2026-02-28");
    expect_reads("date", "2026年2月28日", "2026-02-28");
    expect_reads("date", "２０２６．２．２８", "2026-02-28");
    expect_reads("date", "2024-02-29", "2024-02-29");
    expect_reads("date", "2000-02-29", "2000-02-29");
    expect_refused("date", "1900-02-29");
    expect_refused("date", "2026-02-29");
    expect_refused("date", "2026-02-30");
    expect_refused("date", "2026-04-31");
    expect_refused("date", "2026-13-01");
    expect_refused("date", "2026-00-10");
    expect_refused("date", "2026-01-00");
    expect_refused("date", "0000-01-01");
    expect_refused("date", "26-11-01");
    expect_refused("date", "20261101");
    expect_refused("date", "2026-11-01T09:30");
    expect_refused("date", "2026-11-012");
    expect_refused("date", "2026-11");
    expect_refused("date", "today");
    (void)state;
}

static void test_months_and_times(void **state)
{
    expect_reads("month", "2026-11", "2026-11");
    expect_reads("month", "2026年3月", "2026-03");
    expect_refused("month", "2026-13");
    expect_refused("month", "2026-0");
    expect_refused("month", "2026-11-01");
    expect_reads("time", "2026-11-01T09:30", "2026-11-01T09:30");
    expect_reads("time", "2026-11-01 9:30", "2026-11-01T09:30");
    expect_reads("time", "2026年11月1日 9：05", "2026-11-01T09:05");
    expect_reads("time", "2026-11-01T23:59:59", "2026-11-01T23:59:59");
    expect_refused("time", "2026-11-01T24:00");
    expect_refused("time", "2026-11-01T23:60");
    expect_refused("time", "2026-11-01T23:59:60");
    expect_refused("time", "2026-02-30T10:00");
    expect_refused("time", "2026-11-01");
    expect_refused("time", "2026-11-01T09:30Z");
    (void)state;
}

static void test_choices_by_code_and_label(void **state)
{
    expect_reads("kind", "home_visit", "home_visit");
    expect_reads("kind", "走访慰问", "home_visit");
    expect_reads("kind", "Home Visit", "home_visit");
    expect_refused("kind", "HOME_VISIT");
    expect_refused("kind", "走访");
    expect_refused("kind", "home_visit#2");
    expect_reads("code", "2026-Q4", "2026-Q4");
    expect_reads("code", "ｑ４", "q4");
    expect_refused("code", "两个");
    expect_refused("code", "a b");
    expect_refused("code", "a1234567890123456789012345678901234567890123456789012345678901234");
    (void)state;
}

static void test_steps_carry_their_round(void **state)
{
    expect_reads("state", "草稿", "draft");
    expect_reads("state", "done#2", "done#2");
    expect_reads("state", "办结#12", "done#12");
    expect_refused("state", "done#1");
    expect_refused("state", "done#0");
    expect_refused("state", "done#");
    expect_refused("state", "done#1000001");
    expect_refused("state", "gone#2");
    expect_refused("state", "");
    (void)state;
}

static void test_refs_and_other_bytes(void **state)
{
    expect_reads("ref", ID_1, ID_1);
    expect_reads("ref", "000102030405060708090A0B0C0D0E0F", ID_1);
    expect_refused("ref", "0001");
    expect_refused("ref", "thing:" ID_1);
    expect_reads("any", "thing:" ID_1, "thing:" ID_1);
    expect_reads("any", "300:" ID_1, "300:" ID_1); /* a table of a newer schema */
    expect_refused("any", "15:" ID_1);             /* one of the registry's */
    expect_refused("any", "65536:" ID_1);
    expect_refused("any", "planet:" ID_1);
    expect_refused("any", ID_1);
    expect_reads("one", "thing:" ID_1, "thing:" ID_1);
    expect_refused("one", "300:" ID_1);
    expect_reads("blob", ID_1 ID_1, ID_1 ID_1);
    expect_refused("blob", ID_1);
    expect_refused("sealed", "***"); /* what those see who can't open it */
    (void)state;
}

static void test_flags_and_places_on_the_map(void **state)
{
    expect_reads("flag", "true", "true");
    expect_reads("flag", "是", "true");
    expect_reads("flag", "１", "true");
    expect_reads("flag", "否", "false");
    expect_reads("flag", "0", "false");
    expect_refused("flag", "2");
    expect_reads("geo", "39.9042,116.4074", "39.9042000,116.4074000");
    expect_reads("geo", "-90，180", "-90.0000000,180.0000000");
    expect_reads("geo", "-0.0000001, -180", "-0.0000001,-180.0000000");
    expect_refused("geo", "90.0000001,0");
    expect_refused("geo", "0,180.0000001");
    expect_refused("geo", "1.00000001,0");
    expect_refused("geo", "39.9042");
    (void)state;
}

static void test_empty_is_nil_where_nil_may_be(void **state)
{
    static const char *const may[] = {"name", "flag", "int", "money", "date", "kind",
                                      "ref",  "any",  "geo", "place", "blob", "code"};
    for (size_t i = 0; i < sizeof may / sizeof may[0]; i++) {
        expect_reads(may[i], "", "");
        if (strcmp(may[i], "name") != 0 && strcmp(may[i], "place") != 0)
            expect_reads(may[i], " 　", "");
    }
    expect_refused("tags", "");
    expect_refused("sum", "");
    (void)state;
}

/* ---- field_check ---- */

static enum status check(const char *name, struct bytes value, bool lenient)
{
    struct error err = {0};
    enum status status = field_check(field_of(schema, "thing", name), value, lenient, &err);
    assert_int_equal(err.status, status);
    assert_true(status == STATUS_OK || strstr(err.text, name));
    return status;
}

/* Which fields take this value, in their order. */
static void expect_taken_by(struct bytes value, bool lenient, const char *names)
{
    const struct schema_table *thing = schema_table(schema, 16);
    char taken[1024] = "";
    for (size_t i = 0; i < thing->fields_count; i++) {
        const char *name = thing->fields[i].name;
        if (check(name, value, lenient) == STATUS_OK) {
            strcat(taken, *taken ? " " : "");
            strcat(taken, name);
        }
    }
    assert_string_equal(taken, names);
}

static void expect_str(const char *text, bool lenient, const char *names)
{
    struct buffer value = {0};
    assert_int_equal(pack_str(&value, bytes_text(text)), STATUS_OK);
    expect_taken_by(buffer_bytes(&value), lenient, names);
    buffer_release(&value);
}

static void test_every_kind_of_value_finds_its_fields(void **state)
{
    static const uint8_t row[32] = {16};
    const struct bytes sealed = bytes_of("\xd5\x01\x09\x09", 4);
    struct buffer value = {0};
    expect_taken_by(bytes_of("\xc0", 1), false,
                    "name flag int money date time month kind code ref any one place geo sealed"
                    " blob level");
    expect_taken_by(bytes_of("\xc3", 1), false, "flag");
    expect_taken_by(bytes_of("\x02", 1), false, "int money sum level");
    expect_taken_by(bytes_of("\xff", 1), false, "int money sum");
    expect_taken_by(sealed, false, "name sealed");
    expect_str("2026-11", false, "name month code place tags");
    expect_str("2026-11-01", false, "name date code place tags");
    expect_str("2026-11-01T09:30", false, "name time tags");
    expect_str("talk", false, "name kind code place tags");
    expect_str("newer", false, "name code place tags");
    expect_str("newer", true, "name kind code place state tags");
    expect_str("", true, "name place tags");
    assert_int_equal(pack_bin(&value, bytes_of(row, 16)), STATUS_OK);
    expect_taken_by(buffer_bytes(&value), false, "ref");
    buffer_clear(&value);
    assert_int_equal(pack_bin(&value, bytes_of(row, 18)), STATUS_OK);
    expect_taken_by(buffer_bytes(&value), false, "any one");
    value.data[2] = 17;
    expect_taken_by(buffer_bytes(&value), false, "any");
    expect_taken_by(buffer_bytes(&value), true, "any one");
    value.data[2] = 15;
    expect_taken_by(buffer_bytes(&value), true, "");
    buffer_clear(&value);
    assert_int_equal(pack_bin(&value, bytes_of(row, 32)), STATUS_OK);
    expect_taken_by(buffer_bytes(&value), false, "blob");
    expect_taken_by(bytes_of("\x92\x01\x02", 3), false, "geo");
    expect_taken_by(bytes_of("\x92\x02\xa4"
                             "done",
                             7),
                    false, "state");
    buffer_release(&value);
    (void)state;
}

static void test_torn_and_double_values_are_refused(void **state)
{
    expect_taken_by(bytes_of(NULL, 0), true, "");
    expect_taken_by(bytes_of("\x02\x02", 2), true, "");
    expect_taken_by(bytes_of("\xc0\xc0", 2), true, "");
    expect_taken_by(bytes_of("\xa4"
                             "don",
                             4),
                    true, "");
    expect_taken_by(bytes_of("\xd0\x02", 2), true, ""); /* not the shortest form */
    expect_taken_by(bytes_of("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9), true, "");
    expect_taken_by(bytes_of("\x92\x01\xa4"
                             "done",
                             7),
                    true, ""); /* round 1 has no array */
    expect_taken_by(bytes_of("\x93\x02\xa4"
                             "done\x01",
                             8),
                    true, "");
    expect_taken_by(bytes_of("\x93\x01\x02\x03", 4), true, "");
    expect_taken_by(bytes_of("\x90", 1), true, "");
    expect_taken_by(bytes_of("\x80", 1), true, "");
    expect_taken_by(bytes_of("\xca\0\0\0\0", 5), true, "");
    (void)state;
}

static void test_long_texts_are_too_large(void **state)
{
    static char text[FIELD_TEXT_BYTES_MAX + 2];
    struct buffer value = {0};
    memset(text, 'a', sizeof text - 1);
    assert_int_equal(pack_str(&value, bytes_of(text, FIELD_TEXT_BYTES_MAX)), STATUS_OK);
    assert_int_equal(check("name", buffer_bytes(&value), false), STATUS_OK);
    buffer_clear(&value);
    assert_int_equal(pack_str(&value, bytes_of(text, FIELD_TEXT_BYTES_MAX + 1)), STATUS_OK);
    assert_int_equal(check("name", buffer_bytes(&value), true), STATUS_TOO_LARGE);
    buffer_clear(&value);
    size_t sealed = FIELD_TEXT_BYTES_MAX + FIELD_SEAL_BYTES_MAX;
    static uint8_t data[FIELD_TEXT_BYTES_MAX + FIELD_SEAL_BYTES_MAX + 1];
    assert_int_equal(pack_sealed(&value, bytes_of(data, sealed)), STATUS_OK);
    assert_int_equal(check("name", buffer_bytes(&value), true), STATUS_OK);
    buffer_clear(&value);
    assert_int_equal(pack_sealed(&value, bytes_of(data, sealed + 1)), STATUS_OK);
    assert_int_equal(check("name", buffer_bytes(&value), true), STATUS_TOO_LARGE);
    buffer_release(&value);
    (void)state;
}

/* ---- order ---- */

/* `low` is below `high`; empty is nil. */
static void expect_below(const char *name, const char *low, const char *high)
{
    const struct schema_field *field = field_of(schema, "thing", name);
    struct buffer a = {0}, b = {0};
    assert_int_equal(field_parse(schema, field, low, &a, NULL), STATUS_OK);
    assert_int_equal(field_parse(schema, field, high, &b, NULL), STATUS_OK);
    assert_true(field_compare(field, buffer_bytes(&a), buffer_bytes(&b)) < 0);
    assert_true(field_compare(field, buffer_bytes(&b), buffer_bytes(&a)) > 0);
    assert_int_equal(field_compare(field, buffer_bytes(&a), buffer_bytes(&a)), 0);
    buffer_release(&a);
    buffer_release(&b);
}

static void test_values_stand_in_their_order(void **state)
{
    expect_below("int", "", "-9223372036854775808");
    expect_below("int", "-5", "-4");
    expect_below("int", "-1", "0");
    expect_below("int", "127", "128");
    expect_below("money", "9.99", "10");
    expect_below("flag", "false", "true");
    expect_below("date", "1999-12-31", "2000-01-01");
    expect_below("time", "2026-11-01T09:30", "2026-11-01T09:30:00");
    expect_below("kind", "home_visit", "talk");
    expect_below("state", "draft", "done");
    expect_below("state", "done", "draft#2");
    expect_below("state", "draft#2", "draft#10");
    expect_below("name", "b", "ba");
    expect_below("name", "示例党员001", "示例党员002");
    expect_below("ref", ID_1, "0100" ID_2);
    (void)state;
}

/* The order of codes is the list's, not the alphabet's; those that aren't in it stand below it. */
static void test_codes_not_known_yet_have_one_order(void **state)
{
    const struct schema_field *kind = field_of(schema, "thing", "kind");
    struct bytes home = bytes_of("\xaahome_visit", 11), talk = bytes_of("\xa4talk", 5);
    struct bytes new_a = bytes_of("\xa5new_a", 6), new_b = bytes_of("\xa5new_b", 6);
    assert_true(field_compare(kind, home, talk) < 0);
    assert_true(field_compare(kind, new_a, home) < 0);
    assert_true(field_compare(kind, new_a, new_b) < 0);
    assert_true(field_compare(kind, new_b, new_a) > 0);
    assert_int_equal(field_compare(kind, new_a, new_a), 0);
    (void)state;
}

static void test_the_calendar(void **state)
{
    assert_int_equal(calendar_month_days(2026, 2), 28);
    assert_int_equal(calendar_month_days(2024, 2), 29);
    assert_int_equal(calendar_month_days(2100, 2), 28);
    assert_int_equal(calendar_month_days(2000, 2), 29);
    assert_int_equal(calendar_month_days(2026, 12), 31);
    assert_true(calendar_date_valid(bytes_text("9999-12-31")));
    assert_false(calendar_date_valid(bytes_text("2026-1-01")));
    assert_false(calendar_date_valid(bytes_text("2026/11/01")));
    assert_false(calendar_month_valid(bytes_text("2026_11")));
    assert_false(calendar_datetime_valid(bytes_text("2026-11-01 09:30")));
    assert_false(calendar_datetime_valid(bytes_text("2026-11-01T09:30.00")));
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_stay_as_typed),
        cmocka_unit_test(test_whole_numbers_up_to_their_border),
        cmocka_unit_test(test_money_is_yuan_with_two_decimals),
        cmocka_unit_test(test_days_that_exist),
        cmocka_unit_test(test_months_and_times),
        cmocka_unit_test(test_choices_by_code_and_label),
        cmocka_unit_test(test_steps_carry_their_round),
        cmocka_unit_test(test_refs_and_other_bytes),
        cmocka_unit_test(test_flags_and_places_on_the_map),
        cmocka_unit_test(test_empty_is_nil_where_nil_may_be),
        cmocka_unit_test(test_every_kind_of_value_finds_its_fields),
        cmocka_unit_test(test_torn_and_double_values_are_refused),
        cmocka_unit_test(test_long_texts_are_too_large),
        cmocka_unit_test(test_values_stand_in_their_order),
        cmocka_unit_test(test_codes_not_known_yet_have_one_order),
        cmocka_unit_test(test_the_calendar),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
