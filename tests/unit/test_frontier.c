/* Frontiers and dots: order, merging, the canonical form, the digest. */

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/support/chance.h"
#include "tests/support/frontiers.h"
#include "tests/support/spell.h"

#define RANDOM_FRONTIERS 500
#define VECTOR_BYTES_MAX 4096

static void raise_to(struct frontier *frontier, uint32_t scope, uint32_t device, uint64_t number)
{
    struct feed_id feed = {scope, device, 1};
    assert_int_equal(frontier_raise(frontier, &feed, number, NULL), STATUS_OK);
}

static void expect_ascending(const struct frontier *frontier)
{
    for (size_t i = 0; i < frontier->count; i++) {
        assert_true(frontier->rows[i].number > 0);
        if (i > 0)
            assert_true(feed_compare(&frontier->rows[i - 1].feed, &frontier->rows[i].feed) < 0);
    }
}

/* Few feeds, so that two frontiers share some. */
static void make_frontier(struct chance *chance, struct frontier *frontier)
{
    frontier_clear(frontier);
    for (size_t left = chance_below(chance, 40); left > 0; left--) {
        struct feed_id feed = {2 + (uint32_t)chance_below(chance, 4),
                               1 + (uint32_t)chance_below(chance, 8),
                               1 + (uint32_t)chance_below(chance, 2)};
        uint64_t number = chance_below(chance, 5) ? chance_any_size(chance) : 1;
        assert_int_equal(frontier_raise(frontier, &feed, number, NULL), STATUS_OK);
    }
}

/* ---- dots ---- */

static void dots_are_ordered_by_device_incarnation_scope_number(void **state)
{
    (void)state;
    static const char *const ascending[] = {"1.1.9.9", "2.1.2.1", "2.1.2.2",
                                            "2.1.3.1", "2.2.2.1", "3.1.1.1"};
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 6; j++) {
            struct dot a, b;
            assert_true(dot_parse(ascending[i], &a) && dot_parse(ascending[j], &b));
            assert_int_equal(dot_compare(&a, &b) < 0, i < j);
            assert_int_equal(dot_equal(&a, &b), i == j);
        }
}

static void a_dot_reads_as_it_was_formatted(void **state)
{
    (void)state;
    static const struct dot dots[] = {{{2, 7, 1}, 4},
                                      {{UINT32_MAX, UINT32_MAX, UINT32_MAX}, INT64_MAX}};
    for (size_t i = 0; i < 2; i++) {
        char text[DOT_TEXT_BYTES];
        struct dot is;
        dot_format(&dots[i], text);
        assert_true(dot_parse(text, &is));
        assert_true(dot_equal(&is, &dots[i]));
    }
    char text[DOT_TEXT_BYTES];
    dot_format(&dots[0], text);
    assert_string_equal(text, "7.1.2.4");
}

static void what_is_no_dot_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "7",
                                        "7.1.2",
                                        "7.1.2.4.5",
                                        "7.1.2.",
                                        "7.1..4",
                                        ".1.2.4",
                                        "7.1.2.4 ",
                                        " 7.1.2.4",
                                        "7.1.2.-4",
                                        "+7.1.2.4",
                                        "0.1.2.4",
                                        "7.0.2.4",
                                        "7.1.2.0",
                                        "7,1,2,4",
                                        "7.1.2.x",
                                        "4294967296.1.2.4",
                                        "7.1.2.99999999999999999999"};
    struct dot dot;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (dot_parse(texts[i], &dot))
            fail_msg("'%s' is a dot", texts[i]);
}

/* ---- rows ---- */

static void raising_never_lowers(void **state)
{
    (void)state;
    struct frontier frontier = {0};
    struct feed_id feed = {2, 7, 1};
    raise_to(&frontier, 2, 7, 4);
    raise_to(&frontier, 2, 7, 3);
    assert_int_equal(frontier_get(&frontier, &feed), 4);
    raise_to(&frontier, 2, 7, 5);
    assert_int_equal(frontier_get(&frontier, &feed), 5);
    raise_to(&frontier, 2, 8, 0);
    assert_int_equal(frontier.count, 1);
    frontier_release(&frontier);
}

