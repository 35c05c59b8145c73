/* What two replicas say to each other, story by story. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/meeting.h"

#define SCOPE SCOPE_RECORDS(2)     /* 4 */
#define REGISTRY SCOPE_REGISTRY(1) /* 3 */

static void expect_done(struct meeting *meeting, uint32_t round_trips)
{
    const struct session_totals *totals = wire_totals(&meeting->wire, WIRE_CLIENT);
    assert_int_equal(totals->code, SESSION_DONE);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_HUB)->code, SESSION_DONE);
    assert_int_equal(totals->round_trips, round_trips);
    assert_true(totals->truth_checked);
    assert_false(totals->truth_failed);
}

#define EXPECT_TRACE(meeting, text) assert_string_equal(wire_trace(&(meeting)->wire), text)

static void first_contact_exchanges_all_in_one_round_trip(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->hub, REGISTRY, 3, 100);
    fake_write(&meeting->phone, SCOPE, 2, 100);
    wire_exchange(&meeting->wire);
    EXPECT_TRACE(meeting, "[  10] hub < HELLO device 7, beyond: 7/4:2\n"
                          "[  10] hub < RUN 7/4 1-2\n"
                          "[  10] hub < SENT\n"
                          "[  10] hub stored 7/4:2\n"
                          "[  20] phone < WELCOME device 7\n"
                          "[  20] phone < HELD 7/4:2\n"
                          "[  20] phone < RUN 1/3 1-3\n"
                          "[  20] phone < TALLY\n"
                          "[  20] phone < SENT\n"
                          "[  20] phone stored 1/3:3\n"
                          "[  20] phone remembers\n"
                          "[  30] hub < HELD 1/3:3\n"
                          "[  30] hub < BYE 0 ''\n"
                          "[  30] hub remembers\n");
    expect_done(meeting, 1);
    assert_true(meeting_agrees(meeting));
}

static void nothing_new_costs_one_round_trip_and_few_bytes(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->hub, REGISTRY, 3, 100);
    fake_write(&meeting->phone, SCOPE, 2, 100);
    meeting->hub.lineage = meeting->phone.lineage = UINT64_MAX / 2;
    meeting->hub.beacon = meeting->phone.beacon = 100000;
    meeting->hub.link_key = meeting->hub.beacon_sealed = bytes_text("known already");
    wire_exchange(&meeting->wire);
    wire_exchange(&meeting->wire);
    EXPECT_TRACE(meeting, "[  10] hub < HELLO device 7, as told, beyond: nothing\n"
                          "[  10] hub < SENT\n"
                          "[  20] phone < WELCOME device 7\n"
                          "[  20] phone < TALLY\n"
                          "[  20] phone < SENT\n"
                          "[  30] hub < BYE 0 ''\n");
    expect_done(meeting, 1);
    assert_true(meeting->wire.payload_bytes <= 160);
    assert_true(meeting->wire.carried_bytes <= 320);
}

static void a_push_is_durable_after_one_round_trip(void **state)
{
    struct meeting *meeting = *state;
    wire_exchange(&meeting->wire);
    fake_write(&meeting->phone, SCOPE, 5, 200);
    wire_exchange(&meeting->wire);
    EXPECT_TRACE(meeting, "[  10] hub < HELLO device 7, beyond: 7/4:5\n"
                          "[  10] hub < RUN 7/4 1-5\n"
                          "[  10] hub < SENT\n"
                          "[  10] hub stored 7/4:5\n"
                          "[  20] phone < WELCOME device 7\n"
                          "[  20] phone < HELD 7/4:5\n"
                          "[  20] phone < TALLY\n"
                          "[  20] phone < SENT\n"
                          "[  20] phone remembers\n"
                          "[  30] hub < BYE 0 ''\n"
                          "[  30] hub remembers\n");
    expect_done(meeting, 1);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_HUB)->applied, 5);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->sent, 5);
}

