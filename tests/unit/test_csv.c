/* CSV as spreadsheets write it, fed whole and byte by byte; what is written is read back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/csv.h"

/* "1:a|b;3:c|d": row numbers and cells of what was taken. */
static enum status note(void *context, const struct csv_record *record, struct error *err)
{
    char number[32];
    struct buffer *out = context;
    (void)err;
    snprintf(number, sizeof number, "%s%llu:", out->size ? ";" : "",
             (unsigned long long)record->row);
    TRY(buffer_append_bytes(out, bytes_text(number)));
    for (size_t i = 0; i < record->count; i++) {
        TRY(buffer_append(out, "|", i > 0));
        TRY(buffer_append_bytes(out, record->cells[i]));
        assert_int_equal(record->cells[i].data[record->cells[i].size], 0);
    }
    return STATUS_OK;
}

static enum status parse(struct bytes in, size_t step, struct buffer *out, struct error *err)
{
    struct csv csv = {.take = note, .context = out};
    enum status status = STATUS_OK;
    for (size_t at = 0; at < in.size && status == STATUS_OK; at += step) {
        size_t left = in.size - at;
        status = csv_feed(&csv, bytes_of(in.data + at, left < step ? left : step), err);
    }
    if (status == STATUS_OK)
        status = csv_end(&csv, err);
    csv_release(&csv);
    return status;
}

static void expect(const char *text, const char *wanted)
{
    for (size_t step = 1; step <= 5; step++) {
        struct buffer out = {0};
        struct error err = {0};
        assert_int_equal(parse(bytes_text(text), step, &out, &err), STATUS_OK);
        assert_int_equal(buffer_append(&out, "", 1), STATUS_OK);
        assert_string_equal((const char *)out.data, wanted);
        buffer_release(&out);
    }
}

static void expect_refused(const char *text, const char *sentence)
{
    struct buffer out = {0};
    struct error err = {0};
    assert_int_equal(parse(bytes_text(text), 1, &out, &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, sentence);
    buffer_release(&out);
}

static void records_end_with_lf_or_crlf_or_the_file(void **state)
{
    (void)state;
    expect("a,b\nc,d\n", "1:a|b;2:c|d");
    expect("a,b\r\nc,d", "1:a|b;2:c|d");
    expect("a,\r\n,", "1:a|;2:|");
    expect("", "");
}

static void quoted_cells_hold_commas_quotes_and_lines(void **state)
{
    (void)state;
    expect("\"a,b\",\"c\"\"d\"\r\n\"e\r\nf\",g\n", "1:a,b|c\"d;2:e\r\nf|g");
    expect("\"\",\"\"\"\"\n", "1:|\"");
    expect("a\"b,c\n", "1:a\"b|c");
}

static void empty_lines_count_but_are_no_records(void **state)
{
    (void)state;
    expect("a\n\n\r\nb\n", "1:a;4:b");
    expect("a\n\"\"\nb\n", "1:a;2:;3:b");
}

static void a_lone_return_is_part_of_its_cell(void **state)
{
    (void)state;
    expect("a\rb,c\n", "1:a\rb|c");
    expect("a\r\r\nb", "1:a\r;2:b");
}

static void broken_quotes_name_their_row(void **state)
{
    (void)state;
    expect_refused("a\n\"b", "row 2: a quote is not closed");
    expect_refused("a\n\"b\"c\n", "row 2: text stands behind a closing quote");
    expect_refused("\"b\"\rc\n", "row 1: text stands behind a closing quote");
}

static void a_nul_byte_is_no_text(void **state)
{
    struct buffer out = {0};
    struct error err = {0};
    (void)state;
    assert_int_equal(parse(bytes_of("a\0b", 3), 1, &out, &err), STATUS_BAD_INPUT);
    buffer_release(&out);
}

static void width_and_length_of_a_record_are_bounded(void **state)
{
    struct buffer in = {0}, out = {0};
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < CSV_CELLS_MAX; i++)
        assert_int_equal(buffer_append(&in, ",", 1), STATUS_OK);
    assert_int_equal(parse(buffer_bytes(&in), 100, &out, &err), STATUS_TOO_LARGE);
    in.size--;
    assert_int_equal(parse(buffer_bytes(&in), 100, &out, &err), STATUS_OK);
    buffer_clear(&in);
    assert_int_equal(buffer_reserve(&in, CSV_RECORD_BYTES_MAX + 1), STATUS_OK);
    memset(in.data, 'a', CSV_RECORD_BYTES_MAX + 1);
    in.size = CSV_RECORD_BYTES_MAX + 1;
    assert_int_equal(parse(buffer_bytes(&in), 4096, &out, &err), STATUS_TOO_LARGE);
    buffer_release(&in);
    buffer_release(&out);
}

static void formulas_are_guarded_and_come_back(void **state)
{
    static const char *const texts[] = {"=1+1", "+86", "-3", "@a", "'x", "''", "'", "\tq", "plain"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buffer out = {0};
        bool plain = strcmp(texts[i], "plain") == 0;
        assert_int_equal(csv_put_guarded(&out, bytes_text(texts[i]), true), STATUS_OK);
        assert_true(plain == (out.data[0] != '\''));
        assert_true(bytes_equal(csv_unguard(buffer_bytes(&out)), bytes_text(texts[i])));
        buffer_release(&out);
    }
    assert_true(bytes_equal(csv_unguard(bytes_text("'tis")), bytes_text("'tis")));
}

static void what_is_put_is_read_back(void **state)
{
    struct buffer line = {0};
    (void)state;
    assert_int_equal(csv_put(&line, bytes_text("a,\"b\"\n"), true), STATUS_OK);
    assert_int_equal(csv_put(&line, bytes_text(""), false), STATUS_OK);
    assert_int_equal(csv_put(&line, bytes_text(" c "), false), STATUS_OK);
    assert_int_equal(csv_put_end(&line), STATUS_OK);
    assert_int_equal(buffer_append(&line, "", 1), STATUS_OK);
    assert_string_equal((const char *)line.data, "\"a,\"\"b\"\"\n\",,\" c \"\r\n");
    expect((const char *)line.data, "1:a,\"b\"\n|| c ");
    buffer_release(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_end_with_lf_or_crlf_or_the_file),
        cmocka_unit_test(quoted_cells_hold_commas_quotes_and_lines),
        cmocka_unit_test(empty_lines_count_but_are_no_records),
        cmocka_unit_test(a_lone_return_is_part_of_its_cell),
        cmocka_unit_test(broken_quotes_name_their_row),
        cmocka_unit_test(a_nul_byte_is_no_text),
        cmocka_unit_test(width_and_length_of_a_record_are_bounded),
        cmocka_unit_test(formulas_are_guarded_and_come_back),
        cmocka_unit_test(what_is_put_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
