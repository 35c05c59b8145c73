/* In what two frontiers differ: found, whatever it is, or said not to be found; never wrong. */

#include <jansson.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/frontier_sketch.h"
#include "tests/support/chance.h"
#include "tests/support/frontiers.h"

#define DEVICES 10000u

static void raise_to(struct frontier *frontier, uint32_t scope, uint32_t device, uint64_t number)
{
    struct feed_id feed = {scope, device, 1 + device % 2};
    assert_int_equal(frontier_raise(frontier, &feed, number, NULL), STATUS_OK);
}

static void drop(struct frontier *frontier, size_t at)
{
    memmove(frontier->rows + at, frontier->rows + at + 1,
            (frontier->count - at - 1) * sizeof *frontier->rows);
    frontier->count--;
}

/* Two sides; one decodes what the other one sketched and answers. */
struct pair {
    struct frontier hub, phone;
};

static void release(struct pair *pair)
{
    frontier_release(&pair->hub);
    frontier_release(&pair->phone);
}

static void make(struct pair *pair, uint32_t devices)
{
    *pair = (struct pair){0};
    for (uint32_t device = 1; device <= devices; device++)
        raise_to(&pair->hub, 2 + device / 20 * 2, device, 1 + device * 7 % 300);
    assert_int_equal(frontier_copy(&pair->phone, &pair->hub, NULL), STATUS_OK);
}

/* What the phone finds is what the hub holds of the phone's feeds, and what the hub makes of the
 * answer is the phone's frontier. Gives the bytes of sketch and answer, or 0 if nothing was found.
 */
static size_t compare(const struct pair *pair, unsigned feeds)
{
    struct buffer sketch = {0};
    struct frontier hub = {0}, phone = {0};
    struct sketch_difference difference = {0};
    bool found;
    size_t bytes = 0;
    assert_int_equal(sketch_make(&pair->hub, feeds, &sketch, NULL), STATUS_OK);
    assert_int_equal(sketch.size, SKETCH_BYTES(feeds));
    assert_int_equal(
        sketch_read(buffer_bytes(&sketch), &pair->phone, &found, &hub, &difference, NULL),
        STATUS_OK);
    if (found) {
        struct bytes rows = buffer_bytes(&difference.rows);
        struct bytes absent = buffer_bytes(&difference.absent);
        assert_int_equal(sketch_apply(&pair->hub, rows, absent, &phone, NULL), STATUS_OK);
        assert_true(frontiers_same(&phone, &pair->phone));
        for (size_t i = 0; i < pair->phone.count; i++) {
            const struct feed_id *feed = &pair->phone.rows[i].feed;
            assert_int_equal(frontier_get(&hub, feed), frontier_get(&pair->hub, feed));
        }
        bytes = sketch.size + rows.size + absent.size;
    }
    buffer_release(&sketch);
    frontier_release(&hub);
    frontier_release(&phone);
    sketch_difference_release(&difference);
    return bytes;
}

static void equal_frontiers_differ_in_nothing(void **state)
{
    struct pair pair;
    (void)state;
    make(&pair, 300);
    assert_int_equal(compare(&pair, 1), SKETCH_BYTES(1));
    release(&pair);
    pair = (struct pair){0};
    assert_int_equal(compare(&pair, 1), SKETCH_BYTES(1));
}

static void twenty_changed_of_ten_thousand_devices_cost_less_than_300_bytes(void **state)
{
    struct chance chance = {20};
    struct pair pair;
    (void)state;
    make(&pair, DEVICES);
    for (unsigned i = 0; i < SKETCH_FEEDS; i++)
        pair.hub.rows[DEVICES / SKETCH_FEEDS * i + chance_below(&chance, 500)].number +=
            1 + chance_below(&chance, 60);
    size_t bytes = compare(&pair, SKETCH_FEEDS);
    assert_in_range(bytes, SKETCH_BYTES(SKETCH_FEEDS), 270);
    release(&pair);
}

/* Ahead, behind, unknown there, unknown here, in any mixture. */
static void whatever_differs_is_found(void **state)
{
    struct chance chance = {7};
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        struct pair pair;
        unsigned changes = 1 + (unsigned)chance_below(&chance, SKETCH_FEEDS);
        make(&pair, 60 + (uint32_t)chance_below(&chance, 200));
        for (unsigned i = 0; i < changes; i++) {
            struct frontier *side = chance_below(&chance, 2) ? &pair.hub : &pair.phone;
            size_t at = chance_below(&chance, side->count);
            if (chance_below(&chance, 3) == 0)
                drop(side, at);
            else
                side->rows[at].number = 1 + chance_below(&chance, 100000);
        }
        assert_int_not_equal(compare(&pair, SKETCH_FEEDS), 0);
        release(&pair);
    }
}

