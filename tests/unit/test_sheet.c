/* Spreadsheet cells as people type them, and archives that lie. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/archive.h"
#include "common/sheet_cell.h"
#include "common/sheet_xlsx.h"

static void expect_number(const char *text, enum cell_format format, bool early, const char *wanted)
{
    struct buffer out = {0};
    struct error err = {0};
    if (cell_number(text, format, early, &out, &err) != STATUS_OK)
        fail_msg("%s: %s", text, err.text);
    if (out.size != strlen(wanted) || memcmp(out.data, wanted, out.size) != 0)
        fail_msg("%s gives '%.*s', not '%s'", text, (int)out.size, (const char *)out.data, wanted);
    buffer_release(&out);
}

static void numbers_come_as_people_type_them(void **state)
{
    (void)state;
    expect_number("12.5", CELL_NUMBER, false, "12.5");
    expect_number("1.3800001234E10", CELL_NUMBER, false, "13800001234");
    expect_number("12.300000000000001", CELL_NUMBER, false, "12.3");
    expect_number("-0.1", CELL_NUMBER, false, "-0.1");
    struct buffer out = {0};
    static const char *const wrong[] = {"", "x", "1x", "nan", "inf", "1e999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(cell_number(wrong[i], CELL_NUMBER, false, &out, NULL), STATUS_BAD_INPUT);
    assert_int_equal(cell_number("-1", CELL_DATE, false, &out, NULL), STATUS_BAD_INPUT);
    assert_int_equal(cell_number("1e9", CELL_DATE, false, &out, NULL), STATUS_BAD_INPUT);
    buffer_release(&out);
}

static void days_are_told_from_both_of_their_beginnings(void **state)
{
    (void)state;
    expect_number("46327", CELL_DATE, false, "2026-11-01");
    expect_number("46327.395833333336", CELL_DATE, false, "2026-11-01T09:30");
    expect_number("46327", CELL_MONTH, false, "2026-11");
    expect_number("44865", CELL_DATE, true, "2026-11-01");
    expect_number("1", CELL_DATE, false, "1900-01-01");
    expect_number("61", CELL_DATE, false, "1900-03-01");
    expect_number("18264", CELL_DATE, false, "1950-01-01");
}

static void a_format_tells_days_from_numbers(void **state)
{
    (void)state;
    assert_int_equal(cell_format_of(14, NULL), CELL_DATE);
    assert_int_equal(cell_format_of(0, NULL), CELL_NUMBER);
    assert_int_equal(cell_format_of(2, NULL), CELL_NUMBER);
    assert_int_equal(cell_format_of(57, NULL), CELL_DATE);
    assert_int_equal(cell_format_of(176, "yyyy\"年\"m\"月\"d\"日\""), CELL_DATE);
    assert_int_equal(cell_format_of(176, "yyyy-mm"), CELL_MONTH);
    assert_int_equal(cell_format_of(176, "[Red]0.00"), CELL_NUMBER);
    assert_int_equal(cell_format_of(176, "0\"day\""), CELL_NUMBER);
    assert_int_equal(cell_format_of(176, "0.00_ \\y"), CELL_NUMBER);
    assert_int_equal(cell_format_of(176, "\"open"), CELL_NUMBER);
}

static void places_of_cells_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(cell_column("A1", 512), 0);
    assert_int_equal(cell_column("Z9", 512), 25);
    assert_int_equal(cell_column("AA10", 512), 26);
    assert_int_equal(cell_column("SR1", 512), 511);
    assert_int_equal(cell_column("SS1", 512), -1);
    assert_int_equal(cell_column("ZZZZZZZZZZZZZZZZ1", 512), -1);
    assert_int_equal(cell_column("1", 512), -1);
    assert_int_equal(cell_column("", 512), -1);
    assert_int_equal(cell_column("A", 512), -1);
}

static void spelled_characters_are_put_in_place(void **state)
{
    (void)state;
    static const char *const texts[][2] = {{"a_x000A_b", "a\nb"},    {"_x005F_x000A_", "_x000A_"},
                                           {"_x0000_", "_x0000_"},   {"_x00zz_", "_x00zz_"},
                                           {"_x4E2D_", "_x4E2D_"},   {"_x000", "_x000"},
                                           {"中_x0009_文", "中\t文"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buffer text = {0};
        assert_int_equal(buffer_append_bytes(&text, bytes_text(texts[i][0])), STATUS_OK);
        cell_unescape(&text);
        assert_true(bytes_equal(buffer_bytes(&text), bytes_text(texts[i][1])));
        buffer_release(&text);
    }
}

static void what_is_no_archive_is_refused(void **state)
{
    (void)state;
    static const uint8_t torn[] = "PK\x03\x04 and no more of it";
    struct sheet sheet;
    struct error err = {0};
    assert_int_equal(sheet_parse(&sheet, bytes_of(torn, sizeof torn), &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "this is not a sound ZIP file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_as_people_type_them),
        cmocka_unit_test(days_are_told_from_both_of_their_beginnings),
        cmocka_unit_test(a_format_tells_days_from_numbers),
        cmocka_unit_test(places_of_cells_are_bounded),
        cmocka_unit_test(spelled_characters_are_put_in_place),
        cmocka_unit_test(what_is_no_archive_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
