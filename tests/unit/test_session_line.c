/* The line between two replicas: slow, thin, in single bytes, cut anywhere, or silent. */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/meeting.h"

#define SCOPE SCOPE_RECORDS(2)
#define REGISTRY SCOPE_REGISTRY(1)
#define MIB (1024u * 1024u)

static void expect_done(struct meeting *meeting)
{
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->code, SESSION_DONE);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_HUB)->code, SESSION_DONE);
    assert_true(wire_totals(&meeting->wire, WIRE_CLIENT)->truth_checked);
    assert_true(meeting_agrees(meeting));
}

static void fill_both(struct meeting *meeting)
{
    fake_write(&meeting->phone, SCOPE, 30, 300);
    fake_write(&meeting->hub, REGISTRY, 20, 300);
    fake_carry(&meeting->hub, 9, SCOPE, 30, 300);
}

static void byte_by_byte_is_like_all_at_once(void **state)
{
    struct meeting *meeting = *state;
    fill_both(meeting);
    meeting->wire.chunk_bytes = 1;
    wire_exchange(&meeting->wire);
    expect_done(meeting);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->bytes_out,
                     wire_totals(&meeting->wire, WIRE_HUB)->bytes_in);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_HUB)->bytes_out,
                     wire_totals(&meeting->wire, WIRE_CLIENT)->bytes_in);
}

static void slow_storage_changes_nothing_that_a_question_borrows(void **state)
{
    struct meeting *meeting = *state;
    fill_both(meeting);
    meeting->wire.storage_ms = 400;
    meeting->wire.chunk_bytes = 700;
    wire_exchange(&meeting->wire); /* the wire checks it at every answer */
    expect_done(meeting);
}

/* What the other side provably holds, as remembered, is what it really holds. */
static void expect_honest_memory(struct meeting *meeting)
{
    for (size_t i = 0; i < meeting->phone.peers_count; i++) {
        const struct frontier *held = &meeting->phone.peers[i].held;
        for (size_t row = 0; row < held->count; row++)
            assert_true(held->rows[row].number <= fake_has(&meeting->hub,
                                                           held->rows[row].feed.device,
                                                           held->rows[row].feed.scope));
    }
}

/* One session cut after `bytes`, then whole ones: how many bytes did the first carry? */
static uint64_t cut_after(uint64_t bytes, uint64_t storage_ms, size_t chunk_bytes)
{
    static struct meeting meeting;
    meeting_init(&meeting);
    fake_write(&meeting.phone, SCOPE, 4, 90);
    fake_write(&meeting.hub, REGISTRY, 3, 90);
    wire_exchange(&meeting.wire);
    fake_write(&meeting.phone, SCOPE, 3, 90);
    fake_carry(&meeting.hub, 9, SCOPE, 3, 90);
    meeting.wire.storage_ms = storage_ms;
    meeting.wire.chunk_bytes = chunk_bytes;
    meeting.wire.cut_after_bytes = bytes;
    wire_exchange(&meeting.wire);
    uint64_t carried = meeting.wire.carried_bytes;
    assert_true(meeting.wire.side[WIRE_CLIENT].over && meeting.wire.side[WIRE_HUB].over);
    expect_honest_memory(&meeting);
    meeting.wire.cut_after_bytes = UINT64_MAX;
    wire_exchange(&meeting.wire);
    expect_done(&meeting);
    expect_honest_memory(&meeting);
    assert_int_equal(fake_has(&meeting.hub, 7, SCOPE), 7);
    assert_int_equal(fake_has(&meeting.phone, 9, SCOPE), 3);
    wire_exchange(&meeting.wire);
    expect_done(&meeting);
    assert_int_equal(wire_totals(&meeting.wire, WIRE_CLIENT)->round_trips, 1);
    meeting_release(&meeting);
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
    struct meeting *meeting = *state;
    fill_both(meeting);
    meeting->wire.cut_after_bytes = 9000;
    wire_exchange(&meeting->wire);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->code, SESSION_STOPPING);
    assert_string_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->reason, "the connection broke");
}

