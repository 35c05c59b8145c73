/* A field with very many values that wait for somebody: what another one costs doesn't grow with
 * them. Counted in rows that SQLite changed and steps that its machine took, so that a slow
 * computer says the same. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/pack.h"
#include "common/view.h"
#include "server/revoke.h"
#include "tests/support/flood.h"

#define VALUES 2000
#define RUN FLOOD_RUN
#define RUNS 10   /* that come as one job of the storage */
#define CHANGES 2 /* of any table, that one value may cost */
#define STEPS 400 /* of SQLite, likewise */

static struct world world;
static size_t writer;
static struct flood flood;
static const struct id row = FLOOD_ROW;

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static int setup(void **state)
{
    (void)state;
    world_start(&world);
    writer = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    flood_init(&flood, world.hub.replica, replica_identity(world.clients[writer]),
               world.branches[0]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

static int count_steps(void *context)
{
    uint64_t *steps = context;
    *steps += 100;
    return 0;
}

struct work {
    uint64_t changes; /* rows of all tables */
    uint64_t steps;   /* of SQLite's machine */
};

static struct work store_job(void)
{
    struct work work = {0};
    sqlite3 *database = replica_database(world.hub.replica);
    int64_t before = sqlite3_total_changes64(database);
    sqlite3_progress_handler(database, 100, count_steps, &work.steps);
    flood_job(&flood, RUNS);
    sqlite3_progress_handler(database, 0, NULL, NULL);
    work.changes = (uint64_t)(sqlite3_total_changes64(database) - before);
    return work;
}

/* As the list of conflicts counts them. */
static size_t heads(struct replica *replica)
{
    json_t *conflicts;
    size_t count = 0;
    done(view_conflicts(replica, &conflicts, NULL));
    for (size_t i = 0; i < json_array_size(conflicts); i++)
        count += (size_t)json_integer_value(
            json_object_get(json_array_get(conflicts, i), "heads_count"));
    json_decref(conflicts);
    return count;
}

static void another_conflicting_value_costs_the_same_whatever_there_is(void **state)
{
    (void)state;
    store_job(); /* the row is new, and then no conflict yet: both once */
    while (flood.number < VALUES) {
        struct work work = store_job();
        print_message("%llu values: %llu changes, %llu steps\n", (unsigned long long)flood.number,
                      (unsigned long long)work.changes, (unsigned long long)work.steps);
        assert_in_range(work.changes, 1, CHANGES * RUN * RUNS);
        assert_in_range(work.steps, 1, STEPS * RUN * RUNS);
    }
    assert_int_equal(heads(world.hub.replica), VALUES);
    assert_int_equal(world_faults(world.hub.replica), 0);
}

/* It is the same conflict where the values came one by one. */
static void values_that_came_together_are_those_that_came_one_by_one(void **state)
{
    (void)state;
    size_t reader = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    struct buffer encoded = {0};
    store_job();
    assert_true(world_sync(&world, reader, 0, NULL));
    flood_run(&flood, &encoded);
    for (size_t i = 0; i < 2; i++) {
        struct replica *replica = i == 0 ? world.clients[reader] : world.hub.replica;
        world_take_run(replica, &encoded);
        assert_int_equal(heads(replica), RUN * (RUNS + 1));
        assert_int_equal(world_faults(replica), 0);
    }
    buffer_release(&encoded);
    assert_true(world_agree(world.clients[reader], world.hub.replica));
}

/* Settled, they are gone from the table of heads at once. */
static void a_settlement_takes_all_that_it_names(void **state)
{
    (void)state;
    size_t reader = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    struct buffer encoded = {0};
    flood_run(&flood, &encoded);
    world_take_run(world.hub.replica, &encoded);
    buffer_release(&encoded);
    assert_true(world_sync(&world, reader, 0, NULL));
    assert_int_equal(heads(world.clients[reader]), RUN);
    world_set(world.clients[reader], "person", &row, "phone", "13900000001", NULL);
    assert_true(world_sync(&world, reader, 0, NULL));
    assert_int_equal(heads(world.hub.replica), 0);
    assert_int_equal(world_faults(world.hub.replica), 0);
    assert_true(world_agree(world.clients[reader], world.hub.replica));
}

/* The list stays short whatever a device writes, and shows what others wrote beside it. */
static void the_list_shows_some_of_each_writer_and_counts_the_rest(void **state)
{
    (void)state;
    size_t reader = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    json_t *conflicts;
    bool shown = false;
    store_job();
    assert_true(world_sync(&world, reader, 0, NULL));
    world_set(world.clients[reader], "person", &row, "phone", "13900000001", NULL);
    assert_true(world_sync(&world, reader, 0, NULL));
    size_t left = heads(world.hub.replica); /* one entry couldn't name them all */
    store_job();
    done(view_conflicts(world.hub.replica, &conflicts, NULL));
    assert_int_equal(json_array_size(conflicts), 1);
    const json_t *listed = json_object_get(json_array_get(conflicts, 0), "heads");
    assert_in_range(json_array_size(listed), 2, VIEW_HEADS_MAX + 2);
    for (size_t i = 0; i < json_array_size(listed); i++)
        shown |= strcmp(json_string_value(json_object_get(json_array_get(listed, i), "value")),
                        "13900000001") == 0;
    assert_true(shown);
    assert_int_equal(heads(world.hub.replica), left + RUN * RUNS);
    json_decref(conflicts);
}

/* An entry names 256 values at most: then it takes several. */
static void one_settlement_is_enough_for_very_many(void **state)
{
    (void)state;
    size_t reader = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    struct replica *replica = world.clients[reader];
    const struct schema_table *table = schema_table_named(replica_schema(replica), "person");
    struct buffer value = {0};
    struct saved saved;
    size_t entries;
    while (flood.number < VALUES)
        store_job();
    assert_true(world_sync(&world, reader, 0, NULL));
    done(pack_str(&value, bytes_text("13900000001")));
    struct change_field field = {.field = table_field_named(table, "phone")->number,
                                 .value = buffer_bytes(&value)};
    struct change change = {.kind = CHANGE_SETTLE,
                            .table = table->number,
                            .id = row,
                            .fields = &field,
                            .fields_count = 1};
    done(replica_begin(replica, NULL));
    done(replica_settle(replica, &change, &saved, &entries, NULL));
    done(replica_commit(replica, NULL));
    buffer_release(&value);
    assert_int_equal(entries, (VALUES + 254) / 255);
    assert_int_equal(heads(replica), 0);
    assert_int_equal(world_faults(replica), 0);
    assert_true(world_sync(&world, reader, 0, NULL));
    assert_int_equal(heads(world.hub.replica), 0);
}

/* What the newest of those set aside is called that nobody has adopted. */
static void first_aside(struct replica *replica, char text[DOT_TEXT_BYTES])
{
    json_t *list;
    done(view_set_aside(replica, &list, NULL));
    assert_int_equal(json_array_size(list), 1000);
    snprintf(text, DOT_TEXT_BYTES, "%s",
             json_string_value(json_object_get(json_array_get(list, 0), "dot")));
    json_decref(list);
}

/* Somebody may adopt any of them: what is adopted makes room in the list. */
static void all_that_a_revocation_undoes_is_noted(void **state)
{
    (void)state;
    size_t reader = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    struct replica *replica = world.clients[reader];
    struct replica_counts counts;
    struct dot newest, as;
    char before[DOT_TEXT_BYTES], after[DOT_TEXT_BYTES];
    while (flood.number < VALUES)
        store_job();
    const struct registry *registry = replica_registry(world.hub.replica);
    done(hub_revoke(&world.hub, registry_device(registry, flood.feed.device), 0, NULL));
    assert_true(world_sync(&world, reader, 0, NULL));
    assert_int_equal(heads(replica), 0);
    done(replica_counts(replica, &counts, NULL));
    assert_int_equal(counts.set_aside, VALUES);
    first_aside(replica, before);
    assert_true(dot_parse(before, &newest));
    done(replica_begin(replica, NULL));
    done(replica_adopt(replica, &newest, &as, NULL));
    done(replica_commit(replica, NULL));
    first_aside(replica, after);
    assert_string_not_equal(before, after);
    assert_int_equal(world_faults(replica), 0);
    assert_int_equal(world_faults(world.hub.replica), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(another_conflicting_value_costs_the_same_whatever_there_is),
        CASE(values_that_came_together_are_those_that_came_one_by_one),
        CASE(a_settlement_takes_all_that_it_names),
        CASE(the_list_shows_some_of_each_writer_and_counts_the_rest),
        CASE(one_settlement_is_enough_for_very_many),
        CASE(all_that_a_revocation_undoes_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
