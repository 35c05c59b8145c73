/* A device with a valid key under foreign control says whatever it likes: entries for places where
 * it has no rights, in others' names, under numbers that were used, citing what it never saw, or of
 * random bytes. No other replica shows a value that it may not write or hides one, nothing crashes,
 * and everybody else goes on. SEED repeats a run. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/pack.h"
#include "common/view.h"
#include "protocol/storage.h"
#include "tests/support/chance.h"
#include "tests/support/spell.h"
#include "tests/support/world.h"

#define RUNS 3000
#define SESSION_RUNS 1000
#define LOOK_EVERY 300
#define FEEDS_MAX 64

static struct world world;
static size_t victim, neighbour, hostile;
static struct id rows[2]; /* a person of the victim's branch, and one of the hostile's own */
static struct chance chance;

/* How far each feed has come, as the hostile device sees it. */
static struct tail {
    struct feed_id feed;
    uint64_t number;
    struct hash hash;
} tails[FEEDS_MAX];
static size_t tails_count;

static struct tail *tail_of(const struct feed_id *feed)
{
    for (size_t i = 0; i < tails_count; i++)
        if (feed_compare(&tails[i].feed, feed) == 0)
            return &tails[i];
    if (tails_count == FEEDS_MAX)
        return NULL;
    tails[tails_count] = (struct tail){.feed = *feed};
    return &tails[tails_count++];
}

static const struct identity *keys(void)
{
    return replica_identity(world.clients[hostile]);
}

/* ---- what it says ---- */

static struct feed_id any_feed(void)
{
    const uint32_t orgs[] = {ORG_ROOT,          world.county,      world.township,
                             world.branches[0], world.branches[1], 77};
    uint32_t org = orgs[chance_below(&chance, 6)];
    struct feed_id feed = {SCOPE_RECORDS(org), keys()->device, INCARNATION_FIRST};
    size_t kind = chance_below(&chance, 8);
    if (kind == 0)
        feed.scope = SCOPE_REGISTRY(org);
    if (kind == 1)
        feed.scope = SCOPE_BELOW(org);
    size_t writer = chance_below(&chance, 10);
    if (writer == 0)
        feed.device = replica_identity(world.clients[victim])->device;
    if (writer == 1)
        feed.device = DEVICE_HUB;
    if (chance_below(&chance, 8) == 0)
        feed.incarnation = 1 + (uint32_t)chance_below(&chance, 3);
    return feed;
}

/* A change that looks right: a field of a person who is there, replacing what it likes. */
static void plausible_body(const struct feed_id *feed, struct buffer *body)
{
    static const char *const fields[] = {"name", "phone", "dues_fen", "health", "note"};
    static const char *const values[] = {"被改的名字", "13666666666", "99.00", "healthy", "假的"};
    const struct schema *schema = replica_schema(world.clients[hostile]);
    const struct schema_table *table = schema_table_named(schema, "person");
    struct entry_writer writer = {0};
    struct entry_head head = {.time_ms = (int64_t)chance_any_size(&chance), .epoch = 1};
    struct buffer value = {0};
    struct dot bases[3];
    size_t which = chance_below(&chance, 5), count = chance_below(&chance, 4);
    const struct schema_field *field = table_field_named(table, fields[which]);
    for (size_t i = 0; i < count; i++)
        bases[i] = (struct dot){{feed->scope, 1 + (uint32_t)chance_below(&chance, 6), 1},
                                1 + i + 3 * chance_below(&chance, 4)};
    assert_int_equal(field_parse(schema, field, values[which], &value, NULL), STATUS_OK);
    assert_int_equal(entry_writer_start(&writer, feed, &head, NULL), STATUS_OK);
    assert_int_equal(entry_writer_op(&writer, table->number, &rows[chance_below(&chance, 2)], NULL),
                     STATUS_OK);
    if (chance_below(&chance, 6) == 0) {
        struct buffer gone = {0};
        assert_int_equal(pack_bool(&gone, true), STATUS_OK);
        entry_writer_field(&writer, FIELD_DELETED, buffer_bytes(&gone), bases, count, NULL);
        buffer_release(&gone);
    } else {
        entry_writer_field(&writer, field->number, buffer_bytes(&value), bases, count, NULL);
    }
    /* Bases that stand twice are refused by the writer; then the body is random. */
    if (entry_writer_finish(&writer, body, NULL) != STATUS_OK)
        buffer_clear(body);
    entry_writer_release(&writer);
    buffer_release(&value);
}

