/* Chain and signature of entries, and runs as they travel. */

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/support/spell.h"

#define RUN_COUNT 100
#define VECTOR_BYTES_MAX 4096

static const struct feed_id FEED = {2, 7, 1};
static const struct network NETWORK = {{1, 2, 3}};
static const struct hash NO_HASH;

/* A run of made-up entries from number 1 on, with the hash of each. */
struct chain {
    struct signing_key key;
    struct buffer bodies[RUN_COUNT];
    struct bytes slices[RUN_COUNT];
    struct hash hashes[RUN_COUNT];
    uint8_t signature[SIGNATURE_BYTES];
};

/* Where a chain is said to stand. */
struct place {
    struct network network;
    struct feed_id feed;
    uint64_t first;
    struct hash previous;
};

static struct place true_place(void)
{
    return (struct place){NETWORK, FEED, 1, NO_HASH};
}

static struct hash follow(const struct place *place, const struct bytes *bodies, size_t count)
{
    struct hash hash = place->previous;
    for (size_t i = 0; i < count; i++) {
        struct dot dot = {place->feed, place->first + i};
        struct hash previous = hash;
        entry_hash(&hash, &place->network, &dot, &previous, bodies[i]);
    }
    return hash;
}

static bool holds(const struct chain *chain, const struct place *place)
{
    struct hash hash = follow(place, chain->slices, RUN_COUNT);
    return entry_verify(chain->signature, &place->network, &hash, chain->key.public_key);
}

static int make_chain(void **state)
{
    struct chain *chain = calloc(1, sizeof *chain);
    static const uint8_t seed[32] = {9};
    assert_non_null(chain);
    assert_int_equal(keys_init(NULL), STATUS_OK);
    signing_key_from_seed(&chain->key, seed);
    struct hash previous = NO_HASH;
    for (size_t i = 0; i < RUN_COUNT; i++) {
        struct dot dot = {FEED, i + 1};
        spell_pack("#96 1 1764000000000 3 nil 1 #91 #94 20 r1 #92 1", &chain->bodies[i]);
        assert_int_equal(pack_uint(&chain->bodies[i], i), STATUS_OK);
        spell_pack("[]", &chain->bodies[i]);
        chain->slices[i] = buffer_bytes(&chain->bodies[i]);
        entry_hash(&chain->hashes[i], &NETWORK, &dot, &previous, chain->slices[i]);
        previous = chain->hashes[i];
    }
    entry_sign(chain->signature, &NETWORK, &previous, &chain->key);
    *state = chain;
    return 0;
}

static int free_chain(void **state)
{
    struct chain *chain = *state;
    for (size_t i = 0; i < RUN_COUNT; i++)
        buffer_release(&chain->bodies[i]);
    signing_key_release(&chain->key);
    free(chain);
    return 0;
}

/* ---- the chain ---- */

static void the_last_signature_covers_a_run_of_100(void **state)
{
    struct place place = true_place();
    assert_true(holds(*state, &place));
}

static void a_flipped_bit_in_any_body_breaks_the_run(void **state)
{
    struct chain *chain = *state;
    struct place place = true_place();
    for (size_t i = 0; i < RUN_COUNT; i++) {
        struct place rest = {NETWORK, FEED, i + 1, i ? chain->hashes[i - 1] : NO_HASH};
        for (size_t bit = 0; bit < 8 * chain->bodies[i].size; bit++) {
            uint8_t *byte = &chain->bodies[i].data[bit / 8];
            *byte ^= (uint8_t)(1u << bit % 8);
            struct hash hash = follow(&rest, chain->slices + i, RUN_COUNT - i);
            assert_memory_not_equal(&hash, &chain->hashes[RUN_COUNT - 1], sizeof hash);
            if (bit % 97 == 0)
                assert_false(holds(chain, &place));
            *byte ^= (uint8_t)(1u << bit % 8);
        }
    }
    assert_true(holds(chain, &place));
}

static void a_longer_or_shorter_body_breaks_the_run(void **state)
{
    struct chain *chain = *state;
    struct place place = true_place();
    chain->slices[50].size--;
    assert_false(holds(chain, &place));
    chain->slices[50].size++;
    /* A byte that moves from one body into the next. */
    struct buffer joined = {0};
    assert_int_equal(buffer_append_bytes(&joined, chain->slices[50]), STATUS_OK);
    assert_int_equal(buffer_append_bytes(&joined, chain->slices[51]), STATUS_OK);
    size_t border = chain->slices[50].size - 1;
    chain->slices[50] = bytes_of(joined.data, border);
    chain->slices[51] = bytes_of(joined.data + border, joined.size - border);
    assert_false(holds(chain, &place));
    buffer_release(&joined);
}

