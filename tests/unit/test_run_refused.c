/* One signature covers all entries of a run, those and no others: whoever carries it can't take one
 * away, put one behind it, or change one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/flood.h"

static struct world world;
static struct flood flood;
static struct buffer encoded;
static struct run run;
static struct bytes *decoded, bodies[FLOOD_RUN + 1];
static uint8_t signature[SIGNATURE_BYTES], body[4096];

/* What its carrier holds: bodies[i] and `signature` may be changed. */
static int setup(void **state)
{
    (void)state;
    world_start(&world);
    size_t writer = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    flood_init(&flood, world.hub.replica, replica_identity(world.clients[writer]),
               world.branches[0]);
    flood_run(&flood, &encoded);
    assert_int_equal(run_decode(&run, &decoded, buffer_bytes(&encoded), NULL), STATUS_OK);
    memcpy(bodies, decoded, FLOOD_RUN * sizeof *bodies);
    memcpy(signature, run.signature, sizeof signature);
    run.bodies = bodies;
    run.signature = signature;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(decoded);
    buffer_release(&encoded);
    world_end(&world);
    return 0;
}

static struct received receive(void)
{
    struct buffer carried = {0};
    assert_int_equal(run_encode(&run, &carried, NULL), STATUS_OK);
    struct received received = world_take_run(world.hub.replica, &carried);
    buffer_release(&carried);
    return received;
}

static void expect_refused(void)
{
    struct received received = receive();
    assert_int_equal(received.refused, run.count);
    assert_int_equal(received.applied + received.aside, 0);
    assert_int_equal(frontier_get(replica_frontier(world.hub.replica), &flood.feed), 0);
    assert_int_equal(world_faults(world.hub.replica), 0);
}

static void as_it_was_signed_it_is_taken(void **state)
{
    (void)state;
    assert_int_equal(receive().applied, FLOOD_RUN);
}

static void an_entry_behind_what_was_signed_is_refused_with_the_run(void **state)
{
    (void)state;
    bodies[FLOOD_RUN] = bodies[0];
    run.count = FLOOD_RUN + 1;
    expect_refused();
}

static void a_run_without_its_last_entry_is_refused(void **state)
{
    (void)state;
    run.count = FLOOD_RUN - 1;
    expect_refused();
}

static void a_run_without_its_first_entry_is_refused(void **state)
{
    (void)state;
    run.bodies = bodies + 1;
    run.count = FLOOD_RUN - 1;
    expect_refused();
}

static void a_run_with_an_entry_that_was_changed_is_refused(void **state)
{
    (void)state;
    assert_in_range(bodies[7].size, 1, sizeof body);
    memcpy(body, bodies[7].data, bodies[7].size);
    body[bodies[7].size - 1] ^= 1;
    bodies[7] = bytes_of(body, bodies[7].size);
    expect_refused();
}

static void a_signature_with_another_bit_is_none(void **state)
{
    (void)state;
    signature[0] ^= 1;
    expect_refused();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(as_it_was_signed_it_is_taken),
        CASE(an_entry_behind_what_was_signed_is_refused_with_the_run),
        CASE(a_run_without_its_last_entry_is_refused),
        CASE(a_run_without_its_first_entry_is_refused),
        CASE(a_run_with_an_entry_that_was_changed_is_refused),
        CASE(a_signature_with_another_bit_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