static void a_feed_is_found_by_all_its_parts(void **state)
{
    (void)state;
    struct frontier frontier = {0};
    raise_to(&frontier, 2, 7, 4);
    assert_int_equal(frontier_get(&frontier, &(struct feed_id){2, 7, 1}), 4);
    assert_int_equal(frontier_get(&frontier, &(struct feed_id){3, 7, 1}), 0);
    assert_int_equal(frontier_get(&frontier, &(struct feed_id){2, 8, 1}), 0);
    assert_int_equal(frontier_get(&frontier, &(struct feed_id){2, 7, 2}), 0);
    assert_true(frontier_covers(&frontier, &(struct dot){{2, 7, 1}, 4}));
    assert_false(frontier_covers(&frontier, &(struct dot){{2, 7, 1}, 5}));
    assert_false(frontier_covers(&frontier, &(struct dot){{2, 7, 2}, 1}));
    frontier_release(&frontier);
}

static void rows_stay_ascending_whatever_the_order(void **state)
{
    (void)state;
    struct frontier frontier = {0}, other = {0};
    for (uint32_t i = 0; i < 1000; i++)
        raise_to(&frontier, 2 + i * 7919 % 10, 1 + i * 7919 % 1000 / 10, i + 1);
    for (uint32_t i = 1000; i-- > 0;)
        raise_to(&other, 2 + i * 7919 % 10, 1 + i * 7919 % 1000 / 10, i + 1);
    assert_int_equal(frontier.count, 1000);
    expect_ascending(&frontier);
    assert_true(frontiers_same(&frontier, &other));
    frontier_release(&frontier);
    frontier_release(&other);
}

/* ---- merging ---- */

static void merging_is_raising_by_every_row(void **state)
{
    (void)state;
    struct frontier a = {0}, b = {0}, merged = {0}, raised = {0}, turned = {0};
    for (uint64_t seed = 1; seed <= RANDOM_FRONTIERS; seed++) {
        struct chance chance = {seed};
        make_frontier(&chance, &a);
        make_frontier(&chance, &b);
        assert_int_equal(frontier_copy(&merged, &a, NULL), STATUS_OK);
        assert_int_equal(frontier_copy(&raised, &a, NULL), STATUS_OK);
        assert_int_equal(frontier_copy(&turned, &b, NULL), STATUS_OK);
        assert_int_equal(frontier_merge(&merged, &b, NULL), STATUS_OK);
        assert_int_equal(frontier_merge(&turned, &a, NULL), STATUS_OK);
        for (size_t i = 0; i < b.count; i++)
            frontier_raise(&raised, &b.rows[i].feed, b.rows[i].number, NULL);
        expect_ascending(&merged);
        assert_true(frontiers_same(&merged, &raised));
        assert_true(frontiers_same(&merged, &turned));
        assert_int_equal(frontier_merge(&merged, &b, NULL), STATUS_OK);
        assert_int_equal(frontier_merge(&merged, &merged, NULL), STATUS_OK);
        assert_true(frontiers_same(&merged, &raised));
    }
    struct frontier *all[] = {&a, &b, &merged, &raised, &turned};
    for (size_t i = 0; i < 5; i++)
        frontier_release(all[i]);
}

static void beyond_is_what_the_other_lacks(void **state)
{
    (void)state;
    struct frontier have = {0}, known = {0}, beyond = {0}, merged = {0};
    for (uint64_t seed = 1; seed <= RANDOM_FRONTIERS; seed++) {
        struct chance chance = {seed};
        make_frontier(&chance, &have);
        make_frontier(&chance, &known);
        assert_int_equal(frontier_beyond(&beyond, &have, &known, NULL), STATUS_OK);
        expect_ascending(&beyond);
        size_t lacking = 0;
        for (size_t i = 0; i < have.count; i++)
            lacking += have.rows[i].number > frontier_get(&known, &have.rows[i].feed);
        assert_int_equal(beyond.count, lacking);
        assert_int_equal(frontier_merge(&known, &beyond, NULL), STATUS_OK);
        assert_int_equal(frontier_copy(&merged, &known, NULL), STATUS_OK);
        assert_int_equal(frontier_merge(&merged, &have, NULL), STATUS_OK);
        assert_true(frontiers_same(&merged, &known));
        assert_int_equal(frontier_beyond(&beyond, &have, &known, NULL), STATUS_OK);
        assert_int_equal(beyond.count, 0);
    }
    frontier_release(&have);
    frontier_release(&known);
    frontier_release(&beyond);
    frontier_release(&merged);
}