static void bodies_in_another_order_break_the_run(void **state)
{
    struct chain *chain = *state;
    struct place place = true_place();
    for (size_t i = 0; i + 1 < RUN_COUNT; i++) {
        struct bytes left = chain->slices[i], right = chain->slices[i + 1];
        chain->slices[i] = right;
        chain->slices[i + 1] = left;
        assert_false(holds(chain, &place));
        chain->slices[i] = left;
        chain->slices[i + 1] = right;
    }
}

static void another_network_breaks_the_run(void **state)
{
    struct chain *chain = *state;
    for (size_t bit = 0; bit < 8 * NETWORK_BYTES; bit++) {
        struct place place = true_place();
        place.network.id[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(holds(chain, &place));
        /* Not even the statement alone carries over. */
        assert_false(entry_verify(chain->signature, &place.network, &chain->hashes[RUN_COUNT - 1],
                                  chain->key.public_key));
    }
}

static void another_feed_breaks_the_run(void **state)
{
    for (uint32_t bit = 0; bit < 32; bit++) {
        struct place place = true_place();
        place.feed.scope ^= 1u << bit;
        assert_false(holds(*state, &place));
        place = true_place();
        place.feed.device ^= 1u << bit;
        assert_false(holds(*state, &place));
        place = true_place();
        place.feed.incarnation ^= 1u << bit;
        assert_false(holds(*state, &place));
    }
}

static void another_number_breaks_the_run(void **state)
{
    for (uint32_t bit = 0; bit < 64; bit++) {
        struct place place = true_place();
        place.first ^= 1ull << bit;
        assert_false(holds(*state, &place));
    }
}

static void another_predecessor_breaks_the_run(void **state)
{
    for (uint32_t bit = 0; bit < 8 * HASH_BYTES; bit++) {
        struct place place = true_place();
        place.previous.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(holds(*state, &place));
    }
}

static void a_changed_signature_or_key_breaks_the_run(void **state)
{
    struct chain *chain = *state;
    const struct hash *last = &chain->hashes[RUN_COUNT - 1];
    const uint8_t *key = chain->key.public_key;
    for (size_t bit = 0; bit < 8 * SIGNATURE_BYTES; bit++) {
        uint8_t changed[SIGNATURE_BYTES];
        memcpy(changed, chain->signature, sizeof changed);
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(entry_verify(changed, &NETWORK, last, key));
    }
    struct signing_key other;
    signing_key_generate(&other);
    assert_false(entry_verify(chain->signature, &NETWORK, last, other.public_key));
    signing_key_release(&other);
}

static void a_signature_over_another_object_is_none_over_an_entry(void **state)
{
    struct chain *chain = *state;
    struct hash hash;
    uint8_t signature[SIGNATURE_BYTES];
    for (int tag = 0; tag < TAG_COUNT; tag++) {
        struct bytes body = chain->slices[0];
        sign_object(signature, (enum tag)tag, &NETWORK, body, &chain->key);
        hash_object(&hash, (enum tag)tag, &NETWORK, body);
        assert_int_equal(entry_verify(signature, &NETWORK, &hash, chain->key.public_key),
                         tag == TAG_ENTRY);
    }
}

/* ---- runs as they travel ---- */

/* Decodes a copy of just this size. What is accepted is encoded again to the same bytes. */
static enum status decode(struct bytes encoded)
{
    struct run run;
    struct bytes *bodies = NULL;
    uint8_t *copy = malloc(encoded.size ? encoded.size : 1);
    assert_non_null(copy);
    memcpy(copy, encoded.data, encoded.size);
    struct bytes in = bytes_of(copy, encoded.size);
    enum status status = run_decode(&run, &bodies, in, NULL);
    if (status == STATUS_OK) {
        struct buffer again = {0};
        assert_int_equal(run_encode(&run, &again, NULL), STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&again), in));
        buffer_release(&again);
    } else {
        assert_null(bodies);
    }
    free(bodies);
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

#define SIGNED                                                          \
    "x0101010101010101010101010101010101010101010101010101010101010101" \
    "0101010101010101010101010101010101010101010101010101010101010101"

