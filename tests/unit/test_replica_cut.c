/* Below the cut of a revocation the device could have written another history: it has the key.
 * Only the one whose hash the revocation names counts, on every replica, in whatever order they
 * hear of it, and the other makes room for it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/view.h"
#include "server/renew.h"
#include "server/revoke.h"
#include "tests/support/world.h"

#define RUNS_MAX 100
#define PERSON 17
#define ENTRIES 3 /* of either history */

struct runs {
    struct buffer items[RUNS_MAX];
    size_t count;
};

static struct world world;
static struct replica *reader; /* reads what the tests hand to it; at first the empty one */
static struct replica *empty;
static struct replica *thief; /* has the device's key, and writes another history with it */
static size_t clerk;
static uint32_t device, org;
static struct runs honest, forged; /* each entry is a run of its own */
static struct id true_rows[ENTRIES], false_rows[ENTRIES];

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static struct replica *empty_replica(void)
{
    struct replica_options options = {.path = ":memory:", .clock = clock_system()};
    struct replica *replica;
    done(replica_create(&replica, &options, replica_network(world.hub.replica), NULL));
    return replica;
}

static enum status keep_run(void *context, const struct run *run, struct error *err)
{
    struct runs *runs = context;
    assert_true(runs->count < RUNS_MAX);
    return run_encode(run, &runs->items[runs->count++], err);
}

static void take_all_from(struct replica *replica, struct runs *runs)
{
    struct frontier nothing = {0};
    struct run_wish wish = {
        .unit_bytes = 1, .budget_bytes = SIZE_MAX, .take = keep_run, .context = runs};
    bool more;
    for (size_t i = 0; i < runs->count; i++)
        buffer_clear(&runs->items[i]);
    runs->count = 0;
    done(replica_runs(replica, &wish, &nothing, &more, NULL));
    frontier_release(&nothing);
}

static bool is_of(const struct buffer *encoded, bool registry, uint64_t from, uint64_t to)
{
    struct run run;
    struct bytes *bodies;
    done(run_decode(&run, &bodies, buffer_bytes(encoded), NULL));
    free(bodies);
    if (SCOPE_IS_REGISTRY(run.feed.scope) != registry)
        return false;
    return registry || (run.feed.device == device && run.first >= from && run.first <= to);
}

static void hand_registry(struct replica *replica)
{
    take_all_from(world.hub.replica, &honest);
    for (size_t i = 0; i < honest.count; i++)
        if (is_of(&honest.items[i], true, 0, 0))
            world_take_run(replica, &honest.items[i]);
}

/* Entries `from` to `to` of what the device wrote, in one history or the other. */
static void hand_entries(const struct runs *runs, uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < runs->count; i++)
        if (is_of(&runs->items[i], false, from, to))
            world_take_run(reader, &runs->items[i]);
}

static size_t shown(const struct id *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < ENTRIES; i++) {
        struct row row = {0};
        bool found = false;
        done(replica_row(reader, PERSON, &rows[i], 0, &row, &found, NULL));
        row_release(&row);
        count += found;
    }
    return count;
}

static uint64_t held(void)
{
    struct feed_id feed = {SCOPE_RECORDS(org), device, INCARNATION_FIRST};
    return frontier_get(replica_frontier(reader), &feed);
}

static void revoke(void)
{
    const struct registry *registry = replica_registry(world.hub.replica);
    done(hub_revoke(&world.hub, registry_device(registry, device), ENTRIES, NULL));
    take_all_from(world.hub.replica, &honest);
}

