/* Slices, buffers, varints, hex and UTF-8. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"

static void a_prefix_sorts_before_the_longer(void **state)
{
    (void)state;
    assert_true(bytes_compare(bytes_text("ab"), bytes_text("abc")) < 0);
    assert_true(bytes_compare(bytes_text("abc"), bytes_text("ab")) > 0);
    assert_true(bytes_compare(bytes_text("b"), bytes_text("abc")) > 0);
    assert_true(bytes_compare(bytes_of("\xff", 1), bytes_of("\x01", 1)) > 0);
    assert_int_equal(bytes_compare(bytes_text("abc"), bytes_text("abc")), 0);
    assert_int_equal(bytes_compare((struct bytes){0}, bytes_text("")), 0);
    assert_true(bytes_compare((struct bytes){0}, bytes_text("a")) < 0);
}

static void equal_means_same_size_and_same_bytes(void **state)
{
    (void)state;
    assert_true(bytes_equal(bytes_text("abc"), bytes_text("abc")));
    assert_false(bytes_equal(bytes_text("abc"), bytes_text("ab")));
    assert_false(bytes_equal(bytes_text("abc"), bytes_text("abd")));
    assert_true(bytes_equal((struct bytes){0}, bytes_text("")));
}

static void a_buffer_grows_and_keeps_what_it_has(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    for (uint32_t i = 0; i < 10000; i++) {
        uint8_t number[4];
        put_u32le(number, i);
        assert_int_equal(buffer_append(&buffer, number, sizeof number), STATUS_OK);
    }
    assert_int_equal(buffer.size, 40000);
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(get_u32le(buffer.data + (size_t)4 * i), i);
    buffer_clear(&buffer);
    assert_int_equal(buffer.size, 0);
    assert_non_null(buffer.data);
    buffer_release(&buffer);
    assert_null(buffer.data);
    buffer_release(&buffer);
    buffer_release(NULL);
}

static void appending_nothing_needs_no_memory(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    assert_int_equal(buffer_append(&buffer, NULL, 0), STATUS_OK);
    assert_int_equal(buffer_append_bytes(&buffer, (struct bytes){0}), STATUS_OK);
    assert_null(buffer.data);
}

static void a_size_that_cannot_be_leaves_the_buffer_unchanged(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    assert_int_equal(buffer_append(&buffer, "abc", 3), STATUS_OK);
    struct buffer before = buffer;
    assert_int_equal(buffer_reserve(&buffer, SIZE_MAX), STATUS_NO_MEMORY);
    assert_int_equal(buffer_reserve(&buffer, SIZE_MAX - 2), STATUS_NO_MEMORY);
    assert_int_equal(buffer_reserve(&buffer, SIZE_MAX / 2 - 2), STATUS_NO_MEMORY);
    assert_memory_equal(&buffer, &before, sizeof buffer);
    assert_memory_equal(buffer.data, "abc", 3);
    buffer_release(&buffer);
}

static void consuming_drops_from_the_front(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_consume(&buffer, 0);
    assert_int_equal(buffer_append(&buffer, "abcdef", 6), STATUS_OK);
    buffer_consume(&buffer, 0);
    buffer_consume(&buffer, 2);
    assert_true(bytes_equal(buffer_bytes(&buffer), bytes_text("cdef")));
    buffer_consume(&buffer, 3);
    assert_true(bytes_equal(buffer_bytes(&buffer), bytes_text("f")));
    buffer_consume(&buffer, 9);
    assert_int_equal(buffer.size, 0);
    buffer_release(&buffer);
}

static const struct {
    uint64_t value;
    const char *hex;
} varints[] = {
    {0, "00"},
    {1, "01"},
    {127, "7f"},
    {128, "8001"},
    {300, "ac02"},
    {16383, "ff7f"},
    {16384, "808001"},
    {UINT32_MAX, "ffffffff0f"},
    {UINT64_MAX >> 1, "ffffffffffffffff7f"},
    {UINT64_MAX, "ffffffffffffffffff01"},
};

static void a_varint_has_these_bytes_and_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof varints / sizeof varints[0]; i++) {
        struct buffer buffer = {0};
        char hex[21];
        uint64_t value;
        assert_int_equal(buffer_append_varint(&buffer, varints[i].value), STATUS_OK);
        hex_encode(buffer_bytes(&buffer), hex);
        assert_string_equal(hex, varints[i].hex);
        assert_int_equal(buffer_append(&buffer, "!", 1), STATUS_OK);
        struct bytes in = buffer_bytes(&buffer);
        assert_true(bytes_take_varint(&in, &value));
        assert_true(value == varints[i].value);
        assert_true(bytes_equal(in, bytes_text("!")));
        buffer_release(&buffer);
    }
}

/* The input stays where it was when it is refused. */
static void expect_no_varint(const char *hex)
{
    size_t size = strlen(hex) / 2;
    uint8_t *data = malloc(size ? size : 1);
    uint64_t value = 7;
    assert_non_null(data);
    assert_true(hex_decode(hex, data, size));
    struct bytes in = bytes_of(data, size);
    assert_false(bytes_take_varint(&in, &value));
    assert_ptr_equal(in.data, data);
    assert_int_equal(in.size, size);
    free(data);
}

