/* The hub remembers something else than it was told, or nothing, and there are many feeds: the two
 * find out in what they differ, and don't tell each other all of it. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/frontier_sketch.h"
#include "tests/support/meeting.h"
#include "tests/support/puppet.h"

#define SCOPE SCOPE_RECORDS(2)
#define FIRST_DEVICE 1000u
#define DEVICES 10000u
#define A_DAY_MS 86400000u

/* What `devices` devices have written is everywhere. */
static void share(struct meeting *meeting, uint32_t devices)
{
    for (uint32_t i = 0; i < devices; i++) {
        fake_carry(&meeting->phone, FIRST_DEVICE + i, SCOPE, 1 + i % 3, 20);
        fake_carry(&meeting->hub, FIRST_DEVICE + i, SCOPE, 1 + i % 3, 20);
    }
}

/* `changed` of the devices, spread over all of them, have written more, which the hub has. */
static void write_at_hub(struct meeting *meeting, uint32_t devices, uint32_t changed)
{
    for (uint32_t i = 0; i < changed; i++)
        fake_carry(&meeting->hub, FIRST_DEVICE + devices / changed * i + i % 5, SCOPE, 2, 20);
}

static void expect_done(struct meeting *meeting, uint32_t round_trips)
{
    const struct session_totals *totals = wire_totals(&meeting->wire, WIRE_CLIENT);
    assert_int_equal(totals->code, SESSION_DONE);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_HUB)->code, SESSION_DONE);
    assert_int_equal(totals->round_trips, round_trips);
    assert_true(totals->truth_checked);
    assert_true(meeting_agrees(meeting));
}

/* All that is said before the first run, greetings included. */
static void twenty_of_ten_thousand_devices_cost_300_bytes_and_two_round_trips(void **state)
{
    struct meeting *meeting = *state;
    share(meeting, DEVICES);
    wire_exchange(&meeting->wire);
    fake_forget(&meeting->hub);
    write_at_hub(meeting, DEVICES, 20);
    wire_open(&meeting->wire);
    wire_run(&meeting->wire, 39);
    assert_string_equal(wire_trace(&meeting->wire),
                        "[  10] hub < HELLO device 7, as told, beyond: nothing\n"
                        "[  10] hub < SENT\n"
                        "[  20] phone < WELCOME device 7, not remembered\n"
                        "[  20] phone < SKETCH of 168 bytes\n"
                        "[  30] hub < DIFFERENCE of 76 bytes\n"
                        "[  30] hub < SENT\n");
    assert_in_range(meeting->wire.payload_bytes, 1, 300);
    wire_run(&meeting->wire, A_DAY_MS);
    expect_done(meeting, 2);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->received, 40);
    wire_exchange(&meeting->wire);
    expect_done(meeting, 1);
}

/* More than the first sketch finds: a wider one, and three round trips. */
static void a_hundred_changed_devices_are_found_by_a_wider_sketch(void **state)
{
    struct meeting *meeting = *state;
    share(meeting, 2000);
    wire_exchange(&meeting->wire);
    fake_forget(&meeting->hub);
    write_at_hub(meeting, 2000, 100);
    fake_write(&meeting->phone, SCOPE, 3, 20);
    wire_exchange(&meeting->wire);
    assert_non_null(strstr(wire_trace(&meeting->wire), "[  30] hub < WIDER 250\n"
                                                       "[  40] phone < SKETCH of 2008 bytes\n"
                                                       "[  50] hub < DIFFERENCE of "));
    assert_null(strstr(wire_trace(&meeting->wire), "HAVE"));
    expect_done(meeting, 3);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->received, 200);
    wire_exchange(&meeting->wire);
    expect_done(meeting, 1);
}

static void where_nearly_all_differs_all_is_told(void **state)
{
    struct meeting *meeting = *state;
    share(meeting, 900);
    wire_exchange(&meeting->wire);
    fake_forget(&meeting->hub);
    write_at_hub(meeting, 900, 300);
    wire_exchange(&meeting->wire);
    assert_non_null(strstr(wire_trace(&meeting->wire), "WIDER 250\n"));
    assert_non_null(strstr(wire_trace(&meeting->wire), "WIDER 0\n"));
    assert_non_null(strstr(wire_trace(&meeting->wire), "phone < HAVE"));
    expect_done(meeting, 4);
}

/* What only one side has heard of, on either side, and what a copy that was put back has lost. */
static void feeds_that_only_one_side_knows_are_exchanged(void **state)
{
    struct meeting *meeting = *state;
    share(meeting, 400);
    wire_exchange(&meeting->wire);
    fake_forget(&meeting->hub);
    for (uint32_t i = 0; i < 6; i++) {
        fake_carry(&meeting->hub, 10 + i, SCOPE, 2, 20);
        fake_carry(&meeting->phone, 30 + i, SCOPE, 2, 20);
        fake_cut(&meeting->hub, FIRST_DEVICE + 3 * i + 2, SCOPE, 1);
    }
    wire_exchange(&meeting->wire);
    assert_null(strstr(wire_trace(&meeting->wire), "HAVE"));
    assert_null(strstr(wire_trace(&meeting->wire), "WIDER"));
    expect_done(meeting, 2);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_CLIENT)->received, 12);
    assert_int_equal(wire_totals(&meeting->wire, WIRE_HUB)->applied, 12 + 12);
    wire_exchange(&meeting->wire);
    expect_done(meeting, 1);
}