static void only_what_is_new_crosses(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 2, 100);
    fake_write(&meeting->hub, REGISTRY, 2, 100);
    wire_exchange(&meeting->wire);
    fake_write(&meeting->phone, SCOPE, 1, 100);
    fake_carry(&meeting->hub, 9, SCOPE, 4, 100);
    wire_exchange(&meeting->wire);
    EXPECT_TRACE(meeting, "[  10] hub < HELLO device 7, as told, beyond: 7/4:3\n"
                          "[  10] hub < RUN 7/4 3-3\n"
                          "[  10] hub < SENT\n"
                          "[  10] hub stored 7/4:3\n"
                          "[  20] phone < WELCOME device 7\n"
                          "[  20] phone < HELD 7/4:3\n"
                          "[  20] phone < RUN 9/4 1-4\n"
                          "[  20] phone < TALLY\n"
                          "[  20] phone < SENT\n"
                          "[  20] phone stored 9/4:4\n"
                          "[  20] phone remembers\n"
                          "[  30] hub < HELD 9/4:4\n"
                          "[  30] hub < BYE 0 ''\n"
                          "[  30] hub remembers\n");
    expect_done(meeting, 1);
    assert_true(meeting_agrees(meeting));
}

static void forgotten_memory_costs_one_round_trip_more(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 2, 100);
    fake_write(&meeting->hub, REGISTRY, 2, 100);
    wire_exchange(&meeting->wire);
    fake_forget(&meeting->hub);
    fake_write(&meeting->phone, SCOPE, 1, 100);
    fake_write(&meeting->hub, REGISTRY, 1, 100);
    wire_exchange(&meeting->wire);
    EXPECT_TRACE(meeting, "[  10] hub < HELLO device 7, as told, beyond: 7/4:3\n"
                          "[  10] hub < RUN 7/4 3-3\n"
                          "[  10] hub < SENT\n"
                          "[  10] hub stored 7/4:3\n"
                          "[  20] phone < WELCOME device 7, not remembered\n"
                          "[  20] phone < HAVE 1/3:3 7/4:2\n"
                          "[  20] phone < HELD 7/4:3\n"
                          "[  30] hub < HAVE 1/3:2 7/4:3\n"
                          "[  30] hub < SENT\n"
                          "[  40] phone < RUN 1/3 3-3\n"
                          "[  40] phone < TALLY\n"
                          "[  40] phone < SENT\n"
                          "[  40] phone stored 1/3:3\n"
                          "[  40] phone remembers\n"
                          "[  50] hub < HELD 1/3:3\n"
                          "[  50] hub < BYE 0 ''\n"
                          "[  50] hub remembers\n");
    expect_done(meeting, 2);
    wire_exchange(&meeting->wire);
    expect_done(meeting, 1);
}

static void a_client_that_forgot_is_told_all_that_it_lacks_and_no_more(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 2, 100);
    fake_write(&meeting->hub, REGISTRY, 20, 100);
    wire_exchange(&meeting->wire);
    fake_forget(&meeting->phone);
    fake_cut(&meeting->phone, DEVICE_HUB, REGISTRY, 12);
    wire_exchange(&meeting->wire);
    expect_done(meeting, 2);
    assert_true(meeting_agrees(meeting));
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->received, 8);
}

/* The restored hub remembers of us what it did, but has lost what it got from us since. */
static void a_hub_of_another_lineage_is_offered_what_it_lost(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 5, 100);
    wire_exchange(&meeting->wire);
    fake_cut(&meeting->hub, 7, SCOPE, 2);
    meeting->hub.lineage = 78;
    wire_exchange(&meeting->wire);
    expect_done(meeting, 2);
    assert_true(meeting_agrees(meeting));
    assert_int_equal(fake_has(&meeting->hub, 7, SCOPE), 5);
}

static void a_long_frontier_does_not_have_to_fit_the_first_frame(void **state)
{
    struct meeting *meeting = *state;
    for (uint32_t device = 100000; device < 100062; device++)
        fake_carry(&meeting->phone, device, 1000000 + device, 1, 20);
    fake_write(&meeting->phone, SCOPE, 1, 100);
    wire_exchange(&meeting->wire);
    expect_done(meeting, 1);
    assert_true(meeting_agrees(meeting));
}