static void any_body(const struct feed_id *feed, struct buffer *body)
{
    struct entry_view view = {0};
    struct buffer values = {0};
    if (chance_below(&chance, 3) > 0)
        plausible_body(feed, body);
    if (body->size == 0) {
        chance_entry(&chance, feed, &view, &values);
        spell_entry(&view, body);
    }
    if (chance_below(&chance, 20) == 0)
        body->data[chance_below(&chance, body->size)] ^= (uint8_t)(1 << chance_below(&chance, 8));
    entry_view_release(&view);
    buffer_release(&values);
}

static uint64_t any_number(const struct tail *tail)
{
    switch (chance_below(&chance, 12)) {
    case 0:
        return 1 + chance_below(&chance, tail->number + 1); /* used already */
    case 1:
        return tail->number + 2 + chance_below(&chance, 5);
    case 2:
        return chance_any_size(&chance);
    default:
        return tail->number + 1;
    }
}

/* Where it says it: to the storage of the hub, to that of another client which it meets, or to its
 * own, which a session then offers to the hub. */
static struct replica *listener;

static bool tell(const struct run *run)
{
    struct buffer encoded = {0};
    struct storage_reply reply = {0};
    bool taken = false;
    if (run_encode(run, &encoded, NULL) == STATUS_OK) {
        struct session_run one = {buffer_bytes(&encoded)};
        struct session_question question = {
            .ask = ASK_STORE, .runs = &one, .runs_count = 1, .peer = keys()->device};
        assert_int_equal(storage_answer(listener, &question, NULL, &reply, NULL), STATUS_OK);
        taken = reply.answer.stored && frontier_get(reply.answer.stored, &run->feed) == run->first;
    }
    storage_reply_release(&reply);
    buffer_release(&encoded);
    return taken;
}

static void say(const struct feed_id *feed)
{
    static const struct hash none;
    struct tail *tail = tail_of(feed);
    struct buffer body = {0};
    struct hash hash;
    uint8_t signature[SIGNATURE_BYTES];
    if (!tail)
        return;
    struct dot dot = {*feed, any_number(tail)};
    any_body(feed, &body);
    struct bytes bodies[1] = {buffer_bytes(&body)};
    bool next = dot.number == tail->number + 1;
    entry_hash(&hash, replica_network(world.hub.replica), &dot,
               tail->number && next ? &tail->hash : &none, bodies[0]);
    entry_sign(signature, replica_network(world.hub.replica), &hash, &keys()->sign);
    if (chance_below(&chance, 30) == 0)
        signature[chance_below(&chance, SIGNATURE_BYTES)] ^= 1;
    struct run run = {*feed, dot.number, bodies, 1, signature, {0}};
    if (tell(&run) && next)
        *tail = (struct tail){*feed, dot.number, hash};
    buffer_release(&body);
}

/* ---- what others see ---- */

static enum status keep_row(void *context, json_t *row, struct error *err)
{
    (void)err;
    json_t *kept = context;
    const char *own = json_string_value(json_array_get(kept, 0));
    const char *org = json_string_value(json_object_get(row, "_org"));
    /* In its own branch it may write; that is looked at by the field. */
    if (!org || strcmp(org, own) != 0)
        json_array_append(kept, row);
    return STATUS_OK;
}