static void a_varint_that_is_torn_long_or_padded_is_refused(void **state)
{
    (void)state;
    expect_no_varint("");
    expect_no_varint("80");
    expect_no_varint("ffffffff");
    expect_no_varint("8000");
    expect_no_varint("ff8000");
    expect_no_varint("80808080808080808000");
    expect_no_varint("ffffffffffffffffff02");
    expect_no_varint("ffffffffffffffffff81");
    expect_no_varint("ffffffffffffffffffff01");
}

static void numbers_stand_with_the_low_byte_first(void **state)
{
    (void)state;
    uint8_t out[8];
    put_u32le(out, 0x80c0e0f1);
    assert_memory_equal(out, "\xf1\xe0\xc0\x80", 4);
    assert_int_equal(get_u32le(out), 0x80c0e0f1);
    put_u64le(out, 0x8123456789abcdef);
    assert_memory_equal(out, "\xef\xcd\xab\x89\x67\x45\x23\x81", 8);
    assert_true(get_u64le(out) == 0x8123456789abcdef);
}

static void hex_goes_out_low_and_comes_in_either_case(void **state)
{
    (void)state;
    uint8_t data[4];
    char text[9];
    assert_true(hex_decode("00aBFf7E", data, 4));
    assert_memory_equal(data, "\x00\xab\xff\x7e", 4);
    hex_encode(bytes_of(data, 4), text);
    assert_string_equal(text, "00abff7e");
    hex_encode((struct bytes){0}, text);
    assert_string_equal(text, "");
    assert_true(hex_decode("", data, 0));
}

static void hex_of_another_length_or_with_another_sign_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",         "00aBFf7",  "00aBFf7E0", "00aBFf7g",
                                        "00aBFf7 ", "0x00aBFf", "00:BFf7E",  "00/BFf7E",
                                        "00@BFf7E", "00`BFf7E"};
    uint8_t data[4];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(hex_decode(wrong[i], data, 4));
}

static void well_formed_text_is_taken(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "plain\n\t\x7f",
        "示例党员001",
        "\xc2\x80\xdf\xbf",                /* U+0080, U+07FF */
        "\xe0\xa0\x80\xed\x9f\xbf",        /* U+0800, U+D7FF */
        "\xee\x80\x80\xef\xbf\xbf",        /* U+E000, U+FFFF */
        "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" /* U+10000, U+10FFFF */
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_true(utf8_valid(bytes_text(texts[i])));
    assert_true(utf8_valid((struct bytes){0}));
}

/* Alone, and between good characters. */
static void expect_no_text(const char *bad, size_t size)
{
    char text[16] = "a中";
    size_t start = strlen(text);
    assert_false(utf8_valid(bytes_of(bad, size)));
    memcpy(text + start, bad, size);
    memcpy(text + start + size, "b", 2);
    assert_false(utf8_valid(bytes_of(text, start + size + 1)));
}

static void nul_and_broken_text_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
    } wrong[] = {
        {"\0", 1},
        {"\x80", 1}, /* continuation without a lead */
        {"\xbf", 1},
        {"\xc0\x80", 2},         /* over-long NUL */
        {"\xc1\xbf", 2},         /* over-long 0x7f */
        {"\xe0\x9f\xbf", 3},     /* over-long U+07FF */
        {"\xf0\x8f\xbf\xbf", 4}, /* over-long U+FFFF */
        {"\xed\xa0\x80", 3},     /* surrogates */
        {"\xed\xbf\xbf", 3},
        {"\xf4\x90\x80\x80", 4}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", 4},
        {"\xff", 1},
        {"\xfe", 1},
        {"\xc2", 1}, /* torn */
        {"\xe4\xb8", 2},
        {"\xf0\x9f\x98", 3},
        {"\xc2"
         "a",
         2},
        {"\xe4\xb8"
         "a",
         3},
        {"\xe4"
         "a\xad",
         3},
        {"\xf0\x9f\x98"
         "a",
         4},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        expect_no_text(wrong[i].text, wrong[i].size);
}

static void text_one_byte_short_is_refused_inside_a_character(void **state)
{
    (void)state;
    static const char text[] = "a中é😀";
    static const bool border[] = {true, true,  false, false, true, false,
                                  true, false, false, false, true};
    for (size_t size = 0; size < sizeof text; size++) {
        char *copy = malloc(size ? size : 1);
        assert_non_null(copy);
        memcpy(copy, text, size);
        assert_int_equal(utf8_valid(bytes_of(copy, size)), border[size]);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_sorts_before_the_longer),
        cmocka_unit_test(equal_means_same_size_and_same_bytes),
        cmocka_unit_test(a_buffer_grows_and_keeps_what_it_has),
        cmocka_unit_test(appending_nothing_needs_no_memory),
        cmocka_unit_test(a_size_that_cannot_be_leaves_the_buffer_unchanged),
        cmocka_unit_test(consuming_drops_from_the_front),
        cmocka_unit_test(a_varint_has_these_bytes_and_comes_back),
        cmocka_unit_test(a_varint_that_is_torn_long_or_padded_is_refused),
        cmocka_unit_test(numbers_stand_with_the_low_byte_first),
        cmocka_unit_test(hex_goes_out_low_and_comes_in_either_case),
        cmocka_unit_test(hex_of_another_length_or_with_another_sign_is_refused),
        cmocka_unit_test(well_formed_text_is_taken),
        cmocka_unit_test(nul_and_broken_text_are_refused),
        cmocka_unit_test(text_one_byte_short_is_refused_inside_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