static void enrolling_gives_a_number_and_the_registry(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->hub, REGISTRY, 3, 100);
    memset(meeting->hub.token, 5, sizeof meeting->hub.token);
    meeting->hub.beacon = 4;
    meeting->hub.beacon_sealed = bytes_text("a beacon");
    meeting->hub.link_key = bytes_text("a link key");
    meeting->phone.device = 0;
    meeting->wire.options.enrolling = true;
    memset(meeting->wire.options.token, 5, sizeof meeting->wire.options.token);
    wire_exchange(&meeting->wire);
    EXPECT_TRACE(meeting, "[  10] hub < HELLO device 0 enrolling, beyond: nothing\n"
                          "[  10] hub < ENROL\n"
                          "[  10] hub < SENT\n"
                          "[  20] phone < WELCOME device 40, beacon, link key\n"
                          "[  20] phone < RUN 1/3 1-3\n"
                          "[  20] phone < TALLY\n"
                          "[  20] phone < SENT\n"
                          "[  20] phone stored 1/3:3\n"
                          "[  20] phone remembers\n"
                          "[  30] hub < HELD 1/3:3\n"
                          "[  30] hub < BYE 0 ''\n"
                          "[  30] hub remembers\n");
    expect_done(meeting, 1);
    const struct session *session = meeting->wire.side[WIRE_CLIENT].session;
    assert_int_equal(session_enrolled_as(session), 40);
    assert_true(bytes_equal(session_beacon(session), bytes_text("a beacon")));
    assert_true(bytes_equal(session_link_key(session), bytes_text("a link key")));
    assert_int_equal(session_peer(meeting->wire.side[WIRE_HUB].session), 40);
}

static void a_used_invitation_is_refused(void **state)
{
    struct meeting *meeting = *state;
    meeting->hub.token_used = true;
    meeting->phone.device = 0;
    meeting->wire.options.enrolling = true;
    wire_exchange(&meeting->wire);
    EXPECT_TRACE(meeting,
                 "[  10] hub < HELLO device 0 enrolling, beyond: nothing\n"
                 "[  10] hub < ENROL\n"
                 "[  10] hub < SENT\n"
                 "[  20] phone < WELCOME refused: the invitation is not valid, used up or expired\n"
                 "[  20] phone < BYE 3 'the invitation is not valid, used up or expired'\n");
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->code, SESSION_BAD_TOKEN);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_HUB)->code, SESSION_BAD_TOKEN);
    assert_int_equal(session_enrolled_as(meeting->wire.side[WIRE_CLIENT].session), 0);
}

static void unknown_and_revoked_devices_are_told_so(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 2, 100);
    fake_knows(&meeting->hub, &meeting->phone, SESSION_REVOKED);
    wire_exchange(&meeting->wire);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->code, SESSION_REVOKED);
    meeting->phone.device = 8; /* not what its key says */
    wire_exchange(&meeting->wire);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->code, SESSION_UNKNOWN_DEVICE);
    assert_int_equal(fake_times_asked(&meeting->hub, ASK_STORE), 0);
    assert_int_equal(fake_has(&meeting->hub, 7, SCOPE), 0);
}

static void equal_frontiers_with_different_tables_are_reported(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 2, 100);
    meeting->hub.damaged = true;
    wire_exchange(&meeting->wire);
    assert_true(wire_totals(&meeting->wire, WIRE_CLIENT)->truth_checked);
    assert_true(wire_totals(&meeting->wire, WIRE_CLIENT)->truth_failed);
}

static void what_was_not_stored_is_not_acknowledged(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 2, 100);
    meeting->hub.failing = true;
    wire_exchange(&meeting->wire);
    EXPECT_TRACE(meeting, "[  10] hub < HELLO device 7, beyond: 7/4:2\n"
                          "[  10] hub < RUN 7/4 1-2\n"
                          "[  10] hub < SENT\n"
                          "[  20] phone < WELCOME device 7\n"
                          "[  20] phone < BYE 7 'storage failed'\n");
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->code, SESSION_STORAGE_FAILED);
    meeting->hub.failing = false;
    wire_exchange(&meeting->wire);
    expect_done(meeting, 1);
    assert_true(meeting_agrees(meeting));
}

