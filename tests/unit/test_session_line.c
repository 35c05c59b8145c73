/* The line between two replicas: slow, thin, in single bytes, cut anywhere, or silent. */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/wire.h"

#define SCOPE SCOPE_RECORDS(2)
#define REGISTRY SCOPE_REGISTRY(1)
#define MIB (1024u * 1024u)

struct world {
    struct fake phone, hub;
    struct wire wire;
};

static void world_init(struct world *world)
{
    fake_init(&world->phone, "phone", 7, 1);
    fake_init(&world->hub, "hub", DEVICE_HUB, 2);
    fake_knows(&world->hub, &world->phone, SESSION_DONE);
    wire_init(&world->wire, &world->phone, &world->hub);
}

static void world_release(struct world *world)
{
    wire_release(&world->wire);
    fake_release(&world->phone);
    fake_release(&world->hub);
}

static int set_up(void **state)
{
    static struct world world;
    world_init(&world);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    world_release(*state);
    return 0;
}

static bool same(struct world *world)
{
    struct hash phone, hub;
    assert_int_equal(frontier_digest(fake_frontier(&world->phone), &phone, NULL), STATUS_OK);
    assert_int_equal(frontier_digest(fake_frontier(&world->hub), &hub, NULL), STATUS_OK);
    return memcmp(phone.bytes, hub.bytes, HASH_BYTES) == 0;
}

static void expect_done(struct world *world)
{
    assert_int_equal(wire_totals(&world->wire, WIRE_CLIENT)->code, SESSION_DONE);
    assert_int_equal(wire_totals(&world->wire, WIRE_HUB)->code, SESSION_DONE);
    assert_true(wire_totals(&world->wire, WIRE_CLIENT)->truth_checked);
    assert_true(same(world));
}

static void fill_both(struct world *world)
{
    fake_write(&world->phone, SCOPE, 30, 300);
    fake_write(&world->hub, REGISTRY, 20, 300);
    fake_carry(&world->hub, 9, SCOPE, 30, 300);
}

static void byte_by_byte_is_like_all_at_once(void **state)
{
    struct world *world = *state;
    fill_both(world);
    world->wire.chunk_bytes = 1;
    wire_exchange(&world->wire);
    expect_done(world);
    assert_int_equal(wire_totals(&world->wire, WIRE_CLIENT)->bytes_out,
                     wire_totals(&world->wire, WIRE_HUB)->bytes_in);
    assert_int_equal(wire_totals(&world->wire, WIRE_HUB)->bytes_out,
                     wire_totals(&world->wire, WIRE_CLIENT)->bytes_in);
}

static void slow_storage_changes_nothing_that_a_question_borrows(void **state)
{
    struct world *world = *state;
    fill_both(world);
    world->wire.storage_ms = 400;
    world->wire.chunk_bytes = 700;
    wire_exchange(&world->wire); /* the wire checks it at every answer */
    expect_done(world);
}

/* What the other side provably holds, as remembered, is what it really holds. */
static void expect_honest_memory(struct world *world)
{
    for (size_t i = 0; i < world->phone.peers_count; i++) {
        const struct frontier *held = &world->phone.peers[i].held;
        for (size_t row = 0; row < held->count; row++)
            assert_true(held->rows[row].number <= fake_has(&world->hub, held->rows[row].feed.device,
                                                           held->rows[row].feed.scope));
    }
}

/* One session cut after `bytes`, then whole ones: how many bytes did the first carry? */
static uint64_t cut_after(uint64_t bytes, uint64_t storage_ms, size_t chunk_bytes)
{
    static struct world world;
    world_init(&world);
    fake_write(&world.phone, SCOPE, 4, 90);
    fake_write(&world.hub, REGISTRY, 3, 90);
    wire_exchange(&world.wire);
    fake_write(&world.phone, SCOPE, 3, 90);
    fake_carry(&world.hub, 9, SCOPE, 3, 90);
    world.wire.storage_ms = storage_ms;
    world.wire.chunk_bytes = chunk_bytes;
    world.wire.cut_after_bytes = bytes;
    wire_exchange(&world.wire);
    uint64_t carried = world.wire.carried_bytes;
    assert_true(world.wire.side[WIRE_CLIENT].over && world.wire.side[WIRE_HUB].over);
    expect_honest_memory(&world);
    world.wire.cut_after_bytes = UINT64_MAX;
    wire_exchange(&world.wire);
    expect_done(&world);
    expect_honest_memory(&world);
    assert_int_equal(fake_has(&world.hub, 7, SCOPE), 7);
    assert_int_equal(fake_has(&world.phone, 9, SCOPE), 3);
    wire_exchange(&world.wire);
    expect_done(&world);
    assert_int_equal(wire_totals(&world.wire, WIRE_CLIENT)->round_trips, 1);
    world_release(&world);
    return carried;
}