static void a_run_reads_as_it_was_written(void **state)
{
    struct chain *chain = *state;
    struct run run = {FEED, 1, chain->slices, RUN_COUNT, chain->signature, {0}}, is;
    struct buffer encoded = {0};
    struct bytes *bodies;
    assert_int_equal(run_encode(&run, &encoded, NULL), STATUS_OK);
    assert_int_equal(run_decode(&is, &bodies, buffer_bytes(&encoded), NULL), STATUS_OK);
    assert_int_equal(feed_compare(&is.feed, &FEED), 0);
    assert_int_equal(is.first, 1);
    assert_int_equal(is.count, RUN_COUNT);
    assert_ptr_equal(is.bodies, bodies);
    for (size_t i = 0; i < RUN_COUNT; i++) {
        assert_true(bytes_equal(bodies[i], chain->slices[i]));
        assert_true(bodies[i].data > encoded.data &&
                    bodies[i].data + bodies[i].size < encoded.data + encoded.size);
    }
    assert_memory_equal(is.signature, chain->signature, SIGNATURE_BYTES);
    free(bodies);
    buffer_release(&encoded);
}

static void a_run_has_exactly_its_six_parts(void **state)
{
    (void)state;
    expect(STATUS_OK, "[2 7 1 1 [x00] " SIGNED "]");
    expect(STATUS_OK, "[0 1 4294967295 9223372036854775807 [x00 x] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[2 7 1 1 [x00]]");
    expect(STATUS_BAD_INPUT, "[2 7 1 1 [x00] " SIGNED " nil]");
    expect(STATUS_BAD_INPUT, "[2 7 1 1 [x00] " SIGNED "] nil");
    expect(STATUS_BAD_INPUT, "[2 7 1 1 [] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[2 7 1 1 ['a'] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[2 7 1 1 x00 " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[2 7 1 1 [x00] " SIGNED "01]");
    expect(STATUS_BAD_INPUT, "[2 7 1 1 [x00] x01]");
}

static void a_run_names_its_feed_canonically(void **state)
{
    (void)state;
    expect(STATUS_BAD_INPUT, "[2 0 1 1 [x00] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[2 7 0 1 [x00] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[2 7 1 0 [x00] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[2 7 1 9223372036854775808 [x00] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[4294967296 7 1 1 [x00] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[2 4294967296 1 1 [x00] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[2 7 4294967296 1 [x00] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[2 7 -1 1 [x00] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[#cc02 7 1 1 [x00] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "[2 7 1 #cc01 [x00] " SIGNED "]");
    expect(STATUS_BAD_INPUT, "#96 2 7 1 1 #dc0001 x00 " SIGNED);
    expect(STATUS_BAD_INPUT, "[2 7 1 1 [#c5000100] " SIGNED "]");
}

static void a_run_that_promises_more_than_it_brings_is_refused(void **state)
{
    (void)state;
    expect(STATUS_BAD_INPUT, "#96 2 7 1 1 #ddffffffff x00 " SIGNED);
    expect(STATUS_BAD_INPUT, "#96 2 7 1 1 #93 x00 " SIGNED);
    expect(STATUS_BAD_INPUT, "#96 2 7 1 1 #91 #c6ffffffff");
}

static void a_run_cut_or_changed_anywhere_is_refused_or_canonical(void **state)
{
    struct chain *chain = *state;
    struct run run = {FEED, 1, chain->slices, 3, chain->signature, {0}};
    struct buffer encoded = {0};
    assert_int_equal(run_encode(&run, &encoded, NULL), STATUS_OK);
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

/* ---- vectors ---- */

static struct bytes hex_of(const json_t *object, const char *key, uint8_t area[VECTOR_BYTES_MAX])
{
    const char *text = json_string_value(json_object_get(object, key));
    size_t size = text ? strlen(text) / 2 : 0;
    assert_true(text && size <= VECTOR_BYTES_MAX && hex_decode(text, area, size));
    return bytes_of(area, size);
}

static void expect_hex(const json_t *object, const char *key, const void *data, size_t size)
{
    uint8_t area[VECTOR_BYTES_MAX];
    struct bytes wanted = hex_of(object, key, area);
    assert_int_equal(wanted.size, size);
    assert_memory_equal(wanted.data, data, size);
}

static struct signing_key key_of_vector(const json_t *all, const char *seed, const char *public_key)
{
    uint8_t area[VECTOR_BYTES_MAX];
    struct signing_key key;
    assert_int_equal(hex_of(all, seed, area).size, 32);
    signing_key_from_seed(&key, area);
    expect_hex(all, public_key, key.public_key, PUBLIC_KEY_BYTES);
    return key;
}

/* Hash and signature of every entry of a feed; the run holds them all. */
static void check_feed(const json_t *told, const struct network *network,
                       const struct signing_key *key)
{
    uint8_t area[VECTOR_BYTES_MAX], body_area[VECTOR_BYTES_MAX], signature[SIGNATURE_BYTES];
    struct run run;
    struct bytes *bodies;
    struct hash hash = NO_HASH;
    size_t i;
    const json_t *entry, *entries = json_object_get(told, "entries");
    assert_int_equal(run_decode(&run, &bodies, hex_of(told, "run", area), NULL), STATUS_OK);
    assert_int_equal(run.feed.scope, json_integer_value(json_object_get(told, "scope")));
    assert_int_equal(run.feed.device, json_integer_value(json_object_get(told, "device")));
    assert_int_equal(run.feed.incarnation,
                     json_integer_value(json_object_get(told, "incarnation")));
    assert_int_equal(run.count, json_array_size(entries));
    json_array_foreach(entries, i, entry)
    {
        struct dot dot = {run.feed, run.first + i};
        struct hash previous = hash;
        assert_int_equal(json_integer_value(json_object_get(entry, "number")), dot.number);
        assert_true(bytes_equal(bodies[i], hex_of(entry, "body", body_area)));
        expect_hex(entry, "previous", previous.bytes, HASH_BYTES);
        entry_hash(&hash, network, &dot, &previous, bodies[i]);
        expect_hex(entry, "hash", hash.bytes, HASH_BYTES);
        entry_sign(signature, network, &hash, key);
        expect_hex(entry, "signature", signature, SIGNATURE_BYTES);
    }
    assert_memory_equal(run.signature, signature, SIGNATURE_BYTES);
    assert_true(entry_verify(run.signature, network, &hash, key->public_key));
    assert_int_equal(decode(hex_of(told, "run", area)), STATUS_OK);
    free(bodies);
}

static void vectors_hash_and_sign_as_they_say(void **state)
{
    (void)state;
    json_t *all = json_load_file(SOURCE_DIR "/tests/vectors/entry.json", 0, NULL);
    size_t i;
    const json_t *feed;
    assert_non_null(all);
    struct signing_key root = key_of_vector(all, "root_seed", "root_public");
    struct signing_key device = key_of_vector(all, "device_seed", "device_public");
    struct network network = network_of_root(bytes_of(root.public_key, PUBLIC_KEY_BYTES));
    expect_hex(all, "network", network.id, NETWORK_BYTES);
    assert_int_equal(json_array_size(json_object_get(all, "feeds")), 3);
    json_array_foreach(json_object_get(all, "feeds"), i, feed)
    {
        check_feed(feed, &network, &device);
    }
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_last_signature_covers_a_run_of_100, make_chain,
                                        free_chain),
        cmocka_unit_test_setup_teardown(a_flipped_bit_in_any_body_breaks_the_run, make_chain,
                                        free_chain),
        cmocka_unit_test_setup_teardown(a_longer_or_shorter_body_breaks_the_run, make_chain,
                                        free_chain),
        cmocka_unit_test_setup_teardown(bodies_in_another_order_break_the_run, make_chain,
                                        free_chain),
        cmocka_unit_test_setup_teardown(another_network_breaks_the_run, make_chain, free_chain),
        cmocka_unit_test_setup_teardown(another_feed_breaks_the_run, make_chain, free_chain),
        cmocka_unit_test_setup_teardown(another_number_breaks_the_run, make_chain, free_chain),
        cmocka_unit_test_setup_teardown(another_predecessor_breaks_the_run, make_chain, free_chain),
        cmocka_unit_test_setup_teardown(a_changed_signature_or_key_breaks_the_run, make_chain,
                                        free_chain),
        cmocka_unit_test_setup_teardown(a_signature_over_another_object_is_none_over_an_entry,
                                        make_chain, free_chain),
        cmocka_unit_test_setup_teardown(a_run_reads_as_it_was_written, make_chain, free_chain),
        cmocka_unit_test(a_run_has_exactly_its_six_parts),
        cmocka_unit_test(a_run_names_its_feed_canonically),
        cmocka_unit_test(a_run_that_promises_more_than_it_brings_is_refused),
        cmocka_unit_test_setup_teardown(a_run_cut_or_changed_anywhere_is_refused_or_canonical,
                                        make_chain, free_chain),
        cmocka_unit_test(vectors_hash_and_sign_as_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
