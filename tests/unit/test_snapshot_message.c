/* Messages about snapshots: their form, the manifest's, and what a session takes from a peer that
 * keeps no rules. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "protocol/snapshot_message.h"
#include "tests/support/puppet.h"

#define SCOPE SCOPE_RECORDS(7)

static const struct snapshot_given given = {
    .name = {{7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
              7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7}},
    .scope = SCOPE,
    .chunks = 2,
    .sealed_bytes = 100,
    .bytes = 70000};
static const uint8_t bytes[CHUNK_PIECE_BYTES + 1];

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static struct bytes body_of(const struct buffer *written)
{
    struct bytes rest = buffer_bytes(written);
    struct message message;
    bool taken;
    done(message_take(&rest, &message, &taken));
    assert_true(taken && rest.size == 0);
    return message.body;
}

/* ---- their form ---- */

static struct buffer vector(json_t *vectors, const char *name)
{
    struct buffer out = {0};
    const char *hex = json_string_value(json_object_get(vectors, name));
    assert_non_null(hex);
    done(buffer_reserve(&out, strlen(hex) / 2));
    out.size = strlen(hex) / 2;
    assert_true(hex_decode(hex, out.data, out.size));
    return out;
}

static void expect(json_t *vectors, const char *name, struct buffer *written)
{
    struct buffer expected = vector(vectors, name);
    assert_true(bytes_equal(buffer_bytes(&expected), buffer_bytes(written)));
    buffer_release(&expected);
    buffer_clear(written);
}

/* Of one scope, two feeds. */
static void put_stable(struct buffer *out)
{
    struct frontier stable = {0};
    struct buffer encoded = {0};
    done(frontier_raise(&stable, &(struct feed_id){14, 3, 1}, 417, NULL));
    done(frontier_raise(&stable, &(struct feed_id){14, 4, 1}, 2, NULL));
    done(frontier_encode(&stable, &encoded, NULL));
    done(message_put_bin(out, MESSAGE_STABLE, buffer_bytes(&encoded)));
    frontier_release(&stable);
    buffer_release(&encoded);
}

/* tests/vectors/snapshot.py reads the protocol's page for itself. */
static void manifest_and_messages_are_those_of_the_vectors(void **state)
{
    json_t *vectors = json_load_file(SOURCE_DIR "/tests/vectors/snapshot.json", 0, NULL);
    json_t *messages = json_object_get(vectors, "messages");
    struct network network;
    struct signing_key key;
    struct snapshot snapshot = {0};
    struct buffer written = {0};
    (void)state;
    struct buffer sealed = vector(vectors, "sealed"), leaves = vector(vectors, "leaves");
    struct buffer seed = vector(vectors, "seed"), id = vector(vectors, "network");
    memcpy(network.id, id.data, NETWORK_BYTES);
    signing_key_from_seed(&key, seed.data);
    done(snapshot_open(&snapshot, &network, key.public_key, buffer_bytes(&sealed),
                       buffer_bytes(&leaves), NULL));
    assert_int_equal(snapshot.scope, 14);
    assert_int_equal(snapshot.feeds[0].number, 417);
    done(snapshot_seal(&snapshot, &network, &key, &written, NULL));
    expect(vectors, "sealed", &written);
    struct snapshot_given named = {.scope = 14, .chunks = 2, .bytes = 11};
    named.sealed_bytes = (uint32_t)sealed.size;
    snapshot_name_of(&named.name, &network, buffer_bytes(&sealed));
    done(message_put_snapshot(&written, &named));
    expect(messages, "SNAPSHOT", &written);
    done(message_put_fetch(&written, &(struct message_fetch){14, named.name, 1, 2}));
    expect(messages, "FETCH", &written);
    done(message_put_chunk(&written, &(struct message_chunk){1, 9, bytes_text("frame")}));
    expect(messages, "CHUNK", &written);
    done(message_put_settled(&written, &(struct message_settled){14, named.name, 3}));
    expect(messages, "SETTLED", &written);
    put_stable(&written);
    expect(messages, "STABLE", &written);
    struct buffer *all[] = {&sealed, &leaves, &seed, &id, &written};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buffer_release(all[i]);
    snapshot_release(&snapshot);
    signing_key_release(&key);
    json_decref(vectors);
}

static bool decodes(uint8_t type, struct bytes body)
{
    struct snapshot_given offer;
    struct message_fetch fetch;
    struct message_chunk chunk;
    struct message_settled settled;
    switch (type) {
    case MESSAGE_SNAPSHOT:
        return message_decode_snapshot(body, &offer);
    case MESSAGE_FETCH:
        return message_decode_fetch(body, &fetch);
    case MESSAGE_CHUNK:
        return message_decode_chunk(body, &chunk);
    default:
        return message_decode_settled(body, &settled);
    }
}

