/* A field with very many values that wait for somebody: what another one costs doesn't grow with
 * them. Counted in rows that SQLite changed and steps that its machine took, so that a slow
 * computer says the same. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/pack.h"
#include "common/view.h"
#include "protocol/storage.h"
#include "tests/support/world.h"

#define VALUES 2000
#define RUN 50    /* entries */
#define RUNS 10   /* that come as one job of the storage */
#define CHANGES 2 /* of any table, that one value may cost */
#define STEPS 400 /* of SQLite, likewise */

static struct world world;
static size_t writer;
static struct feed_id feed;
static const struct id row = {{9}};
static uint64_t number;
static struct hash hash;

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static int setup(void **state)
{
    (void)state;
    world_start(&world);
    writer = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    feed = (struct feed_id){SCOPE_RECORDS(world.branches[0]),
                            replica_identity(world.clients[writer])->device, INCARNATION_FIRST};
    number = 0;
    hash = (struct hash){{0}};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

/* The next value of one person's telephone, written without having seen any other. */
static void write_body(struct buffer *body)
{
    const struct schema *schema = replica_schema(world.hub.replica);
    const struct schema_table *table = schema_table_named(schema, "person");
    const struct schema_field *field = table_field_named(table, "phone");
    struct entry_head head = {.time_ms = (int64_t)number, .epoch = schema->epoch};
    struct entry_writer out = {0};
    struct buffer value = {0};
    char text[16];
    snprintf(text, sizeof text, "%09llu", (unsigned long long)number);
    done(pack_str(&value, bytes_text(text)));
    buffer_clear(body);
    done(entry_writer_start(&out, &feed, &head, NULL));
    done(entry_writer_op(&out, table->number, &row, NULL));
    done(entry_writer_field(&out, field->number, buffer_bytes(&value), NULL, 0, NULL));
    done(entry_writer_finish(&out, body, NULL));
    entry_writer_release(&out);
    buffer_release(&value);
}

static void write_run(struct buffer *encoded)
{
    const struct network *network = replica_network(world.hub.replica);
    static struct buffer bodies[RUN];
    struct bytes parts[RUN];
    uint8_t signature[SIGNATURE_BYTES];
    struct run run = {feed, number + 1, parts, RUN, signature, {0}};
    for (size_t i = 0; i < RUN; i++) {
        struct dot dot = {feed, ++number};
        struct hash previous = hash;
        write_body(&bodies[i]);
        parts[i] = buffer_bytes(&bodies[i]);
        entry_hash(&hash, network, &dot, &previous, parts[i]);
    }
    entry_sign(signature, network, &hash, &replica_identity(world.clients[writer])->sign);
    done(run_encode(&run, encoded, NULL));
    for (size_t i = 0; i < RUN; i++)
        buffer_release(&bodies[i]);
}

/* As one that comes with nothing else. */
static void take_run(struct replica *replica, const struct buffer *encoded)
{
    struct received received = {0};
    struct run run;
    struct bytes *bodies;
    done(run_decode(&run, &bodies, buffer_bytes(encoded), NULL));
    done(replica_begin(replica, NULL));
    done(replica_receive(replica, &run, &received, NULL));
    done(replica_commit(replica, NULL));
    free(bodies);
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

/* One job of the storage, as a session asks for it. */
static struct work store_job(void)
{
    struct work work = {0};
    struct buffer encoded[RUNS] = {{0}};
    struct session_run runs[RUNS];
    struct storage_reply reply = {0};
    struct session_question question = {
        .ask = ASK_STORE, .runs = runs, .runs_count = RUNS, .peer = feed.device};
    sqlite3 *database = replica_database(world.hub.replica);
    for (size_t i = 0; i < RUNS; i++) {
        write_run(&encoded[i]);
        runs[i].encoded = buffer_bytes(&encoded[i]);
    }
    int64_t before = sqlite3_total_changes64(database);
    sqlite3_progress_handler(database, 100, count_steps, &work.steps);
    done(storage_answer(world.hub.replica, &question, NULL, &reply, NULL));
    sqlite3_progress_handler(database, 0, NULL, NULL);
    assert_int_equal(reply.answer.applied, RUN * RUNS);
    work.changes = (uint64_t)(sqlite3_total_changes64(database) - before);
    storage_reply_release(&reply);
    for (size_t i = 0; i < RUNS; i++)
        buffer_release(&encoded[i]);
    return work;
}

static size_t heads(struct replica *replica)
{
    json_t *conflicts;
    size_t count = 0;
    done(view_conflicts(replica, &conflicts, NULL));
    for (size_t i = 0; i < json_array_size(conflicts); i++)
        count += json_array_size(json_object_get(json_array_get(conflicts, i), "heads"));
    json_decref(conflicts);
    return count;
}

static void another_conflicting_value_costs_the_same_whatever_there_is(void **state)
{
    (void)state;
    store_job(); /* the row is new, and then no conflict yet: both once */
    while (number < VALUES) {
        struct work work = store_job();
        print_message("%llu values: %llu changes, %llu steps\n", (unsigned long long)number,
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
    write_run(&encoded);
    for (size_t i = 0; i < 2; i++) {
        struct replica *replica = i == 0 ? world.clients[reader] : world.hub.replica;
        take_run(replica, &encoded);
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
    write_run(&encoded);
    take_run(world.hub.replica, &encoded);
    buffer_release(&encoded);
    assert_true(world_sync(&world, reader, 0, NULL));
    assert_int_equal(heads(world.clients[reader]), RUN);
    world_set(world.clients[reader], "person", &row, "phone", "13900000001", NULL);
    assert_true(world_sync(&world, reader, 0, NULL));
    assert_int_equal(heads(world.hub.replica), 0);
    assert_int_equal(world_faults(world.hub.replica), 0);
    assert_true(world_agree(world.clients[reader], world.hub.replica));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(another_conflicting_value_costs_the_same_whatever_there_is),
        CASE(values_that_came_together_are_those_that_came_one_by_one),
        CASE(a_settlement_takes_all_that_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
