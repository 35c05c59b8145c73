/* One frame in one go: whole, of a declared size, within a window. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_comes_back_behind_what_was_there),
        cmocka_unit_test(no_more_than_was_allowed_and_nothing_torn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