static void a_cut_after_any_byte_loses_nothing(void **state)
{
    (void)state;
    uint64_t whole = cut_after(UINT64_MAX, 0, 0);
    assert_true(whole > 800);
    for (uint64_t bytes = 1; bytes <= whole; bytes++) {
        assert_int_equal(cut_after(bytes, 0, 0), bytes);
        cut_after(bytes, 3, 40);
    }
}

static void a_lost_connection_is_not_success(void **state)
{
    struct world *world = *state;
    fill_both(world);
    world->wire.cut_after_bytes = 9000;
    wire_exchange(&world->wire);
    assert_int_equal(wire_totals(&world->wire, WIRE_CLIENT)->code, SESSION_STOPPING);
    assert_string_equal(wire_totals(&world->wire, WIRE_CLIENT)->reason, "the connection broke");
}

static void an_entry_of_a_mebibyte_crosses_both_ways(void **state)
{
    struct world *world = *state;
    fake_write(&world->phone, SCOPE, 1, ENTRY_BYTES_MAX);
    fake_carry(&world->hub, 9, SCOPE, 1, ENTRY_BYTES_MAX);
    wire_exchange(&world->wire);
    expect_done(world);
}

/* 2.5 kB/s: seven minutes for the entry, in which its sender hears nothing of use. */
static void a_big_entry_over_a_thin_line_is_not_taken_for_silence(void **state)
{
    struct world *world = *state;
    fake_write(&world->phone, SCOPE, 1, ENTRY_BYTES_MAX);
    world->wire.bytes_per_s = 2500;
    world->wire.chunk_bytes = 1400;
    wire_exchange(&world->wire);
    expect_done(world);
    assert_true(world->wire.now_ms > 400000);
}

static void a_long_backlog_stays_within_bounds(void **state)
{
    struct world *world = *state;
    fake_write(&world->phone, SCOPE, 8000, 1000);
    fake_carry(&world->hub, 9, SCOPE, 8000, 1000);
    world->wire.bytes_per_s = 20000000;
    world->wire.chunk_bytes = 65536;
    world->wire.storage_ms = 4;
    wire_exchange(&world->wire);
    expect_done(world);
    for (int end = 0; end < WIRE_ENDS; end++)
        assert_true(world->wire.side[end].send_most <= 128 * 1024);
    assert_true(wire_totals(&world->wire, WIRE_CLIENT)->round_trips <= 3);
}

/* The peer is stuck with its first question: how much is sent into the void? */
static void no_more_is_under_way_than_the_peer_reads(void **state)
{
    struct world *world = *state;
    fake_write(&world->hub, REGISTRY, 3, 100);
    wire_exchange(&world->wire);
    fake_carry(&world->hub, 9, SCOPE, 8000, 1000);
    wire_open(&world->wire);
    wire_run(&world->wire, 10); /* the hub has answered, nothing has come back */
    assert_true(wire_totals(&world->wire, WIRE_HUB)->bytes_out >= 256 * 1024);
    assert_true(wire_totals(&world->wire, WIRE_HUB)->bytes_out <= MIB);
    wire_run(&world->wire, 3600000);
    expect_done(world);
}

/* Its host can't get rid of what was to be sent: it loads nothing, but still takes in and stores.
 */
static void a_congested_side_loads_nothing_and_goes_on_listening(void **state)
{
    struct world *world = *state;
    wire_exchange(&world->wire);
    fake_carry(&world->hub, 9, SCOPE, 3000, 1000);
    fake_write(&world->phone, SCOPE, 300, 1000);
    wire_open(&world->wire);
    world->wire.side[WIRE_HUB].congested = true;
    wire_run(&world->wire, 5000);
    assert_int_equal(wire_totals(&world->wire, WIRE_HUB)->sent, 0);
    assert_int_equal(fake_has(&world->hub, 7, SCOPE), 300);
    world->wire.side[WIRE_HUB].congested = false;
    wire_event(&world->wire, WIRE_HUB, SESSION_TICK);
    wire_run(&world->wire, 3600000);
    expect_done(world);
    assert_int_equal(fake_has(&world->phone, 9, SCOPE), 3000);
}