/* The hub has taken enough: the rest waits at the phone, which gets its news all the same. */
static void what_is_over_the_quota_waits_and_goes_when_there_is_room(void **state)
{
    struct meeting *meeting = *state;
    wire_exchange(&meeting->wire);
    meeting->hub.quota = 60;
    fake_write(&meeting->phone, SCOPE, 5000, 500);
    fake_write(&meeting->hub, REGISTRY, 3, 100);
    wire_exchange(&meeting->wire);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->code, SESSION_DONE);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->held, SESSION_OVER_QUOTA);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_HUB)->holding, SESSION_OVER_QUOTA);
    uint64_t taken = fake_has(&meeting->hub, 7, SCOPE);
    assert_in_range(taken, 60, 100);
    assert_int_equal(fake_has(&meeting->phone, DEVICE_HUB, REGISTRY), 3);
    assert_true(wire_totals(&meeting->wire, WIRE_CLIENT)->sent <
                2500); /* it didn't go on talking */
    meeting->hub.quota = 0;
    wire_exchange(&meeting->wire);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->held, SESSION_DONE);
    assert_true(meeting_agrees(meeting));
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->sent, 5000 - taken);
}

static void a_full_hub_acknowledges_nothing_and_still_tells_its_news(void **state)
{
    struct meeting *meeting = *state;
    wire_exchange(&meeting->wire);
    fake_write(&meeting->phone, SCOPE, 2, 100);
    fake_write(&meeting->hub, REGISTRY, 3, 100);
    meeting->hub.full = true;
    wire_exchange(&meeting->wire);
    EXPECT_TRACE(meeting, "[  10] hub < HELLO device 7, beyond: 7/4:2\n"
                          "[  10] hub < RUN 7/4 1-2\n"
                          "[  10] hub < SENT\n"
                          "[  20] phone < WELCOME device 7\n"
                          "[  20] phone < HOLD 13\n"
                          "[  20] phone < RUN 1/3 1-3\n"
                          "[  20] phone < TALLY\n"
                          "[  20] phone < SENT\n"
                          "[  20] phone stored 1/3:3\n"
                          "[  20] phone remembers\n"
                          "[  30] hub < HELD 1/3:3\n"
                          "[  30] hub < BYE 0 ''\n"
                          "[  30] hub remembers\n");
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->held, SESSION_FULL);
    assert_int_equal(fake_has(&meeting->hub, 7, SCOPE), 0);
    meeting->hub.full = false;
    wire_exchange(&meeting->wire);
    assert_true(meeting_agrees(meeting));
}

static void a_full_phone_still_sends_what_it_saved(void **state)
{
    struct meeting *meeting = *state;
    wire_exchange(&meeting->wire);
    fake_write(&meeting->phone, SCOPE, 500, 500);
    fake_write(&meeting->hub, REGISTRY, 300, 500);
    meeting->phone.full = true;
    wire_exchange(&meeting->wire);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->code, SESSION_DONE);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->holding, SESSION_FULL);
    assert_int_equal(fake_has(&meeting->hub, 7, SCOPE), 500);
    assert_int_equal(fake_has(&meeting->phone, DEVICE_HUB, REGISTRY), 0);
    meeting->phone.full = false;
    wire_exchange(&meeting->wire);
    assert_true(meeting_agrees(meeting));
}