static void each_comes_whole_and_not_a_byte_shorter(void **state)
{
    struct buffer written[4] = {{0}};
    (void)state;
    done(message_put_snapshot(&written[0], &given));
    done(message_put_fetch(&written[1], &(struct message_fetch){SCOPE, given.name, 1, 2}));
    done(message_put_chunk(&written[2], &(struct message_chunk){1, 9, bytes_text("frame")}));
    done(message_put_settled(&written[3], &(struct message_settled){SCOPE, given.name, 3}));
    for (int i = 0; i < 4; i++) {
        struct bytes body = body_of(&written[i]);
        assert_true(decodes((uint8_t)(MESSAGE_SNAPSHOT + i), body));
        for (size_t size = 0; size < body.size; size++)
            assert_false(decodes((uint8_t)(MESSAGE_SNAPSHOT + i), bytes_of(body.data, size)));
        buffer_release(&written[i]);
    }
}

static bool offer_holds(struct snapshot_given changed)
{
    struct buffer written = {0};
    done(message_put_snapshot(&written, &changed));
    bool holds = decodes(MESSAGE_SNAPSHOT, body_of(&written));
    buffer_release(&written);
    return holds;
}

static bool fetch_holds(uint32_t place, uint32_t count)
{
    struct buffer written = {0};
    done(message_put_fetch(&written, &(struct message_fetch){SCOPE, given.name, place, count}));
    bool holds = decodes(MESSAGE_FETCH, body_of(&written));
    buffer_release(&written);
    return holds;
}

static bool piece_holds(size_t size, uint32_t whole)
{
    struct buffer written = {0};
    done(message_put_chunk(&written, &(struct message_chunk){1, whole, bytes_of(bytes, size)}));
    bool holds = decodes(MESSAGE_CHUNK, body_of(&written));
    buffer_release(&written);
    return holds;
}

static void nothing_is_larger_than_a_taker_has_room_for(void **state)
{
    struct snapshot_given changed = given;
    (void)state;
    changed.chunks = SNAPSHOT_CHUNKS_MAX;
    assert_true(offer_holds(changed));
    changed.chunks++;
    assert_false(offer_holds(changed));
    changed = given;
    changed.sealed_bytes = SNAPSHOT_HEAD_MAX - 2 * HASH_BYTES;
    assert_true(offer_holds(changed));
    changed.sealed_bytes++;
    assert_false(offer_holds(changed));
    changed = given;
    changed.scope = SCOPE_REGISTRY(7);
    assert_false(offer_holds(changed));
    assert_true(fetch_holds(0, 1) && fetch_holds(SNAPSHOT_CHUNKS_MAX, FETCH_PLACES_MAX));
    assert_false(fetch_holds(0, 0) || fetch_holds(0, FETCH_PLACES_MAX + 1) ||
                 fetch_holds(SNAPSHOT_CHUNKS_MAX + 1, 1));
    assert_true(piece_holds(1, 1) && piece_holds(CHUNK_PIECE_BYTES, SNAPSHOT_HEAD_MAX));
    assert_false(piece_holds(0, 1) || piece_holds(CHUNK_PIECE_BYTES + 1, SNAPSHOT_HEAD_MAX) ||
                 piece_holds(1, SNAPSHOT_HEAD_MAX + 1));
}

/* ---- a peer that keeps no rules ---- */

static struct puppet puppet;
static bool asks_stable;

static void greet(enum session_role role)
{
    static const uint8_t nothing[] = {0x90};
    struct buffer first = {0};
    puppet_init(&puppet, role);
    fake_carry(&puppet.fake, 4, SCOPE, 1, 100);
    puppet.fake.snapshot_scope = SCOPE;
    puppet.fake.snapshot_chunks = 2;
    puppet.fake.asks_stable = asks_stable;
    puppet_event(&puppet, SESSION_STARTED);
    struct message_hello hello = {.version = SESSION_VERSION,
                                  .flags = HELLO_HELD | HELLO_SNAPSHOTS,
                                  .device = 7,
                                  .delta = bytes_of(nothing, sizeof nothing)};
    struct message_welcome welcome = {
        .device = puppet.fake.device, .lineage = 77, .remembered = true};
    done(role == SESSION_RESPONDER ? message_put_hello(&first, &hello)
                                   : message_put_welcome(&first, &welcome));
    puppet_shake(&puppet, buffer_bytes(&first));
    assert_false(puppet.over);
    buffer_release(&first);
}

static void offer(void)
{
    struct buffer message = {0};
    done(message_put_snapshot(&message, &given));
    puppet_tell(&puppet, &message);
}