static void an_interrupted_upload_goes_on_where_it_was(void **state)
{
    struct world *world = *state;
    fake_write(&world->phone, SCOPE, 2000, 1000);
    world->wire.bytes_per_s = 20000;
    world->wire.chunk_bytes = 1400;
    world->wire.latency_ms = 400;
    uint64_t carried = 0;
    for (int session = 0; session < 10; session++) {
        world->wire.cut_after_bytes = 300000;
        wire_exchange(&world->wire);
        carried += wire_totals(&world->wire, WIRE_CLIENT)->sent;
        if (wire_totals(&world->wire, WIRE_CLIENT)->code == SESSION_DONE)
            break;
    }
    expect_done(world);
    assert_true(carried < 2 * 2000 + 2000); /* not ten times two thousand */
}

static void a_hub_that_never_answers_is_given_up(void **state)
{
    struct world *world = *state;
    world->wire.latency_ms = 10000000; /* the line swallows all */
    wire_open(&world->wire);
    wire_run(&world->wire, SESSION_HANDSHAKE_MS - 1);
    assert_false(world->wire.side[WIRE_CLIENT].over);
    wire_run(&world->wire, SESSION_HANDSHAKE_MS);
    assert_true(world->wire.side[WIRE_CLIENT].over);
    assert_string_equal(wire_totals(&world->wire, WIRE_CLIENT)->reason, "silence");
}

static void a_stranger_that_says_nothing_is_let_go_in_silence(void **state)
{
    struct world *world = *state;
    world->wire.latency_ms = 10000000;
    wire_open(&world->wire);
    wire_run(&world->wire, SESSION_HANDSHAKE_MS);
    assert_true(world->wire.side[WIRE_HUB].over);
    assert_int_equal(wire_totals(&world->wire, WIRE_HUB)->bytes_out, 0);
}

/* One event to a session; true when it is over. */
static bool ends_with(struct session *session, enum session_event_kind kind, struct bytes bytes)
{
    struct session_event event = {.kind = kind, .bytes = bytes};
    struct session_update update = {0};
    return session_step(session, &event, &update, NULL) != STATUS_OK || update.over;
}

static void a_length_that_no_frame_has_ends_the_session_at_once(void **state)
{
    static const uint8_t lengths[][2] = {
        {0, 0}, {0xff, 0xff}, {(FRAME_BYTES_MAX + 1) >> 8, (FRAME_BYTES_MAX + 1) & 0xff}};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct session_options options = {.role = SESSION_RESPONDER, .local = world->hub.dh};
        struct session *session;
        assert_int_equal(session_new(&session, &options, NULL), STATUS_OK);
        assert_false(ends_with(session, SESSION_STARTED, (struct bytes){0}));
        assert_true(ends_with(session, SESSION_BYTES, bytes_of(lengths[i], 2)));
        session_free(session);
    }
}

/* The hub still looks who it is when a torrent follows its first message. */
static void who_is_not_answered_yet_has_no_more_than_a_frame_to_say(void **state)
{
    static const uint8_t torrent[FRAME_BYTES_MAX + 3];
    struct world *world = *state;
    world->wire.storage_ms = 1000;
    wire_open(&world->wire);
    for (uint64_t ms = 100; ms < 10000 && !world->wire.side[WIRE_HUB].question_open; ms += 100)
        wire_run(&world->wire, ms);
    assert_true(world->wire.side[WIRE_HUB].question_open);
    struct session *hub = world->wire.side[WIRE_HUB].session;
    assert_false(ends_with(hub, SESSION_BYTES, bytes_of(torrent, 100)));
    assert_true(ends_with(hub, SESSION_BYTES, bytes_of(torrent, sizeof torrent - 100)));
}