/* The clerk's device writes at the hub; whoever copied its key writes elsewhere. */
static int setup(void **state)
{
    (void)state;
    honest = forged = (struct runs){0};
    world_start(&world);
    clerk = world_join(&world, ROLE_CLERK, world.township);
    device = replica_identity(world.clients[clerk])->device;
    org = world.branches[0];
    thief = empty_replica();
    reader = empty = empty_replica();
    hand_registry(thief);
    hand_registry(reader);
    done(replica_set_identity(thief, replica_identity(world.clients[clerk]), NULL));
    for (size_t i = 0; i < ENTRIES; i++) {
        true_rows[i] =
            world_add_at(world.clients[clerk], org, "person", "name", "示例党员001", NULL);
        false_rows[i] = world_add_at(thief, org, "person", "name", "示例党员002", NULL);
        assert_true(world_sync(&world, clerk, 0, NULL));
    }
    take_all_from(world.hub.replica, &honest);
    take_all_from(thief, &forged);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < RUNS_MAX; i++) {
        buffer_release(&honest.items[i]);
        buffer_release(&forged.items[i]);
    }
    replica_close(empty);
    replica_close(thief);
    world_end(&world);
    return 0;
}

static void expect_the_true_history(void)
{
    take_all_from(world.hub.replica, &honest);
    hand_entries(&honest, 1, UINT64_MAX);
    assert_int_equal(shown(true_rows), ENTRIES);
    assert_int_equal(shown(false_rows), 0);
    assert_int_equal(world_faults(reader), 0);
    done(replica_begin(reader, NULL));
    replica_rollback(reader); /* all that is kept in memory is read anew */
    assert_true(world_agree(reader, world.hub.replica));
}

static void another_history_below_the_cut_never_counts(void **state)
{
    (void)state;
    revoke();
    hand_registry(reader);
    hand_entries(&forged, 1, ENTRIES - 1);
    assert_int_equal(shown(false_rows), 0);
    hand_entries(&forged, ENTRIES, ENTRIES);
    assert_int_equal(shown(false_rows), 0);
    expect_the_true_history();
}

static void what_counted_until_the_revocation_came_is_undone(void **state)
{
    (void)state;
    hand_entries(&forged, 1, ENTRIES);
    assert_int_equal(shown(false_rows), ENTRIES);
    revoke();
    hand_registry(reader);
    assert_int_equal(shown(false_rows), 0);
    hand_entries(&honest, 1, 1); /* the first run after it finds the place empty */
    expect_the_true_history();
}

/* It has left the log, and is readable where nothing counts. */
static void the_other_history_is_set_aside(void **state)
{
    json_t *list;
    (void)state;
    hand_entries(&forged, 1, ENTRIES);
    revoke();
    hand_registry(reader);
    assert_int_equal(held(), 0);
    done(view_set_aside(reader, &list, NULL));
    assert_int_equal(json_array_size(list), ENTRIES);
    assert_int_equal(json_array_size(json_object_get(json_array_get(list, 0), "ops")), 1);
    json_decref(list);
}

static void the_beginning_of_another_history_makes_room(void **state)
{
    (void)state;
    revoke();
    hand_registry(reader);
    hand_entries(&forged, 1, ENTRIES - 1);
    assert_int_equal(held(), ENTRIES - 1);
    hand_entries(&honest, ENTRIES, ENTRIES); /* as the hub would send: it doesn't fit ours */
    assert_int_equal(held(), 0);
    expect_the_true_history();
}

static void what_is_held_waits_until_the_cut_is_reached(void **state)
{
    (void)state;
    hand_entries(&honest, 1, ENTRIES - 1);
    assert_int_equal(shown(true_rows), ENTRIES - 1);
    revoke();
    hand_registry(reader);
    assert_int_equal(shown(true_rows), 0);
    hand_entries(&honest, ENTRIES, ENTRIES);
    expect_the_true_history();
}

static void what_lies_beyond_a_cut_that_fits_does_not_count_either(void **state)
{
    struct id late;
    (void)state;
    hand_entries(&honest, 1, ENTRIES);
    late = world_add_at(world.clients[clerk], org, "person", "name", "示例党员003", NULL);
    revoke();
    world_sync(&world, clerk, 0, NULL); /* its own entries it may still bring */
    hand_registry(reader);
    expect_the_true_history();
    assert_int_equal(held(), ENTRIES + 1);
    true_rows[0] = late;
    assert_int_equal(shown(true_rows), ENTRIES - 1);
}