static void an_entry_of_a_mebibyte_crosses_both_ways(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 1, ENTRY_BYTES_MAX);
    fake_carry(&meeting->hub, 9, SCOPE, 1, ENTRY_BYTES_MAX);
    wire_exchange(&meeting->wire);
    expect_done(meeting);
}

/* 2.5 kB/s: seven minutes for the entry, in which its sender hears nothing of use. */
static void a_big_entry_over_a_thin_line_is_not_taken_for_silence(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 1, ENTRY_BYTES_MAX);
    meeting->wire.bytes_per_s = 2500;
    meeting->wire.chunk_bytes = 1400;
    wire_exchange(&meeting->wire);
    expect_done(meeting);
    assert_true(meeting->wire.now_ms > 400000);
}

static void a_long_backlog_stays_within_bounds(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 8000, 1000);
    fake_carry(&meeting->hub, 9, SCOPE, 8000, 1000);
    meeting->wire.bytes_per_s = 20000000;
    meeting->wire.chunk_bytes = 65536;
    meeting->wire.storage_ms = 4;
    wire_exchange(&meeting->wire);
    expect_done(meeting);
    for (int end = 0; end < WIRE_ENDS; end++)
        assert_true(meeting->wire.side[end].send_most <= 128 * 1024);
    assert_true(wire_totals(&meeting->wire, WIRE_CLIENT)->round_trips <= 3);
}

/* The peer is stuck with its first question: how much is sent into the void? */
static void no_more_is_under_way_than_the_peer_reads(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->hub, REGISTRY, 3, 100);
    wire_exchange(&meeting->wire);
    fake_carry(&meeting->hub, 9, SCOPE, 8000, 1000);
    wire_open(&meeting->wire);
    wire_run(&meeting->wire, 10); /* the hub has answered, nothing has come back */
    assert_true(wire_totals(&meeting->wire, WIRE_HUB)->bytes_out >= 256 * 1024);
    assert_true(wire_totals(&meeting->wire, WIRE_HUB)->bytes_out <= MIB);
    wire_run(&meeting->wire, 3600000);
    expect_done(meeting);
}

/* Its host can't get rid of what was to be sent: it loads nothing, but still takes in and stores.
 */
static void a_congested_side_loads_nothing_and_goes_on_listening(void **state)
{
    struct meeting *meeting = *state;
    wire_exchange(&meeting->wire);
    fake_carry(&meeting->hub, 9, SCOPE, 3000, 1000);
    fake_write(&meeting->phone, SCOPE, 300, 1000);
    wire_open(&meeting->wire);
    meeting->wire.side[WIRE_HUB].congested = true;
    wire_run(&meeting->wire, 5000);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_HUB)->sent, 0);
    assert_int_equal(fake_has(&meeting->hub, 7, SCOPE), 300);
    meeting->wire.side[WIRE_HUB].congested = false;
    wire_event(&meeting->wire, WIRE_HUB, SESSION_TICK);
    wire_run(&meeting->wire, 3600000);
    expect_done(meeting);
    assert_int_equal(fake_has(&meeting->phone, 9, SCOPE), 3000);
}

static void an_interrupted_upload_goes_on_where_it_was(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 2000, 1000);
    meeting->wire.bytes_per_s = 20000;
    meeting->wire.chunk_bytes = 1400;
    meeting->wire.latency_ms = 400;
    uint64_t carried = 0;
    for (int session = 0; session < 10; session++) {
        meeting->wire.cut_after_bytes = 300000;
        wire_exchange(&meeting->wire);
        carried += wire_totals(&meeting->wire, WIRE_CLIENT)->sent;
        if (wire_totals(&meeting->wire, WIRE_CLIENT)->code == SESSION_DONE)
            break;
    }
    expect_done(meeting);
    assert_true(carried < 2 * 2000 + 2000); /* not ten times two thousand */
}

static void a_hub_that_never_answers_is_given_up(void **state)
{
    struct meeting *meeting = *state;
    meeting->wire.latency_ms = 10000000; /* the line swallows all */
    wire_open(&meeting->wire);
    wire_run(&meeting->wire, SESSION_HANDSHAKE_MS - 1);
    assert_false(meeting->wire.side[WIRE_CLIENT].over);
    wire_run(&meeting->wire, SESSION_HANDSHAKE_MS);
    assert_true(meeting->wire.side[WIRE_CLIENT].over);
    assert_string_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->reason, "silence");
}