/* Message 1 arrives, and then the client is gone without a word. */
static void silence_ends_an_open_session(void **state)
{
    struct world *world = *state;
    wire_open(&world->wire);
    wire_run(&world->wire, 10);
    assert_false(world->wire.side[WIRE_HUB].over);
    world->wire.side[WIRE_CLIENT].over = true;
    wire_run(&world->wire, 10 + SESSION_SILENCE_MS - 1);
    assert_false(world->wire.side[WIRE_HUB].over);
    wire_run(&world->wire, 10 + SESSION_SILENCE_MS);
    assert_true(world->wire.side[WIRE_HUB].over);
}

/* A byte now and then holds a place, but isn't talk. */
static void a_peer_that_trickles_is_silent(void **state)
{
    struct world *world = *state;
    struct session_event event = {.kind = SESSION_BYTES, .bytes = bytes_of("\x10\x00", 1)};
    struct session_update update;
    wire_open(&world->wire);
    wire_run(&world->wire, 10);
    struct session *hub = world->wire.side[WIRE_HUB].session;
    uint64_t deadline_ms = session_deadline_ms(hub);
    for (uint64_t n = 1; n < SESSION_TRICKLE_BYTES; n++) {
        event.now_ms = 10 + n * 100;
        assert_int_equal(session_step(hub, &event, &update, NULL), STATUS_OK);
        assert_int_equal(session_deadline_ms(hub), deadline_ms);
    }
    event.now_ms = 10 + SESSION_TRICKLE_BYTES * 100;
    assert_int_equal(session_step(hub, &event, &update, NULL), STATUS_OK);
    assert_int_equal(session_deadline_ms(hub), event.now_ms + SESSION_SILENCE_MS);
}

static void slow_storage_is_nobodys_silence(void **state)
{
    struct world *world = *state;
    fill_both(world);
    world->wire.storage_ms = SESSION_SILENCE_MS / 4; /* of several questions, one after another */
    wire_open(&world->wire);
    wire_run(&world->wire, SESSION_HANDSHAKE_MS - 1);
    assert_false(world->wire.side[WIRE_HUB].over);
}

static void a_watching_session_pings_and_outlives_the_night(void **state)
{
    struct world *world = *state;
    world->wire.options.watch = true;
    wire_open(&world->wire);
    wire_run(&world->wire, 8 * 3600000);
    assert_false(world->wire.side[WIRE_CLIENT].over || world->wire.side[WIRE_HUB].over);
    assert_non_null(strstr(wire_trace(&world->wire), "PING"));
    assert_int_equal(world->wire.side[WIRE_CLIENT].settled, 1);
    fake_write(&world->phone, SCOPE, 1, 100);
    wire_event(&world->wire, WIRE_CLIENT, SESSION_LOCAL);
    wire_run(&world->wire, world->wire.now_ms + 100);
    assert_int_equal(fake_has(&world->hub, 7, SCOPE), 1);
    world->wire.side[WIRE_HUB].over = true; /* its machine lost power */
    wire_run(&world->wire, world->wire.now_ms + SESSION_IDLE_MS / 2 + SESSION_SILENCE_MS);
    assert_true(world->wire.side[WIRE_CLIENT].over);
    assert_string_equal(wire_totals(&world->wire, WIRE_CLIENT)->reason, "silence");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(byte_by_byte_is_like_all_at_once),
        TEST(slow_storage_changes_nothing_that_a_question_borrows),
        cmocka_unit_test(a_cut_after_any_byte_loses_nothing),
        TEST(a_lost_connection_is_not_success),
        TEST(an_entry_of_a_mebibyte_crosses_both_ways),
        TEST(a_big_entry_over_a_thin_line_is_not_taken_for_silence),
        TEST(a_long_backlog_stays_within_bounds),
        TEST(no_more_is_under_way_than_the_peer_reads),
        TEST(a_congested_side_loads_nothing_and_goes_on_listening),
        TEST(an_interrupted_upload_goes_on_where_it_was),
        TEST(a_hub_that_never_answers_is_given_up),
        TEST(a_stranger_that_says_nothing_is_let_go_in_silence),
        TEST(a_length_that_no_frame_has_ends_the_session_at_once),
        TEST(who_is_not_answered_yet_has_no_more_than_a_frame_to_say),
        TEST(silence_ends_an_open_session),
        TEST(a_peer_that_trickles_is_silent),
        TEST(slow_storage_is_nobodys_silence),
        TEST(a_watching_session_pings_and_outlives_the_night),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
