/* One frame in one go: whole, of a declared size, within a window. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "common/zstd_frame.h"

static uint8_t zeros[100000];

static void what_was_packed_comes_back_behind_what_was_there(void **state)
{
    static const size_t sizes[] = {1, 100, 5000, sizeof zeros};
    struct zstd_room room = {0};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buffer frame = {0}, out = {0};
        assert_int_equal(buffer_append(&out, "x", 1), STATUS_OK);
        assert_int_equal(zstd_frame_append(&frame, &room, bytes_of(zeros, sizes[i]), 1), STATUS_OK);
        assert_int_equal(zstd_frame_open(&out, &room, buffer_bytes(&frame), sizes[i]), STATUS_OK);
        assert_int_equal(out.size, 1 + sizes[i]);
        assert_memory_equal(out.data + 1, zeros, sizes[i]);
        buffer_release(&frame);
        buffer_release(&out);
    }
    zstd_room_release(&room);
}

static void no_more_than_was_allowed_and_nothing_torn(void **state)
{
    struct zstd_room room = {0};
    struct buffer frame = {0}, out = {0};
    (void)state;
    assert_int_equal(zstd_frame_append(&frame, &room, bytes_of(zeros, 5000), 19), STATUS_OK);
    struct bytes whole = buffer_bytes(&frame);
    assert_int_equal(zstd_frame_open(&out, &room, whole, 4999), STATUS_BAD_INPUT);
    for (size_t size = 0; size < whole.size; size++)
        assert_int_equal(zstd_frame_open(&out, &room, bytes_of(whole.data, size), 5000),
                         STATUS_BAD_INPUT);
    assert_int_equal(buffer_append(&frame, "x", 1), STATUS_OK);
    assert_int_equal(zstd_frame_open(&out, &room, buffer_bytes(&frame), 5000), STATUS_BAD_INPUT);
    assert_int_equal(out.size, 0);
    buffer_release(&frame);
    buffer_release(&out);
    zstd_room_release(&room);
}

static void a_dictionary_is_named_in_the_frame_and_found_again(void **state)
{
    static const char text[] = "\x94\x01\xcf home_visit 2026-11-01T09:30 routine home_visit";
    struct zstd_room packing = {0}, opening = {0};
    struct bytes plain = bytes_text(text);
    (void)state;
    for (uint32_t number = 1; number <= DICTIONARY_NEWEST; number++) {
        struct buffer frame = {0}, without = {0}, out = {0};
        assert_int_equal(zstd_frame_append_with(&frame, &packing, plain, (enum dictionary)number),
                         STATUS_OK);
        assert_int_equal(zstd_frame_append(&without, &packing, plain, 3), STATUS_OK);
        assert_int_equal(ZSTD_getDictID_fromFrame(frame.data, frame.size), number);
        assert_int_equal(ZSTD_getDictID_fromFrame(without.data, without.size), DICTIONARY_NONE);
        assert_int_equal(zstd_frame_open(&out, &opening, buffer_bytes(&frame), plain.size),
                         STATUS_OK);
        assert_int_equal(zstd_frame_open(&out, &opening, buffer_bytes(&without), plain.size),
                         STATUS_OK);
        assert_int_equal(out.size, 2 * plain.size);
        assert_memory_equal(out.data, text, plain.size);
        assert_memory_equal(out.data + plain.size, text, plain.size);
        buffer_release(&frame);
        buffer_release(&without);
        buffer_release(&out);
    }
    zstd_room_release(&packing);
    zstd_room_release(&opening);
}

/* RFC 8878, 3.1.1.1.3: the number is the byte behind the descriptor. */
static void a_dictionary_that_is_not_known_opens_nothing(void **state)
{
    struct zstd_room room = {0};
    struct buffer frame = {0}, out = {0};
    (void)state;
    assert_int_equal(
        zstd_frame_append_with(&frame, &room, bytes_of(zeros, 300), DICTIONARY_ENTRIES), STATUS_OK);
    assert_int_equal(frame.data[5], DICTIONARY_ENTRIES);
    for (int number = 0; number < 256; number++) {
        frame.data[5] = (uint8_t)number;
        enum status status = zstd_frame_open(&out, &room, buffer_bytes(&frame), 300);
        if (number > DICTIONARY_NEWEST)
            assert_int_equal(status, STATUS_BAD_INPUT);
    }
    buffer_release(&frame);
    buffer_release(&out);
    zstd_room_release(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_comes_back_behind_what_was_there),
        cmocka_unit_test(no_more_than_was_allowed_and_nothing_torn),
        cmocka_unit_test(a_dictionary_is_named_in_the_frame_and_found_again),
        cmocka_unit_test(a_dictionary_that_is_not_known_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