static void give(uint32_t place, uint32_t whole, size_t size)
{
    struct buffer message = {0};
    done(message_put_chunk(&message, &(struct message_chunk){place, whole, bytes_of(bytes, size)}));
    puppet_tell(&puppet, &message);
}

static void fetch(uint32_t place, uint32_t count)
{
    struct buffer message = {0};
    done(message_put_fetch(&message, &(struct message_fetch){SCOPE, given.name, place, count}));
    puppet_tell(&puppet, &message);
}

static void settle(uint64_t code)
{
    struct buffer message = {0};
    done(message_put_settled(&message, &(struct message_settled){SCOPE, given.name, code}));
    puppet_tell(&puppet, &message);
}

static void what_was_not_fetched_ends_the_session(void **state)
{
    (void)state;
    greet(SESSION_INITIATOR);
    give(0, 164, 164); /* nothing was offered */
    puppet_end(&puppet, true);
    greet(SESSION_INITIATOR);
    offer();
    give(1, 50, 50); /* the head is first */
    puppet_end(&puppet, true);
    greet(SESSION_INITIATOR);
    offer();
    give(0, 165, 165); /* which has its size */
    puppet_end(&puppet, true);
    greet(SESSION_INITIATOR);
    offer();
    give(0, 164, 164);
    give(1, CHUNK_FRAME_MAX + 1, 10);
    puppet_end(&puppet, true);
    greet(SESSION_INITIATOR);
    offer();
    give(0, 164, 164);
    give(1, 50, 30);
    give(1, 50, 30); /* more than it said */
    puppet_end(&puppet, true);
    greet(SESSION_INITIATOR);
    offer();
    offer(); /* before the first is settled */
    puppet_end(&puppet, true);
}

static void a_whole_one_is_placed(void **state)
{
    (void)state;
    greet(SESSION_INITIATOR);
    offer();
    give(0, 164, 100);
    give(0, 164, 64);
    give(1, 50, 50);
    assert_int_equal(session_totals(puppet.session)->snapshots_taken, 0);
    give(2, 40, 40);
    assert_int_equal(session_totals(puppet.session)->snapshots_taken, 1);
    puppet_end(&puppet, false);
}

static void one_that_is_gone_makes_room_for_another(void **state)
{
    (void)state;
    greet(SESSION_INITIATOR);
    offer();
    give(0, 164, 164);
    give(1, 50, 30);
    settle(SNAPSHOT_GONE);
    settle(SNAPSHOT_GONE); /* of nothing */
    offer();
    give(1, 50, 50);
    give(2, 40, 40);
    assert_int_equal(session_totals(puppet.session)->snapshots_taken, 1);
    puppet_end(&puppet, false);
}

static void who_fetches_keeps_within_what_was_offered(void **state)
{
    (void)state;
    greet(SESSION_RESPONDER);
    fetch(0, 3);
    assert_true(puppet.heard.size > 2 * FAKE_CHUNK_BYTES);
    settle(SNAPSHOT_TAKEN);
    fetch(0, 1); /* it is over: nothing is given, and nothing broken */
    puppet_end(&puppet, false);
    greet(SESSION_RESPONDER);
    fetch(1, 3);
    puppet_end(&puppet, true);
    greet(SESSION_RESPONDER);
    fetch(3, 1);
    puppet_end(&puppet, true);
}

static void tell_stable(void)
{
    struct buffer message = {0};
    put_stable(&message);
    puppet_tell(&puppet, &message);
}

static void what_is_stable_is_told_once_and_to_who_asked(void **state)
{
    (void)state;
    greet(SESSION_INITIATOR);
    tell_stable();
    puppet_end(&puppet, true);
    asks_stable = true;
    greet(SESSION_INITIATOR);
    tell_stable();
    puppet_end(&puppet, false);
    greet(SESSION_INITIATOR);
    tell_stable();
    tell_stable();
    puppet_end(&puppet, true);
    asks_stable = false;
    greet(SESSION_RESPONDER);
    tell_stable(); /* it is the responder's word */
    puppet_end(&puppet, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifest_and_messages_are_those_of_the_vectors),
        cmocka_unit_test(each_comes_whole_and_not_a_byte_shorter),
        cmocka_unit_test(nothing_is_larger_than_a_taker_has_room_for),
        cmocka_unit_test(what_was_not_fetched_ends_the_session),
        cmocka_unit_test(a_whole_one_is_placed),
        cmocka_unit_test(one_that_is_gone_makes_room_for_another),
        cmocka_unit_test(who_fetches_keeps_within_what_was_offered),
        cmocka_unit_test(what_is_stable_is_told_once_and_to_who_asked),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