/* Interleaved, so that inserting one row after the other would move most rows each time. */
static void big_frontiers_merge_in_one_pass(void **state)
{
    (void)state;
    struct frontier even = {0}, odd = {0};
    for (uint32_t i = 1; i <= 200000; i++) {
        raise_to(&even, 2, 2 * i, i);
        raise_to(&odd, 2, 2 * i - 1, i);
    }
    assert_int_equal(frontier_merge(&even, &odd, NULL), STATUS_OK);
    assert_int_equal(even.count, 400000);
    expect_ascending(&even);
    frontier_release(&even);
    frontier_release(&odd);
}

/* ---- the canonical form ---- */

/* Decodes a copy of just this size. What is accepted is ascending and encoded to the same bytes. */
static enum status decode(struct bytes encoded)
{
    struct frontier frontier = {0};
    uint8_t *copy = malloc(encoded.size ? encoded.size : 1);
    assert_non_null(copy);
    memcpy(copy, encoded.data, encoded.size);
    enum status status = frontier_decode(&frontier, bytes_of(copy, encoded.size), NULL);
    if (status == STATUS_OK) {
        struct buffer again = {0};
        expect_ascending(&frontier);
        assert_int_equal(frontier_encode(&frontier, &again, NULL), STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&again), bytes_of(copy, encoded.size)));
        buffer_release(&again);
    }
    assert_true(frontier.capacity * sizeof *frontier.rows <= 16 * encoded.size + 65536);
    frontier_release(&frontier);
    free(copy);
    return status;
}

static void expect(enum status wanted, const char *text)
{
    struct buffer encoded = {0};
    spell_pack(text, &encoded);
    if (decode(buffer_bytes(&encoded)) != wanted)
        fail_msg("%s", text);
    buffer_release(&encoded);
}

static void random_frontiers_read_as_they_were_encoded(void **state)
{
    (void)state;
    struct frontier frontier = {0}, is = {0};
    struct buffer encoded = {0};
    for (uint64_t seed = 1; seed <= RANDOM_FRONTIERS; seed++) {
        struct chance chance = {seed};
        make_frontier(&chance, &frontier);
        buffer_clear(&encoded);
        assert_int_equal(frontier_encode(&frontier, &encoded, NULL), STATUS_OK);
        assert_int_equal(frontier_decode(&is, buffer_bytes(&encoded), NULL), STATUS_OK);
        assert_true(frontiers_same(&frontier, &is));
    }
    frontier_release(&frontier);
    frontier_release(&is);
    buffer_release(&encoded);
}

static void rows_ascend_and_scopes_stand_once(void **state)
{
    (void)state;
    expect(STATUS_OK, "[]");
    expect(STATUS_OK, "[2 2 7 1 4 7 2 1 3 1 1 1 1]");
    expect(STATUS_BAD_INPUT, "[2 2 7 2 1 7 1 4]");
    expect(STATUS_BAD_INPUT, "[2 2 8 1 1 7 1 4]");
    expect(STATUS_BAD_INPUT, "[2 2 7 1 4 7 1 4]");
    expect(STATUS_BAD_INPUT, "[3 1 1 1 1 2 1 7 1 4]");
    expect(STATUS_BAD_INPUT, "[2 1 7 1 4 2 1 8 1 4]");
}

