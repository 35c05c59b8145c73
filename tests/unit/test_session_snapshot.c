/* A scope of which the initiator has nothing comes as a snapshot: behind all else, chunk by chunk,
 * and what came stays when the line breaks. Two sessions, a line, in virtual time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/wire.h"

#define SCOPE SCOPE_RECORDS(7)
#define OTHER SCOPE_RECORDS(8)
#define A_DAY_MS 86400000u

struct world {
    struct fake phone, hub;
    struct wire wire;
};

/* The hub has nine entries of device 4 in the snapshot, and a tenth since. */
static int set_up(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    fake_init(&world.phone, "phone", 7, 1);
    fake_init(&world.hub, "hub", DEVICE_HUB, 2);
    fake_knows(&world.hub, &world.phone, SESSION_DONE);
    fake_carry(&world.hub, 4, SCOPE, 10, 100);
    fake_carry(&world.hub, 4, OTHER, 1, 100);
    world.hub.snapshot_scope = SCOPE;
    world.hub.snapshot_chunks = 2;
    wire_init(&world.wire, &world.phone, &world.hub);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    wire_release(&world->wire);
    fake_release(&world->phone);
    fake_release(&world->hub);
    return 0;
}

static void expect_trace(struct world *world, const char *expected)
{
    assert_string_equal(wire_trace(&world->wire), expected);
}

static void it_comes_behind_all_else_and_then_what_came_since(void **state)
{
    struct world *world = *state;
    wire_exchange(&world->wire);
    assert_int_equal(wire_totals(&world->wire, WIRE_CLIENT)->code, SESSION_DONE);
    expect_trace(world, "");
}

static void the_log_comes_where_it_does_not_hold(void **state)
{
    struct world *world = *state;
    world->phone.snapshot_code = SNAPSHOT_LOG;
    wire_exchange(&world->wire);
    assert_int_equal(wire_totals(&world->wire, WIRE_CLIENT)->code, SESSION_DONE);
    assert_int_equal(fake_has(&world->phone, 4, SCOPE), 10);
    assert_int_equal(wire_totals(&world->wire, WIRE_CLIENT)->snapshots_taken, 0);
}

static void one_that_is_always_too_old_is_given_up(void **state)
{
    struct world *world = *state;
    world->phone.snapshot_code = SNAPSHOT_NEWER;
    wire_exchange(&world->wire);
    assert_int_equal(wire_totals(&world->wire, WIRE_CLIENT)->code, SESSION_DONE);
    assert_int_equal(fake_has(&world->phone, 4, SCOPE), 10);
}

static void what_can_be_taken_later_is_left_for_later(void **state)
{
    struct world *world = *state;
    world->phone.snapshot_code = SNAPSHOT_LATER;
    wire_exchange(&world->wire);
    assert_int_equal(wire_totals(&world->wire, WIRE_CLIENT)->code, SESSION_DONE);
    assert_int_equal(fake_has(&world->phone, 4, SCOPE), 0);
    assert_int_equal(fake_has(&world->phone, 4, OTHER), 1);
    world->phone.snapshot_code = SNAPSHOT_TAKEN;
    wire_exchange(&world->wire);
    assert_int_equal(fake_has(&world->phone, 4, SCOPE), 10);
    assert_int_equal(fake_times_asked(&world->phone, ASK_STORE), 2);
}

/* Wherever the line breaks, no part that came whole comes twice: the fake insists on the next. */
static void a_broken_line_goes_on_with_the_next_part(void **state)
{
    struct world *world = *state;
    wire_exchange(&world->wire);
    uint64_t all = world->wire.carried_bytes;
    for (uint64_t cut = 500; cut < all; cut += 3000) {
        tear_down(state);
        set_up(state);
        wire_open(&world->wire);
        world->wire.cut_after_bytes = cut;
        wire_run(&world->wire, A_DAY_MS);
        wire_exchange(&world->wire);
        assert_int_equal(wire_totals(&world->wire, WIRE_CLIENT)->code, SESSION_DONE);
        assert_int_equal(fake_has(&world->phone, 4, SCOPE), 10);
        assert_int_equal(world->phone.snapshot_here, 3);
    }
}

/* The hub is one that has no mind of an offer: it hears SETTLED while it gives. */
static void a_full_disk_keeps_what_is_here(void **state)
{
    struct world *world = *state;
    world->phone.full = true;
    wire_exchange(&world->wire);
    assert_int_equal(wire_totals(&world->wire, WIRE_CLIENT)->holding, SESSION_FULL);
    assert_int_equal(world->phone.snapshot_here, 0);
    world->phone.full = false;
    wire_exchange(&world->wire);
    assert_int_equal(fake_has(&world->phone, 4, SCOPE), 10);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORY(it_comes_behind_all_else_and_then_what_came_since),
        STORY(the_log_comes_where_it_does_not_hold),
        STORY(one_that_is_always_too_old_is_given_up),
        STORY(what_can_be_taken_later_is_left_for_later),
        STORY(a_broken_line_goes_on_with_the_next_part),
        STORY(a_full_disk_keeps_what_is_here),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