/* With real sessions: the one that brings the revocation, and the one behind it. */
static void the_next_sessions_bring_the_history_that_was_left(void **state)
{
    (void)state;
    size_t client = world_join(&world, ROLE_SECRETARY, world.branches[1]);
    org = world.branches[1];
    reader = world.clients[client];
    for (size_t i = 0; i < ENTRIES; i++) {
        true_rows[i] =
            world_add_at(world.clients[clerk], org, "person", "name", "示例党员001", NULL);
        false_rows[i] = world_add_at(thief, org, "person", "name", "示例党员002", NULL);
    }
    take_all_from(thief, &forged);
    for (size_t i = 0; i < forged.count; i++)
        if (is_of(&forged.items[i], false, 1, ENTRIES))
            world_take_run(reader, &forged.items[i]);
    assert_int_equal(shown(false_rows), ENTRIES);
    assert_true(world_sync(&world, clerk, 0, NULL));
    revoke();
    world_sync(&world, client, 0, NULL);
    assert_true(world_sync(&world, client, 0, NULL));
    assert_int_equal(shown(true_rows), ENTRIES);
    assert_int_equal(shown(false_rows), 0);
    assert_int_equal(world_faults(reader), 0);
}

static void move_to(uint32_t branch)
{
    const struct registry *registry = replica_registry(world.hub.replica);
    struct renewal renewal = {.role = ROLE_SECRETARY, .org = branch};
    uint32_t self = replica_identity(reader)->device;
    done(hub_renew_device(&world.hub, registry_device(registry, self), &renewal, NULL));
    hand_registry(reader);
}

/* A secretary of the branch has what the clerk's device wrote there, but for the last entry. */
static void become_a_secretary(void)
{
    size_t client = world_join(&world, ROLE_SECRETARY, org);
    reader = world.clients[client];
    for (size_t i = 0; i < ENTRIES; i++) {
        true_rows[i] =
            world_add_at(world.clients[clerk], org, "person", "name", "示例党员001", NULL);
        assert_true(world_sync(&world, clerk, 0, NULL));
    }
    take_all_from(world.hub.replica, &honest);
    hand_entries(&honest, 1, 2 * ENTRIES - 1);
    assert_int_equal(shown(true_rows), ENTRIES - 1);
}

static void revoke_at_the_last_entry(void)
{
    const struct registry *registry = replica_registry(world.hub.replica);
    done(hub_revoke(&world.hub, registry_device(registry, device), UINT64_MAX, NULL));
    hand_registry(reader);
}

/* Whoever was moved gets the rest from nobody, so it isn't asked for; whoever is moved back waits
 * for it again. */
static void who_was_moved_goes_on_seeing_what_was_seen(void **state)
{
    (void)state;
    become_a_secretary();
    revoke_at_the_last_entry();
    assert_int_equal(shown(true_rows), 0);
    move_to(world.branches[1]);
    assert_int_equal(shown(true_rows), ENTRIES - 1);
    assert_int_equal(world_faults(reader), 0);
    done(replica_begin(reader, NULL));
    replica_rollback(reader);
    assert_int_equal(shown(true_rows), ENTRIES - 1);
    move_to(org);
    assert_int_equal(shown(true_rows), 0);
    hand_entries(&honest, 1, UINT64_MAX);
    expect_the_true_history();
}

static void the_move_may_come_before_the_revocation(void **state)
{
    (void)state;
    become_a_secretary();
    move_to(world.branches[1]);
    revoke_at_the_last_entry();
    assert_int_equal(shown(true_rows), ENTRIES - 1);
    assert_int_equal(world_faults(reader), 0);
    hand_entries(&forged, 1, UINT64_MAX);
    assert_int_equal(shown(false_rows), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(another_history_below_the_cut_never_counts),
        CASE(what_counted_until_the_revocation_came_is_undone),
        CASE(the_other_history_is_set_aside),
        CASE(the_beginning_of_another_history_makes_room),
        CASE(what_is_held_waits_until_the_cut_is_reached),
        CASE(what_lies_beyond_a_cut_that_fits_does_not_count_either),
        CASE(the_next_sessions_bring_the_history_that_was_left),
        CASE(who_was_moved_goes_on_seeing_what_was_seen),
        CASE(the_move_may_come_before_the_revocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