static void rows_have_no_zeros(void **state)
{
    (void)state;
    expect(STATUS_BAD_INPUT, "[2 0]");
    expect(STATUS_BAD_INPUT, "[2 1 0 1 4]");
    expect(STATUS_BAD_INPUT, "[2 1 7 0 4]");
    expect(STATUS_BAD_INPUT, "[2 1 7 1 0]");
}

static void counts_fit(void **state)
{
    (void)state;
    expect(STATUS_BAD_INPUT, "nil");
    expect(STATUS_BAD_INPUT, "[2]");
    expect(STATUS_BAD_INPUT, "[2 1 7 1]");
    expect(STATUS_BAD_INPUT, "[2 1 7 1 4 3]");
    expect(STATUS_BAD_INPUT, "[2 2 7 1 4]");
    expect(STATUS_BAD_INPUT, "[2 1 7 1 4 7 2 1]");
    expect(STATUS_BAD_INPUT, "[2 1000000 7 1 4]");
    expect(STATUS_BAD_INPUT, "[2 18446744073709551615 7 1 4]");
    expect(STATUS_BAD_INPUT, "[2 1 7 1 4] nil");
    expect(STATUS_BAD_INPUT, "#ddffffffff 2 1 7 1 4");
}

static void numbers_take_no_more_bytes_than_they_need(void **state)
{
    (void)state;
    expect(STATUS_BAD_INPUT, "[#cc02 1 7 1 4]");
    expect(STATUS_BAD_INPUT, "[2 #cc01 7 1 4]");
    expect(STATUS_BAD_INPUT, "[2 1 #cd0007 1 4]");
    expect(STATUS_BAD_INPUT, "[2 1 7 #cc01 4]");
    expect(STATUS_BAD_INPUT, "[2 1 7 1 #cf0000000000000004]");
    expect(STATUS_BAD_INPUT, "#dc0005 2 1 7 1 4");
    expect(STATUS_BAD_INPUT, "[4294967296 1 7 1 4]");
    expect(STATUS_BAD_INPUT, "[2 1 4294967296 1 4]");
    expect(STATUS_BAD_INPUT, "[2 1 7 4294967296 4]");
}

static void a_frontier_cut_or_changed_anywhere_is_refused_or_canonical(void **state)
{
    (void)state;
    struct buffer encoded = {0};
    spell_pack("[2 2 7 1 4 300 2 70000 3 1 1 1 4294967296]", &encoded);
    for (size_t at = 0; at < encoded.size; at++) {
        uint8_t was = encoded.data[at];
        assert_int_equal(decode(bytes_of(encoded.data, at)), STATUS_BAD_INPUT);
        for (int other = 0; other < 256; other++) {
            encoded.data[at] = (uint8_t)other;
            decode(buffer_bytes(&encoded));
        }
        encoded.data[at] = was;
    }
    buffer_release(&encoded);
}

static void a_frontier_has_a_bounded_number_of_rows(void **state)
{
    (void)state;
    for (uint32_t more = 0; more <= 1; more++) {
        struct buffer encoded = {0};
        uint32_t half = FRONTIER_ROWS_MAX / 2;
        assert_int_equal(pack_array(&encoded, 4 + 3 * (2 * half + more)), STATUS_OK);
        for (uint32_t scope = 2; scope <= 3; scope++) {
            uint32_t rows = half + (scope == 3 ? more : 0);
            assert_int_equal(pack_uint(&encoded, scope), STATUS_OK);
            assert_int_equal(pack_uint(&encoded, rows), STATUS_OK);
            for (uint32_t device = 1; device <= rows; device++) {
                assert_int_equal(pack_uint(&encoded, device), STATUS_OK);
                assert_int_equal(pack_uint(&encoded, 1), STATUS_OK);
                assert_int_equal(pack_uint(&encoded, 1), STATUS_OK);
            }
        }
        assert_int_equal(decode(buffer_bytes(&encoded)), more ? STATUS_TOO_LARGE : STATUS_OK);
        buffer_release(&encoded);
    }
}

/* ---- the digest ---- */

