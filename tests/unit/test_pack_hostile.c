/* What the MessagePack cursor refuses, and that it then stands where it stood. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Bytes from hex, in a block of exactly that size, so that reading past the end is seen. */
static uint8_t *block_of(const char *hex, size_t *size)
{
    *size = strlen(hex) / 2;
    uint8_t *block = malloc(*size ? *size : 1);
    assert_non_null(block);
    assert_true(hex_decode(hex, block, *size));
    return block;
}

static void expect_valid(const char *hex, bool wanted)
{
    size_t size;
    uint8_t *block = block_of(hex, &size);
    if (pack_valid(bytes_of(block, size)) != wanted)
        fail_msg("%s is %s", hex, wanted ? "refused" : "accepted");
    free(block);
}

static void a_length_beyond_the_end_is_refused(void **state)
{
    (void)state;
    static const char *const bombs[] = {
        "ddffffffff",
        "dd00010000",
        "dd7fffffffc0c0c0",
        "dcffff",
        "dc0010c0",
        "9f",
        "91",
        "9191919191dd80000000",
        "92c0ddfffffffe00",
        "dbffffffff",
        "db7fffffff61",
        "daffff61",
        "d92061",
        "a161a1",
        "a2",
        "c6ffffffff",
        "c5ffff",
        "c401",
        "c9ffffffff01",
        "c8ffff01",
        "c7ff01",
        "d801",
        "d4010000",
    };
    for (size_t i = 0; i < COUNT(bombs); i++)
        expect_valid(bombs[i], false);
}

static void an_array_of_more_elements_than_bytes_is_refused_at_its_header(void **state)
{
    (void)state;
    const uint8_t data[] = {0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0, 0xc0};
    struct unpack in = unpack_of(bytes_of(data, sizeof data));
    uint32_t count;
    enum pack_kind kind;
    assert_false(unpack_array(&in, &count));
    assert_false(unpack_peek(&in, &kind));
    assert_ptr_equal(in.at, data);
}

/* ---- depth ---- */

static void expect_nested(size_t arrays, const char *innermost, bool wanted)
{
    struct buffer out = {0};
    for (size_t i = 0; i < arrays; i++)
        assert_int_equal(pack_array(&out, 1), STATUS_OK);
    assert_int_equal(buffer_append(&out, innermost, 1), STATUS_OK);
    assert_int_equal(pack_valid(buffer_bytes(&out)), wanted);
    buffer_release(&out);
}

static void eight_arrays_inside_each_other_and_not_nine(void **state)
{
    (void)state;
    expect_nested(PACK_DEPTH_MAX, "\xc0", true);
    expect_nested(PACK_DEPTH_MAX - 1, "\x90", true);
    expect_nested(PACK_DEPTH_MAX, "\x90", false);
    expect_nested(PACK_DEPTH_MAX + 1, "\xc0", false);
    expect_nested(1000000, "\xc0", false);
}

static void depth_counts_what_is_open_not_what_was(void **state)
{
    (void)state;
    struct buffer out = {0};
    assert_int_equal(pack_array(&out, 1000), STATUS_OK);
    for (int i = 0; i < 1000; i++) {
        for (int j = 1; j < PACK_DEPTH_MAX; j++)
            assert_int_equal(pack_array(&out, 1), STATUS_OK);
        assert_int_equal(pack_bool(&out, true), STATUS_OK);
    }
    assert_true(pack_valid(buffer_bytes(&out)));
    buffer_release(&out);
}

/* ---- what is outside the subset ---- */

static void each_first_byte_is_in_the_subset_or_not(void **state)
{
    (void)state;
    for (int lead = 0; lead < 256; lead++) {
        uint8_t data[1 + 32] = {0};
        struct unpack in = unpack_of(bytes_of(data, sizeof data));
        enum pack_kind kind;
        data[0] = (uint8_t)lead;
        memset(data + 1, lead >= 0xa0 && lead < 0xc0 ? 'x' : 0xc0, sizeof data - 1);
        /* Numbers of 0xc0… are in their shortest form; lengths are beyond the end. */
        bool wanted = lead < 0x80 || (lead >= 0x90 && lead <= 0xc0) || lead == 0xc2 ||
                      lead == 0xc3 || (lead >= 0xcc && lead <= 0xd3) || lead >= 0xe0;
        if (unpack_peek(&in, &kind) != wanted)
            fail_msg("%02x is %s", lead, wanted ? "refused" : "accepted");
    }
}

static void maps_floats_and_other_exts_are_refused(void **state)
{
    (void)state;
    static const char *const outside[] = {
        "80",
        "81a16101",
        "de0000",
        "df00000000", /* maps */
        "ca3f800000",
        "cb3ff0000000000000", /* floats */
        "c1",                 /* never used */
        "d40061",
        "d4ff61",
        "d6ff00000000", /* ext 0, -1 */
        "c70300616161",
        "c70302616161",
        "c70c"
        "ff"
        "000000000000000000000000",
        "9180",
        "92c0ca00000000",
        "91c1",
    };
    for (size_t i = 0; i < COUNT(outside); i++)
        expect_valid(outside[i], false);
}