static void a_watching_session_carries_news_both_ways(void **state)
{
    struct meeting *meeting = *state;
    meeting->wire.options.watch = true;
    wire_open(&meeting->wire);
    wire_run(&meeting->wire, 100);
    fake_write(&meeting->phone, SCOPE, 1, 100);
    wire_event(&meeting->wire, WIRE_CLIENT, SESSION_LOCAL);
    wire_run(&meeting->wire, 200);
    fake_carry(&meeting->hub, 9, SCOPE, 2, 100);
    wire_event(&meeting->wire, WIRE_HUB, SESSION_LOCAL);
    wire_run(&meeting->wire, 300);
    wire_event(&meeting->wire, WIRE_HUB, SESSION_LOCAL); /* nothing for this peer */
    wire_run(&meeting->wire, 400);
    wire_event(&meeting->wire, WIRE_CLIENT, SESSION_STOP);
    wire_run(&meeting->wire, 500);
    EXPECT_TRACE(meeting, "[  10] hub < HELLO device 7 watching, beyond: nothing\n"
                          "[  10] hub < SENT\n"
                          "[  10] hub settled\n"
                          "[  20] phone < WELCOME device 7\n"
                          "[  20] phone < TALLY\n"
                          "[  20] phone < SENT\n"
                          "[  20] phone settled\n"
                          "[ 110] hub < RUN 7/4 1-1\n"
                          "[ 110] hub < SENT\n"
                          "[ 110] hub stored 7/4:1\n"
                          "[ 110] hub remembers\n"
                          "[ 110] hub settled\n"
                          "[ 120] phone < HELD 7/4:1\n"
                          "[ 120] phone remembers\n"
                          "[ 120] phone settled\n"
                          "[ 210] phone < RUN 9/4 1-2\n"
                          "[ 210] phone < SENT\n"
                          "[ 210] phone stored 9/4:2\n"
                          "[ 210] phone remembers\n"
                          "[ 210] phone settled\n"
                          "[ 220] hub < HELD 9/4:2\n"
                          "[ 220] hub remembers\n"
                          "[ 220] hub settled\n"
                          "[ 410] hub < BYE 0 ''\n");
    wire_exchange(&meeting->wire); /* and both remember the same */
    assert_non_null(strstr(wire_trace(&meeting->wire), "as told, beyond: nothing"));
    assert_null(strstr(wire_trace(&meeting->wire), "not remembered"));
}

/* What is committed while storage is busy with a question isn't in its answer. */
static void news_that_come_while_storage_is_busy_are_not_missed(void **state)
{
    struct meeting *meeting = *state;
    meeting->wire.options.watch = true;
    meeting->wire.storage_ms = 5;
    wire_open(&meeting->wire);
    wire_run(&meeting->wire, 100);
    for (int i = 0; i < 30; i++) {
        wire_event(&meeting->wire, WIRE_HUB, SESSION_LOCAL);
        wire_run(&meeting->wire, meeting->wire.now_ms + 3);
        fake_carry(&meeting->hub, 9, SCOPE, 1, 50);
        wire_event(&meeting->wire, WIRE_HUB, SESSION_LOCAL);
        wire_run(&meeting->wire, meeting->wire.now_ms + 4);
    }
    wire_run(&meeting->wire, meeting->wire.now_ms + 200);
    assert_int_equal(fake_has(&meeting->phone, 9, SCOPE), 30);
}

static void a_hub_that_stops_says_so(void **state)
{
    struct meeting *meeting = *state;
    meeting->wire.options.watch = true;
    wire_open(&meeting->wire);
    wire_run(&meeting->wire, 100);
    wire_event(&meeting->wire, WIRE_HUB, SESSION_STOP);
    wire_run(&meeting->wire, 200);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->code, SESSION_STOPPING);
    assert_string_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->reason,
                        session_code_text(SESSION_STOPPING));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, meeting_set_up, meeting_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_contact_exchanges_all_in_one_round_trip),
        TEST(nothing_new_costs_one_round_trip_and_few_bytes),
        TEST(a_push_is_durable_after_one_round_trip),
        TEST(only_what_is_new_crosses),
        TEST(forgotten_memory_costs_one_round_trip_more),
        TEST(a_client_that_forgot_is_told_all_that_it_lacks_and_no_more),
        TEST(a_hub_of_another_lineage_is_offered_what_it_lost),
        TEST(a_long_frontier_does_not_have_to_fit_the_first_frame),
        TEST(enrolling_gives_a_number_and_the_registry),
        TEST(a_used_invitation_is_refused),
        TEST(unknown_and_revoked_devices_are_told_so),
        TEST(equal_frontiers_with_different_tables_are_reported),
        TEST(what_was_not_stored_is_not_acknowledged),
        TEST(what_is_over_the_quota_waits_and_goes_when_there_is_room),
        TEST(a_full_hub_acknowledges_nothing_and_still_tells_its_news),
        TEST(a_full_phone_still_sends_what_it_saved),
        TEST(a_watching_session_carries_news_both_ways),
        TEST(news_that_come_while_storage_is_busy_are_not_missed),
        TEST(a_hub_that_stops_says_so),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