static void digests_are_equal_when_frontiers_are(void **state)
{
    (void)state;
    struct frontier a = {0}, b = {0};
    struct hash left, right;
    for (uint64_t seed = 1; seed <= RANDOM_FRONTIERS; seed++) {
        struct chance chance = {seed};
        make_frontier(&chance, &a);
        assert_int_equal(frontier_copy(&b, &a, NULL), STATUS_OK);
        assert_int_equal(frontier_digest(&a, &left, NULL), STATUS_OK);
        assert_int_equal(frontier_digest(&b, &right, NULL), STATUS_OK);
        assert_memory_equal(&left, &right, sizeof left);
        raise_to(&b, 9, 1, seed);
        assert_int_equal(frontier_digest(&b, &right, NULL), STATUS_OK);
        assert_memory_not_equal(&left, &right, sizeof left);
    }
    frontier_release(&a);
    frontier_release(&b);
}

/* ---- vectors ---- */

static struct bytes hex_of(const json_t *object, const char *key, uint8_t area[VECTOR_BYTES_MAX])
{
    const char *text = json_string_value(json_object_get(object, key));
    size_t size = text ? strlen(text) / 2 : 0;
    assert_true(text && size <= VECTOR_BYTES_MAX && hex_decode(text, area, size));
    return bytes_of(area, size);
}

/* Numbers are texts there: they pass what JSON readers hold. */
static uint64_t part_of(const json_t *row, size_t index)
{
    return strtoull(json_string_value(json_array_get(row, index)), NULL, 10);
}

static void vectors_encode_as_they_say(void **state)
{
    (void)state;
    uint8_t area[VECTOR_BYTES_MAX];
    json_t *all = json_load_file(SOURCE_DIR "/tests/vectors/entry.json", 0, NULL);
    size_t i, j;
    const json_t *told, *row;
    assert_non_null(all);
    assert_int_equal(json_array_size(json_object_get(all, "frontiers")), 3);
    json_array_foreach(json_object_get(all, "frontiers"), i, told)
    {
        struct frontier frontier = {0};
        struct buffer encoded = {0};
        struct hash digest;
        json_array_foreach(json_object_get(told, "rows"), j, row)
        {
            struct feed_id feed = {(uint32_t)part_of(row, 0), (uint32_t)part_of(row, 1),
                                   (uint32_t)part_of(row, 2)};
            assert_int_equal(frontier_raise(&frontier, &feed, part_of(row, 3), NULL), STATUS_OK);
        }
        assert_int_equal(frontier_encode(&frontier, &encoded, NULL), STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&encoded), hex_of(told, "encoded", area)));
        assert_int_equal(frontier_digest(&frontier, &digest, NULL), STATUS_OK);
        assert_true(bytes_equal(bytes_of(digest.bytes, HASH_BYTES), hex_of(told, "digest", area)));
        frontier_release(&frontier);
        buffer_release(&encoded);
    }
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dots_are_ordered_by_device_incarnation_scope_number),
        cmocka_unit_test(a_dot_reads_as_it_was_formatted),
        cmocka_unit_test(what_is_no_dot_is_refused),
        cmocka_unit_test(raising_never_lowers),
        cmocka_unit_test(a_feed_is_found_by_all_its_parts),
        cmocka_unit_test(rows_stay_ascending_whatever_the_order),
        cmocka_unit_test(merging_is_raising_by_every_row),
        cmocka_unit_test(beyond_is_what_the_other_lacks),
        cmocka_unit_test(big_frontiers_merge_in_one_pass),
        cmocka_unit_test(random_frontiers_read_as_they_were_encoded),
        cmocka_unit_test(rows_ascend_and_scopes_stand_once),
        cmocka_unit_test(rows_have_no_zeros),
        cmocka_unit_test(counts_fit),
        cmocka_unit_test(numbers_take_no_more_bytes_than_they_need),
        cmocka_unit_test(a_frontier_cut_or_changed_anywhere_is_refused_or_canonical),
        cmocka_unit_test(a_frontier_has_a_bounded_number_of_rows),
        cmocka_unit_test(digests_are_equal_when_frontiers_are),
        cmocka_unit_test(vectors_encode_as_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
