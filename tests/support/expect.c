#include "tests/support/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void expect_after(struct story *story, const char *dots, const char *wanted)
{
    story_apply(story, dots);
    assert_string_equal(story_read(story), wanted);
}

/* The next order of places, by the dictionary; false after the last. */
static bool next_order(size_t *places, size_t count)
{
    size_t i = count - 1, j = count - 1;
    while (i > 0 && places[i - 1] > places[i])
        i--;
    if (i == 0)
        return false;
    while (places[j] < places[i - 1])
        j--;
    for (size_t left = i - 1, right = j;;) {
        size_t swapped = places[left];
        places[left] = places[right];
        places[right] = swapped;
        left = left == i - 1 ? i : left + 1;
        right = left == i ? count - 1 : right - 1;
        if (left >= right)
            return true;
    }
}

void expect_in_any_order(struct story *story, const char *wanted)
{
    size_t places[EXPECT_ENTRIES_MAX];
    struct buffer first = {0}, bytes = {0};
    assert_true(story->count <= EXPECT_ENTRIES_MAX);
    for (size_t i = 0; i < story->count; i++)
        places[i] = i;
    do {
        story_apply_places(story, places, story->count);
        assert_string_equal(story_read(story), wanted);
        buffer_clear(&bytes);
        assert_int_equal(row_canonical(&story->row, &bytes, NULL), STATUS_OK);
        if (!first.size)
            assert_int_equal(buffer_append_bytes(&first, buffer_bytes(&bytes)), STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&bytes)));
    } while (next_order(places, story->count));
    buffer_release(&first);
    buffer_release(&bytes);
}