/* ---- a peer that keeps no rules ---- */

static void heard_as(struct puppet *puppet, enum message_type type, bool found)
{
    struct bytes rest = buffer_bytes(&puppet->heard);
    struct message message;
    bool taken = true, seen = false;
    while (taken) {
        assert_int_equal(message_take(&rest, &message, &taken), STATUS_OK);
        seen |= taken && message.type == type;
    }
    assert_int_equal(seen, found);
}

static void say_difference(struct puppet *puppet, struct bytes rows, struct bytes absent)
{
    struct message_difference difference = {.rows = rows, .absent = absent};
    struct buffer said = {0};
    assert_int_equal(message_put_difference(&said, &difference), STATUS_OK);
    buffer_clear(&puppet->heard);
    puppet_say(puppet, buffer_bytes(&said), 0);
    buffer_release(&said);
}

static void say_wider(struct puppet *puppet, uint64_t feeds)
{
    struct buffer said = {0};
    assert_int_equal(message_put_number(&said, MESSAGE_WIDER, feeds), STATUS_OK);
    buffer_clear(&puppet->heard);
    puppet_say(puppet, buffer_bytes(&said), 0);
    buffer_release(&said);
}

/* A responder with 100 feeds that has said its sketch. */
static void begin_against_responder(struct puppet *puppet)
{
    struct buffer payload = {0};
    struct message_hello hello = {.version = SESSION_VERSION,
                                  .flags = HELLO_SKETCHES | HELLO_UNTOLD,
                                  .device = 7,
                                  .delta = bytes_of("\x90", 1)};
    puppet_init(puppet, SESSION_RESPONDER);
    for (uint32_t device = 20; device < 120; device++)
        fake_carry(&puppet->fake, device, SCOPE, 1, 20);
    assert_int_equal(message_put_hello(&payload, &hello), STATUS_OK);
    puppet_event(puppet, SESSION_STARTED);
    puppet_shake(puppet, buffer_bytes(&payload));
    buffer_release(&payload);
    heard_as(puppet, MESSAGE_SKETCH, true);
    heard_as(puppet, MESSAGE_HAVE, false);
}

static void what_makes_no_frontier_is_answered_by_all_of_it_once(void **state)
{
    static struct puppet puppet;
    const uint8_t rows[] = {81, 4, 3}; /* feed 20, two less than the one that is there */
    (void)state;
    begin_against_responder(&puppet);
    say_difference(&puppet, bytes_of(rows, sizeof rows), (struct bytes){0});
    assert_false(puppet.over);
    heard_as(&puppet, MESSAGE_HAVE, true);
    say_difference(&puppet, (struct bytes){0}, (struct bytes){0});
    heard_as(&puppet, MESSAGE_BYE, true);
    puppet_release(&puppet);
}

/* The digest is that of nothing, and so isn't that of what the difference makes. */
static void a_difference_that_misses_the_digest_is_not_believed(void **state)
{
    static struct puppet puppet;
    (void)state;
    begin_against_responder(&puppet);
    say_difference(&puppet, (struct bytes){0}, (struct bytes){0});
    heard_as(&puppet, MESSAGE_HAVE, true);
    puppet_release(&puppet);
}

static void nobody_asks_for_more_and_more(void **state)
{
    static struct puppet puppet;
    (void)state;
    begin_against_responder(&puppet);
    say_wider(&puppet, 100);
    heard_as(&puppet, MESSAGE_SKETCH, true);
    say_wider(&puppet, 100);
    heard_as(&puppet, MESSAGE_BYE, true);
    puppet_release(&puppet);
    begin_against_responder(&puppet);
    say_wider(&puppet, SKETCH_FEEDS_MAX + 1);
    heard_as(&puppet, MESSAGE_BYE, true);
    puppet_release(&puppet);
    begin_against_responder(&puppet);
    say_wider(&puppet, 0);
    heard_as(&puppet, MESSAGE_HAVE, true);
    say_wider(&puppet, 0);
    heard_as(&puppet, MESSAGE_BYE, true);
    puppet_release(&puppet);
}

#define TEST(rule) cmocka_unit_test_setup_teardown(rule, meeting_set_up, meeting_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(twenty_of_ten_thousand_devices_cost_300_bytes_and_two_round_trips),
        TEST(a_hundred_changed_devices_are_found_by_a_wider_sketch),
        TEST(where_nearly_all_differs_all_is_told),
        TEST(feeds_that_only_one_side_knows_are_exchanged),
        cmocka_unit_test(what_makes_no_frontier_is_answered_by_all_of_it_once),
        cmocka_unit_test(a_difference_that_misses_the_digest_is_not_believed),
        cmocka_unit_test(nobody_asks_for_more_and_more),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