/* All rows of all tables outside of the hostile device's own branch, as text. */
static char *seen_elsewhere(struct replica *replica)
{
    const struct schema *schema = replica_schema(replica);
    char own[ID_TEXT_BYTES];
    id_format(&registry_org(replica_registry(world.hub.replica), world.branches[1])->id, own);
    json_t *kept = json_pack("[s]", own);
    for (size_t i = 0; i < schema->tables_count; i++) {
        struct view_query query = {.table = schema->tables[i].name};
        assert_int_equal(view_list(replica, &query, keep_row, kept, NULL), STATUS_OK);
    }
    char *text = json_dumps(kept, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(kept);
    return text;
}

/* A field that its role may not write, in its own branch. */
static void expect_dues_untouched(void)
{
    char id[ID_TEXT_BYTES];
    json_t *row;
    id_format(&rows[1], id);
    assert_int_equal(view_row(world.hub.replica, "person", id, &row, NULL), STATUS_OK);
    assert_string_equal(json_string_value(json_object_get(row, "dues_fen")), "5.00");
    json_decref(row);
}

static void look(const char *before, size_t devices)
{
    char *now = seen_elsewhere(world.hub.replica);
    assert_string_equal(now, before);
    free(now);
    expect_dues_untouched();
    assert_int_equal(registry_devices_count(replica_registry(world.hub.replica)), devices);
    assert_int_equal(world_faults(world.hub.replica), 0);
    assert_true(world_sync(&world, victim, 0, NULL));
    assert_true(world_sync(&world, neighbour, 0, NULL));
    assert_true(world_agree(world.clients[victim], world.hub.replica));
    assert_true(world_agree(world.clients[neighbour], world.hub.replica));
}

static void a_hostile_device_changes_nothing_that_is_not_its_own(void **state)
{
    (void)state;
    char *before = seen_elsewhere(world.hub.replica);
    listener = world.hub.replica;
    size_t devices = registry_devices_count(replica_registry(world.hub.replica));
    for (int i = 1; i <= RUNS; i++) {
        struct feed_id feed = any_feed();
        say(&feed);
        if (i % LOOK_EVERY == 0)
            look(before, devices);
    }
    free(before);
    /* It was heard where it has rights: the test would be empty otherwise. */
    struct feed_id own = {SCOPE_RECORDS(world.branches[1]), keys()->device, INCARNATION_FIRST};
    assert_true(frontier_get(replica_frontier(world.hub.replica), &own) > RUNS / 50);
}

/* Its own replica holds what it made up, chained and signed, and the ordinary session offers all of
 * it to the hub; the line breaks now and then. */
static void over_real_sessions_it_changes_nothing_either(void **state)
{
    (void)state;
    char *before = seen_elsewhere(world.hub.replica);
    size_t devices = registry_devices_count(replica_registry(world.hub.replica));
    listener = world.clients[hostile];
    for (int i = 1; i <= SESSION_RUNS; i++) {
        struct feed_id feed = any_feed();
        say(&feed);
        if (i % 20 == 0)
            world_sync(&world, hostile, chance_below(&chance, 2) ? chance_below(&chance, 9000) : 0,
                       NULL);
        if (i % 200 == 0)
            look(before, devices);
    }
    free(before);
    struct feed_id own = {SCOPE_RECORDS(world.branches[1]), keys()->device, INCARNATION_FIRST};
    assert_true(frontier_get(replica_frontier(world.hub.replica), &own) > SESSION_RUNS / 50);
}

/* It meets another client directly, whose hub is far away. */
static void a_client_that_it_meets_shows_nothing_of_it(void **state)
{
    (void)state;
    listener = world.clients[victim];
    char *before = seen_elsewhere(listener);
    size_t devices = registry_devices_count(replica_registry(listener));
    for (int i = 1; i <= SESSION_RUNS; i++) {
        struct feed_id feed = any_feed();
        say(&feed);
        if (i % 200 > 0)
            continue;
        char *now = seen_elsewhere(listener);
        assert_string_equal(now, before);
        free(now);
        assert_int_equal(registry_devices_count(replica_registry(listener)), devices);
        assert_int_equal(world_faults(listener), 0);
    }
    free(before);
}

static int setup(void **state)
{
    tails_count = 0;
    (void)state;
    const char *seed = getenv("SEED");
    chance.state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    printf("SEED=%llu\n", (unsigned long long)chance.state);
    world_start(&world);
    victim = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    neighbour = world_join(&world, ROLE_SECRETARY, world.branches[1]);
    hostile = world_join(&world, ROLE_VOLUNTEER, world.branches[1]);
    rows[0] = world_add(world.clients[victim], "person", "name", "示例党员001", "phone",
                        "13900000001", NULL);
    rows[1] = world_add(world.clients[neighbour], "person", "name", "示例党员002", "dues_fen",
                        "5.00", NULL);
    return world_sync(&world, victim, 0, NULL) && world_sync(&world, neighbour, 0, NULL) &&
                   world_sync(&world, hostile, 0, NULL)
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hostile_device_changes_nothing_that_is_not_its_own, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(over_real_sessions_it_changes_nothing_either, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_client_that_it_meets_shows_nothing_of_it, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
