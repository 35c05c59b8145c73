/* A scope of which the initiator has nothing comes as a snapshot: behind all else, chunk by chunk,
 * and what came stays when the line breaks. Two sessions, a line, in virtual time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/meeting.h"

#define SCOPE SCOPE_RECORDS(7)
#define OTHER SCOPE_RECORDS(8)
#define A_DAY_MS 86400000u

/* The hub has nine entries of device 4 in the snapshot, and a tenth since. */
static int set_up(void **state)
{
    meeting_set_up(state);
    struct fake *hub = &((struct meeting *)*state)->hub;
    fake_carry(hub, 4, SCOPE, 10, 100);
    fake_carry(hub, 4, OTHER, 1, 100);
    hub->snapshot_scope = SCOPE;
    hub->snapshot_chunks = 2;
    return 0;
}

/* A session that ends as it should. */
static const struct session_totals *exchange(struct meeting *meeting)
{
    wire_exchange(&meeting->wire);
    const struct session_totals *totals = wire_totals(&meeting->wire, WIRE_CLIENT);
    assert_int_equal(totals->code, SESSION_DONE);
    return totals;
}

static void it_comes_behind_all_else_and_then_what_came_since(void **state)
{
    struct meeting *meeting = *state;
    assert_int_equal(exchange(meeting)->snapshots_taken, 1);
    assert_string_equal(wire_trace(&meeting->wire), "[  10] hub < HELLO device 7, beyond: nothing\n"
                                                    "[  10] hub < SENT\n"
                                                    "[  20] phone < WELCOME device 7\n"
                                                    "[  20] phone < RUN 4/16 1-1\n"
                                                    "[  20] phone < SNAPSHOT 14 of 2 chunks\n"
                                                    "[  20] phone stored 4/16:1\n"
                                                    "[  30] hub < HELD 4/16:1\n"
                                                    "[  30] hub < FETCH 1 from 0\n"
                                                    "[  40] phone < CHUNK 0: 164 of 164\n"
                                                    "[  50] hub < FETCH 2 from 1\n"
                                                    "[  60] phone < CHUNK 1: 32768 of 40000\n"
                                                    "[  60] phone < CHUNK 1: 7232 of 40000\n"
                                                    "[  60] phone < CHUNK 2: 32768 of 40000\n"
                                                    "[  60] phone < CHUNK 2: 7232 of 40000\n"
                                                    "[  70] hub < HELD 4/14:9\n"
                                                    "[  70] hub < SETTLED 0\n"
                                                    "[  80] phone < RUN 4/14 10-10\n"
                                                    "[  80] phone < TALLY\n"
                                                    "[  80] phone < SENT\n"
                                                    "[  80] phone stored 4/14:10\n"
                                                    "[  80] phone remembers\n"
                                                    "[  90] hub < HELD 4/14:10\n"
                                                    "[  90] hub < BYE 0 ''\n"
                                                    "[  90] hub remembers\n");
}

static void the_log_comes_where_it_does_not_hold(void **state)
{
    static const enum snapshot_code codes[] = {SNAPSHOT_LOG, SNAPSHOT_NEWER};
    struct meeting *meeting = *state;
    for (size_t i = 0; i < 2; i++) { /* at once; after some that were too old again */
        meeting->phone.snapshot_code = codes[i];
        assert_int_equal(exchange(meeting)->snapshots_taken, 0);
        assert_int_equal(fake_has(&meeting->phone, 4, SCOPE), 10);
        meeting_tear_down(state);
        set_up(state);
    }
}

static void what_can_be_taken_later_is_left_for_later(void **state)
{
    struct meeting *meeting = *state;
    meeting->phone.snapshot_code = SNAPSHOT_LATER;
    exchange(meeting);
    assert_int_equal(fake_has(&meeting->phone, 4, SCOPE), 0);
    assert_int_equal(fake_has(&meeting->phone, 4, OTHER), 1);
    meeting->phone.snapshot_code = SNAPSHOT_TAKEN;
    exchange(meeting);
    assert_int_equal(fake_has(&meeting->phone, 4, SCOPE), 10);
}

/* Wherever the line breaks, no part that came whole comes twice: the fake insists on the next. */
static void a_broken_line_goes_on_with_the_next_part(void **state)
{
    struct meeting *meeting = *state;
    exchange(meeting);
    uint64_t all = meeting->wire.carried_bytes;
    for (uint64_t cut = 500; cut < all; cut += 3000) {
        meeting_tear_down(state);
        set_up(state);
        wire_open(&meeting->wire);
        meeting->wire.cut_after_bytes = cut;
        wire_run(&meeting->wire, A_DAY_MS);
        exchange(meeting);
        assert_int_equal(fake_has(&meeting->phone, 4, SCOPE), 10);
        assert_int_equal(meeting->phone.snapshot_here, 3);
    }
}

static void a_full_disk_keeps_what_is_here(void **state)
{
    struct meeting *meeting = *state;
    meeting->phone.full = true;
    assert_int_equal(exchange(meeting)->holding, SESSION_FULL);
    assert_int_equal(meeting->phone.snapshot_here, 0);
    meeting->phone.full = false;
    exchange(meeting);
    assert_int_equal(fake_has(&meeting->phone, 4, SCOPE), 10);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, meeting_tear_down)
    const struct CMUnitTest tests[] = {
        STORY(it_comes_behind_all_else_and_then_what_came_since),
        STORY(the_log_comes_where_it_does_not_hold),
        STORY(what_can_be_taken_later_is_left_for_later),
        STORY(a_broken_line_goes_on_with_the_next_part),
        STORY(a_full_disk_keeps_what_is_here),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
