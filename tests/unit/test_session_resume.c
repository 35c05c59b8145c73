/* A thin line that breaks again and again: what arrived isn't sent again, inside a large entry,
 * too, and every session comes further. In virtual time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/meeting.h"
#include "tests/support/puppet.h"

#define SCOPE SCOPE_RECORDS(2)
#define RATE 4000u /* bytes a second: 32 kbit/s */
#define LATENCY_MS 300u
#define A_DAY_MS 86400000u

/* Of all sessions of one story. */
static struct {
    unsigned sessions;
    uint64_t carried, known;
} so_far;

static int set_up(void **state)
{
    memset(&so_far, 0, sizeof so_far);
    meeting_set_up(state);
    struct meeting *meeting = *state;
    meeting->wire.bytes_per_s = RATE;
    meeting->wire.latency_ms = LATENCY_MS;
    meeting->wire.chunk_bytes = 500; /* what a packet has */
    return 0;
}

/* Sessions, each of which dies after so many bytes, until one ends well. */
static void try_until_done(struct meeting *meeting, uint64_t cut_bytes, unsigned most)
{
    do {
        wire_open(&meeting->wire);
        meeting->wire.cut_after_bytes = cut_bytes;
        wire_run(&meeting->wire, A_DAY_MS);
        so_far.sessions++;
        so_far.carried += meeting->wire.carried_bytes;
        so_far.known += wire_totals(&meeting->wire, WIRE_HUB)->known +
                        wire_totals(&meeting->wire, WIRE_CLIENT)->known;
        assert_in_range(so_far.sessions, 1, most);
    } while (wire_totals(&meeting->wire, WIRE_CLIENT)->code != SESSION_DONE);
}

/* An entry of 250 KB takes a minute, and the line never lasts that long. */
static void a_large_entry_goes_up_over_a_line_that_never_lasts_long_enough(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 3, 250000);
    try_until_done(meeting, 60000, 16);
    assert_int_equal(fake_has(&meeting->hub, 7, SCOPE), 3);
    assert_int_equal(so_far.known, 0);
    assert_in_range(so_far.carried, 750000, 750000 * 125 / 100);
}

static void a_large_entry_comes_down_over_such_a_line(void **state)
{
    struct meeting *meeting = *state;
    fake_carry(&meeting->hub, 9, SCOPE, 2, 250000);
    try_until_done(meeting, 60000, 16);
    assert_int_equal(fake_has(&meeting->phone, 9, SCOPE), 2);
    assert_int_equal(so_far.known, 0);
    assert_in_range(so_far.carried, 500000, 500000 * 125 / 100);
}

/* Entries that were stored, of which no receipt came back. */
static void no_small_entry_is_sent_twice(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 5000, 200);
    try_until_done(meeting, 25000, 90);
    assert_int_equal(fake_has(&meeting->hub, 7, SCOPE), 5000);
    assert_true(so_far.sessions > 30);
    assert_int_equal(so_far.known, 0);
}

static void what_is_announced_is_what_is_sent_on(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 1, 100000);
    wire_open(&meeting->wire);
    meeting->wire.cut_after_bytes = 50000;
    wire_run(&meeting->wire, A_DAY_MS);
    wire_exchange(&meeting->wire);
    const char *part = strstr(wire_trace(&meeting->wire), "phone < PART 7/4 1, ");
    const char *rest = strstr(wire_trace(&meeting->wire), "hub < REST of ");
    assert_true(part && rest);
    size_t here = strtoul(part + strlen("phone < PART 7/4 1, "), NULL, 10);
    size_t sent = strtoul(rest + strlen("hub < REST of "), NULL, 10);
    assert_in_range(here, 40000, 50000);
    assert_in_range(here + sent, 100000, 100200);
    assert_null(strstr(wire_trace(&meeting->wire), "RUN"));
    assert_int_equal(fake_has(&meeting->hub, 7, SCOPE), 1);
}

/* The one that was begun isn't the one that is there now: all of it goes, and nothing is mixed. */
static void a_beginning_of_another_run_is_not_continued(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 1, 100000);
    wire_open(&meeting->wire);
    meeting->wire.cut_after_bytes = 50000;
    wire_run(&meeting->wire, A_DAY_MS);
    meeting->hub.peers[0].staged.data[3000] ^= 1;
    wire_exchange(&meeting->wire);
    assert_non_null(strstr(wire_trace(&meeting->wire), "phone < PART 7/4 1, "));
    assert_null(strstr(wire_trace(&meeting->wire), "REST"));
    assert_non_null(strstr(wire_trace(&meeting->wire), "hub < RUN 7/4 1-1\n"));
    assert_int_equal(fake_has(&meeting->hub, 7, SCOPE), 1);
}

static void a_fast_line_stages_nothing(void **state)
{
    struct meeting *meeting = *state;
    fake_write(&meeting->phone, SCOPE, 3, 250000);
    meeting->wire.bytes_per_s = 10u << 20;
    try_until_done(meeting, UINT64_MAX, 1);
    assert_int_equal(fake_times_asked(&meeting->hub, ASK_STAGE), 0);
}

static void a_rest_of_nothing_breaks_the_rules(void **state)
{
    static struct puppet puppet;
    struct buffer payload = {0};
    (void)state;
    puppet_init(&puppet, SESSION_RESPONDER);
    puppet_hello(&payload);
    puppet_event(&puppet, SESSION_STARTED);
    puppet_shake(&puppet, buffer_bytes(&payload));
    buffer_clear(&payload);
    assert_int_equal(message_put(&payload, MESSAGE_REST, bytes_text("the end")), STATUS_OK);
    puppet_say(&puppet, buffer_bytes(&payload), 0);
    assert_true(puppet.over);
    assert_int_equal(session_totals(puppet.session)->code, SESSION_BROKEN_RULE);
    buffer_release(&payload);
    puppet_release(&puppet);
}

#define TEST(rule) cmocka_unit_test_setup_teardown(rule, set_up, meeting_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_large_entry_goes_up_over_a_line_that_never_lasts_long_enough),
        TEST(a_large_entry_comes_down_over_such_a_line),
        TEST(no_small_entry_is_sent_twice),
        TEST(what_is_announced_is_what_is_sent_on),
        TEST(a_beginning_of_another_run_is_not_continued),
        TEST(a_fast_line_stages_nothing),
        cmocka_unit_test(a_rest_of_nothing_breaks_the_rules),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