static void a_stranger_that_says_nothing_is_let_go_in_silence(void **state)
{
    struct meeting *meeting = *state;
    meeting->wire.latency_ms = 10000000;
    wire_open(&meeting->wire);
    wire_run(&meeting->wire, SESSION_HANDSHAKE_MS);
    assert_true(meeting->wire.side[WIRE_HUB].over);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_HUB)->bytes_out, 0);
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
    struct meeting *meeting = *state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct session_options options = {.role = SESSION_RESPONDER, .local = meeting->hub.dh};
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
    struct meeting *meeting = *state;
    meeting->wire.storage_ms = 1000;
    wire_open(&meeting->wire);
    for (uint64_t ms = 100; ms < 10000 && !meeting->wire.side[WIRE_HUB].question_open; ms += 100)
        wire_run(&meeting->wire, ms);
    assert_true(meeting->wire.side[WIRE_HUB].question_open);
    struct session *hub = meeting->wire.side[WIRE_HUB].session;
    assert_false(ends_with(hub, SESSION_BYTES, bytes_of(torrent, 100)));
    assert_true(ends_with(hub, SESSION_BYTES, bytes_of(torrent, sizeof torrent - 100)));
}

/* Message 1 arrives, and then the client is gone without a word. */
static void silence_ends_an_open_session(void **state)
{
    struct meeting *meeting = *state;
    wire_open(&meeting->wire);
    wire_run(&meeting->wire, 10);
    assert_false(meeting->wire.side[WIRE_HUB].over);
    meeting->wire.side[WIRE_CLIENT].over = true;
    wire_run(&meeting->wire, 10 + SESSION_SILENCE_MS - 1);
    assert_false(meeting->wire.side[WIRE_HUB].over);
    wire_run(&meeting->wire, 10 + SESSION_SILENCE_MS);
    assert_true(meeting->wire.side[WIRE_HUB].over);
}

/* A byte now and then holds a place, but isn't talk. */
static void a_peer_that_trickles_is_silent(void **state)
{
    struct meeting *meeting = *state;
    struct session_event event = {.kind = SESSION_BYTES, .bytes = bytes_of("\x10\x00", 1)};
    struct session_update update;
    wire_open(&meeting->wire);
    wire_run(&meeting->wire, 10);
    struct session *hub = meeting->wire.side[WIRE_HUB].session;
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
    struct meeting *meeting = *state;
    fill_both(meeting);
    meeting->wire.storage_ms = SESSION_SILENCE_MS / 4; /* of several questions, one after another */
    wire_open(&meeting->wire);
    wire_run(&meeting->wire, SESSION_HANDSHAKE_MS - 1);
    assert_false(meeting->wire.side[WIRE_HUB].over);
}

static void a_watching_session_pings_and_outlives_the_night(void **state)
{
    struct meeting *meeting = *state;
    meeting->wire.options.watch = true;
    wire_open(&meeting->wire);
    wire_run(&meeting->wire, 8 * 3600000);
    assert_false(meeting->wire.side[WIRE_CLIENT].over || meeting->wire.side[WIRE_HUB].over);
    assert_non_null(strstr(wire_trace(&meeting->wire), "PING"));
    assert_int_equal(meeting->wire.side[WIRE_CLIENT].settled, 1);
    fake_write(&meeting->phone, SCOPE, 1, 100);
    wire_event(&meeting->wire, WIRE_CLIENT, SESSION_LOCAL);
    wire_run(&meeting->wire, meeting->wire.now_ms + 100);
    assert_int_equal(fake_has(&meeting->hub, 7, SCOPE), 1);
    meeting->wire.side[WIRE_HUB].over = true; /* its machine lost power */
    wire_run(&meeting->wire, meeting->wire.now_ms + SESSION_IDLE_MS / 2 + SESSION_SILENCE_MS);
    assert_true(meeting->wire.side[WIRE_CLIENT].over);
    assert_string_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->reason, "silence");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, meeting_set_up, meeting_tear_down)

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