static void more_than_a_sketch_can_find_is_said_to_be_more(void **state)
{
    struct pair pair;
    (void)state;
    make(&pair, 900);
    for (unsigned i = 0; i < 240; i++)
        pair.hub.rows[i * 3].number += 5;
    for (unsigned feeds = 1; feeds < 240; feeds += 17)
        assert_int_equal(compare(&pair, feeds), 0);
    assert_int_not_equal(compare(&pair, 240), 0);
    assert_int_not_equal(compare(&pair, SKETCH_FEEDS_MAX), 0);
    for (unsigned i = 0; i < 40; i++)
        drop(&pair.phone, i * 9);
    assert_int_equal(compare(&pair, SKETCH_FEEDS_MAX), 0);
    release(&pair);
}

/* Of what comes from outside anything may be wrong: it is refused, or means some frontier. */
static void any_bytes_are_refused_or_mean_some_frontier(void **state)
{
    struct chance chance = {99};
    struct pair pair;
    (void)state;
    make(&pair, 50);
    for (unsigned round = 0; round < 3000; round++) {
        uint8_t noise[4 * SKETCH_SYMBOLS(4)], more[40];
        struct frontier out = {0};
        struct sketch_difference difference = {0};
        bool found;
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (uint8_t)chance_below(&chance, 256);
        for (size_t i = 0; i < sizeof more; i++)
            more[i] = (uint8_t)(chance_any_size(&chance) % 7);
        struct bytes sketch = bytes_of(noise, chance_below(&chance, sizeof noise + 1));
        struct bytes rows = bytes_of(more, chance_below(&chance, sizeof more + 1));
        struct bytes absent = bytes_of(noise, chance_below(&chance, 2) * 4);
        enum status status = sketch_read(sketch, &pair.phone, &found, &out, &difference, NULL);
        assert_true(status == STATUS_BAD_INPUT || (status == STATUS_OK && !found));
        status = sketch_apply(&pair.hub, rows, absent, &out, NULL);
        assert_true(status == STATUS_BAD_INPUT || status == STATUS_OK);
        frontier_release(&out);
        sketch_difference_release(&difference);
    }
    release(&pair);
}

/* ---- vectors ---- */

static void read_rows(const json_t *rows, struct frontier *frontier)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        uint64_t part[4];
        for (size_t j = 0; j < 4; j++)
            part[j] = (uint64_t)json_integer_value(json_array_get(json_array_get(rows, i), j));
        struct feed_id feed = {(uint32_t)part[0], (uint32_t)part[1], (uint32_t)part[2]};
        assert_int_equal(frontier_raise(frontier, &feed, part[3], NULL), STATUS_OK);
    }
}

static void expect_hex(const json_t *vector, const char *key, const struct buffer *bytes)
{
    char *text = malloc(2 * bytes->size + 1);
    assert_non_null(text);
    hex_encode(buffer_bytes(bytes), text);
    assert_string_equal(text, json_string_value(json_object_get(vector, key)));
    free(text);
}

static void expect_vector(const json_t *vector)
{
    struct frontier theirs = {0}, ours = {0}, held = {0};
    struct sketch_difference difference = {0};
    struct buffer sketch = {0};
    bool found;
    size_t digits = strlen(json_string_value(json_object_get(vector, "sketch")));
    read_rows(json_object_get(vector, "theirs"), &theirs);
    read_rows(json_object_get(vector, "ours"), &ours);
    assert_int_equal(sketch_make(&theirs, (unsigned)(digits / 16 - 1), &sketch, NULL), STATUS_OK);
    expect_hex(vector, "sketch", &sketch);
    assert_int_equal(sketch_read(buffer_bytes(&sketch), &ours, &found, &held, &difference, NULL),
                     STATUS_OK);
    assert_int_equal(found, json_is_true(json_object_get(vector, "found")));
    expect_hex(vector, "rows", &difference.rows);
    expect_hex(vector, "absent", &difference.absent);
    frontier_release(&theirs);
    frontier_release(&ours);
    frontier_release(&held);
    buffer_release(&sketch);
    sketch_difference_release(&difference);
}

static void the_second_implementation_agrees(void **state)
{
    (void)state;
    json_t *vectors = json_load_file(SOURCE_DIR "/tests/vectors/sketch.json", 0, NULL);
    assert_true(json_array_size(vectors) >= 6);
    for (size_t i = 0; i < json_array_size(vectors); i++)
        expect_vector(json_array_get(vectors, i));
    json_decref(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_frontiers_differ_in_nothing),
        cmocka_unit_test(twenty_changed_of_ten_thousand_devices_cost_less_than_300_bytes),
        cmocka_unit_test(whatever_differs_is_found),
        cmocka_unit_test(more_than_a_sketch_can_find_is_said_to_be_more),
        cmocka_unit_test(the_second_implementation_agrees),
        cmocka_unit_test(any_bytes_are_refused_or_mean_some_frontier),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
