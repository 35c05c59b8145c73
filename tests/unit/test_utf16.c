/* UTF-16LE and back (RFC 2781). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/utf16.h"

static void every_character_comes_back(void **state)
{
    (void)state;
    for (uint32_t character = 1; character < 0x110000; character++) {
        uint8_t units[4] = {(uint8_t)character, (uint8_t)(character >> 8)};
        size_t size = 2;
        if (character >= 0xd800 && character <= 0xdfff)
            continue;
        if (character >= 0x10000) {
            uint32_t above = character - 0x10000;
            units[0] = (uint8_t)(above >> 10);
            units[1] = (uint8_t)(0xd8 | above >> 18);
            units[2] = (uint8_t)above;
            units[3] = (uint8_t)(0xdc | (above >> 8 & 3));
            size = 4;
        }
        struct buffer utf8 = {0}, again = {0};
        assert_int_equal(utf16_read(&utf8, bytes_of(units, size)), STATUS_OK);
        assert_true(utf8_valid(buffer_bytes(&utf8)));
        assert_int_equal(utf16_append(&again, buffer_bytes(&utf8)), STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&again), bytes_of(units, size)));
        buffer_release(&utf8);
        buffer_release(&again);
    }
}

static void what_is_no_text_is_refused_and_leaves_nothing(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } broken[] = {
        {"a", 1},        /* half a unit */
        {"a\0\0\0", 4},  /* NUL */
        {"\x00\xd8", 2}, /* the first half of a pair, alone */
        {"\x00\xdc", 2}, /* the second half, alone */
        {"\x00\xd8"
         "a\0",
         4},                     /* the first half and a letter */
        {"\x00\xd8\x00\xd8", 4}, /* two first halves */
    };
    struct buffer out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        assert_int_equal(utf16_read(&out, bytes_of(broken[i].bytes, broken[i].size)),
                         STATUS_BAD_INPUT);
        assert_int_equal(out.size, 0);
    }
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_comes_back),
        cmocka_unit_test(what_is_no_text_is_refused_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