static void a_text_that_is_no_utf8_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"a180",   "a100",     "a2c080", "a3eda080",  "a4f4908080",
                                        "a2e4b8", "a3610062", "91a1ff", "92a161a1ff"};
    struct unpack in = unpack_of(bytes_of("\xa1\xff", 2));
    struct bytes text;
    enum pack_kind kind;
    for (size_t i = 0; i < COUNT(wrong); i++)
        expect_valid(wrong[i], false);
    assert_false(unpack_str(&in, &text));
    assert_false(unpack_peek(&in, &kind));
    expect_valid("c401ff", true);
    expect_valid("d401ff", true);
    expect_valid("a3e4b8ad", true);
}

/* ---- the cursor ---- */

static void nothing_is_no_value_and_two_values_are_not_one(void **state)
{
    (void)state;
    struct unpack in = unpack_of((struct bytes){0});
    struct bytes value;
    enum pack_kind kind;
    assert_true(unpack_done(&in));
    assert_false(unpack_peek(&in, &kind));
    assert_false(unpack_value(&in, &value));
    expect_valid("", false);
    expect_valid("c0c0", false);
    expect_valid("92c0c0c0", false);
    in = unpack_of(bytes_of("\x92\x01\xc0\xc3", 4));
    assert_true(unpack_value(&in, &value));
    assert_true(bytes_equal(value, bytes_of("\x92\x01\xc0", 3)));
    assert_false(unpack_done(&in));
}

/* How many of the readers take the item at the start of `data`. */
static int readers_that_take(struct bytes data)
{
    struct unpack in = unpack_of(data);
    struct bytes content;
    uint64_t number;
    int64_t integer;
    uint32_t count;
    bool flag;
    int taken = 0;
#define TAKES(call)                             \
    do {                                        \
        in = unpack_of(data);                   \
        if (call)                               \
            taken++;                            \
        else                                    \
            assert_ptr_equal(in.at, data.data); \
    } while (0)
    TAKES(unpack_nil(&in));
    TAKES(unpack_bool(&in, &flag));
    TAKES(unpack_uint(&in, &number));
    TAKES(unpack_int(&in, &integer));
    TAKES(unpack_str(&in, &content));
    TAKES(unpack_bin(&in, &content));
    TAKES(unpack_sealed(&in, &content));
    TAKES(unpack_array(&in, &count));
#undef TAKES
    return taken;
}

static void a_reader_takes_its_own_kind_only(void **state)
{
    (void)state;
    assert_int_equal(readers_that_take(bytes_of("\xc0", 1)), 1);
    assert_int_equal(readers_that_take(bytes_of("\xc2", 1)), 1);
    assert_int_equal(readers_that_take(bytes_of("\xc3", 1)), 1);
    assert_int_equal(readers_that_take(bytes_of("\x07", 1)), 2); /* unsigned, and as an int */
    assert_int_equal(readers_that_take(bytes_of("\xff", 1)), 1);
    assert_int_equal(readers_that_take(bytes_of("\xa1x", 2)), 1);
    assert_int_equal(readers_that_take(bytes_of("\xc4\x01x", 3)), 1);
    assert_int_equal(readers_that_take(bytes_of("\xd4\x01x", 3)), 1);
    assert_int_equal(readers_that_take(bytes_of("\x90", 1)), 1);
    assert_int_equal(readers_that_take(bytes_of("\x80", 1)), 0);
    assert_int_equal(readers_that_take(bytes_of("", 0)), 0);
}

static void bytes_of_another_size_stay_where_they_are(void **state)
{
    (void)state;
    const uint8_t data[] = {0xc4, 3, 1, 2, 3};
    struct unpack in = unpack_of(bytes_of(data, sizeof data));
    uint8_t out[4] = {9, 9, 9, 9};
    assert_false(unpack_bin_exact(&in, out, 2));
    assert_false(unpack_bin_exact(&in, out, 4));
    assert_ptr_equal(in.at, data);
    assert_int_equal(out[0], 9);
    assert_true(unpack_bin_exact(&in, out, 3));
    assert_memory_equal(out, "\1\2\3\11", 4);
    assert_true(unpack_done(&in));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_beyond_the_end_is_refused),
        cmocka_unit_test(an_array_of_more_elements_than_bytes_is_refused_at_its_header),
        cmocka_unit_test(eight_arrays_inside_each_other_and_not_nine),
        cmocka_unit_test(depth_counts_what_is_open_not_what_was),
        cmocka_unit_test(each_first_byte_is_in_the_subset_or_not),
        cmocka_unit_test(maps_floats_and_other_exts_are_refused),
        cmocka_unit_test(a_text_that_is_no_utf8_is_refused),
        cmocka_unit_test(nothing_is_no_value_and_two_values_are_not_one),
        cmocka_unit_test(a_reader_takes_its_own_kind_only),
        cmocka_unit_test(bytes_of_another_size_stay_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
