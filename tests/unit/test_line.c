/* The poor line of tests/link: what is put in comes out as it should, no earlier, or is lost. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/link/line.h"

#define HOUR_US 3600000000u

static uint8_t letter[8 * LINE_PIECE_BYTES];

static struct bytes letter_of(size_t size)
{
    for (size_t i = 0; i < sizeof letter; i++)
        letter[i] = (uint8_t)(i * 7 + i / 256);
    return bytes_of(letter, size);
}

/* All that comes out, and when the last of it did. */
static uint64_t take_all(struct line *line, enum line_end to, struct buffer *out)
{
    const struct line_piece *piece;
    uint64_t last_us = 0;
    for (;;) {
        uint64_t due = line_due_us(line, to);
        if (due == UINT64_MAX)
            return last_us;
        if (due > 0)
            assert_null(line_take(line, to, due - 1));
        piece = line_take(line, to, due);
        assert_non_null(piece);
        assert_true(due >= last_us);
        last_us = due;
        assert_int_equal(buffer_append(out, piece->data, piece->size), STATUS_OK);
    }
}

static void rate_and_delay_add_up_and_connecting_costs_a_round_trip(void **state)
{
    struct line_manner manner = {.bytes_per_s = 4000, .delay_ms = 600};
    struct buffer out = {0};
    struct line line;
    (void)state;
    line_init(&line, &manner, 1, 0);
    assert_true(line_put(&line, LINE_HUB, letter_of(4000), 0));
    assert_int_equal(take_all(&line, LINE_HUB, &out) / 1000, 1200 + 1000 + 600);
    assert_true(bytes_equal(buffer_bytes(&out), letter_of(4000)));
    assert_true(line_put(&line, LINE_CLIENT, letter_of(400), HOUR_US));
    assert_int_equal((take_all(&line, LINE_CLIENT, &out) - HOUR_US) / 1000, 100 + 600);
    assert_int_equal(line.counts.flights, 2);
    line_release(&line);
    buffer_release(&out);
}

static void a_flight_follows_what_was_heard(void **state)
{
    struct line_manner manner = {.delay_ms = 10};
    struct buffer out = {0};
    struct line line;
    (void)state;
    line_init(&line, &manner, 1, 0);
    line_put(&line, LINE_HUB, letter_of(1), 0);
    line_put(&line, LINE_CLIENT, letter_of(1), 0); /* it hasn't heard the client yet */
    take_all(&line, LINE_CLIENT, &out);
    assert_int_equal(line.counts.flights, 1);
    take_all(&line, LINE_HUB, &out);
    line_put(&line, LINE_CLIENT, letter_of(1), HOUR_US);
    take_all(&line, LINE_CLIENT, &out);
    assert_int_equal(line.counts.flights, 2);
    line_release(&line);
    buffer_release(&out);
}

static void a_stall_holds_up_what_follows_and_nothing_is_lost(void **state)
{
    struct line_manner manner = {.seed = 3, .jitter_ms = 50, .stall_percent = 20, .stall_ms = 1000};
    struct buffer out = {0};
    struct line line;
    (void)state;
    line_init(&line, &manner, 1, 0);
    for (int i = 0; i < 10; i++)
        line_put(&line, LINE_HUB, letter_of(sizeof letter), 0);
    assert_true(take_all(&line, LINE_HUB, &out) >= 1000000);
    assert_int_equal(out.size, 10 * sizeof letter);
    assert_memory_equal(out.data + 9 * sizeof letter, letter, sizeof letter);
    assert_in_range(line.counts.stalls, 4, 40);
    line_release(&line);
    buffer_release(&out);
}

static void a_cut_lets_through_so_many_bytes_of_both_directions(void **state)
{
    struct line_manner manner = {.cut_min_bytes = 2000, .cut_bytes = 2000};
    struct buffer out = {0};
    struct line line;
    (void)state;
    line_init(&line, &manner, 1, 0);
    line_put(&line, LINE_CLIENT, letter_of(300), 0);
    take_all(&line, LINE_CLIENT, &out);
    line_put(&line, LINE_HUB, letter_of(sizeof letter), 0);
    take_all(&line, LINE_HUB, &out);
    assert_int_equal(out.size, 2000);
    assert_true(line.counts.cut);
    assert_null(line_take(&line, LINE_HUB, HOUR_US));
    line_release(&line);
    buffer_release(&out);
}

static size_t changed_bits(const struct buffer *out)
{
    size_t bits = 0;
    for (size_t i = 0; i < out->size; i++)
        bits += (size_t)__builtin_popcount(out->data[i] ^ letter[i % sizeof letter]);
    return bits;
}

static void faults_are_as_many_as_was_said_and_a_seed_repeats_them(void **state)
{
    struct line_manner manner = {.seed = 11, .corrupt_bytes = 1000};
    struct buffer outs[3] = {{0}};
    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        struct line line;
        manner.seed = i < 2 ? 11 : 12;
        line_init(&line, &manner, 1, 0);
        for (int j = 0; j < 20; j++)
            line_put(&line, LINE_HUB, letter_of(sizeof letter), 0);
        take_all(&line, LINE_HUB, &outs[i]);
        assert_int_equal(changed_bits(&outs[i]), line.counts.corrupted);
        assert_in_range(line.counts.corrupted, 40, 160);
        line_release(&line);
    }
    assert_true(bytes_equal(buffer_bytes(&outs[0]), buffer_bytes(&outs[1])));
    assert_false(bytes_equal(buffer_bytes(&outs[0]), buffer_bytes(&outs[2])));
    for (int i = 0; i < 3; i++)
        buffer_release(&outs[i]);
}

static void a_line_holds_what_is_under_way_and_little_more(void **state)
{
    struct line_manner manner = {.bytes_per_s = 100000, .delay_ms = 100};
    struct line line;
    size_t put = 0;
    (void)state;
    line_init(&line, &manner, 1, 0);
    while (!line_full(&line, LINE_HUB)) {
        line_put(&line, LINE_HUB, letter_of(LINE_PIECE_BYTES), 0);
        put += LINE_PIECE_BYTES;
    }
    assert_in_range(put, 10000, 100000);
    line_release(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_and_delay_add_up_and_connecting_costs_a_round_trip),
        cmocka_unit_test(a_flight_follows_what_was_heard),
        cmocka_unit_test(a_stall_holds_up_what_follows_and_nothing_is_lost),
        cmocka_unit_test(a_cut_lets_through_so_many_bytes_of_both_directions),
        cmocka_unit_test(faults_are_as_many_as_was_said_and_a_seed_repeats_them),
        cmocka_unit_test(a_line_holds_what_is_under_way_and_little_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
