/* Who reads what is sealed, who doesn't any more, and what is left when it was erased. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/view.h"
#include "server/renew.h"
#include "server/revoke.h"
#include "tests/support/world.h"

#define NUMBER "000000194001010000"
#define FOUND "示例情况：独居，腿脚不便"

static struct world world;

static int set_up(void **state)
{
    (void)state;
    world_start(&world);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

static void sync_all(void)
{
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < world.clients_count; i++)
            world_sync(&world, i, 0, NULL);
}

static bool reads(struct replica *replica, const char *table, const struct id *id,
                  const char *field, const char *text)
{
    char id_text[ID_TEXT_BYTES];
    json_t *row = NULL;
    id_format(id, id_text);
    assert_int_equal(view_begin(replica, NULL), STATUS_OK);
    assert_int_equal(view_row(replica, table, id_text, &row, NULL), STATUS_OK);
    view_end(replica);
    const char *read = json_string_value(json_object_get(row, field));
    bool same = read && strcmp(read, text) == 0;
    json_decref(row);
    return same;
}

/* Does `text` stand anywhere in the database as it is in memory or on disk? */
static bool stands_in(struct replica *replica, const char *text)
{
    sqlite3_int64 size;
    unsigned char *image = sqlite3_serialize(replica_database(replica), "main", &size, 0);
    assert_non_null(image);
    bool found = memmem(image, (size_t)size, text, strlen(text)) != NULL;
    sqlite3_free(image);
    return found;
}

static int64_t keys_of(struct replica *replica, const struct id *subject)
{
    uint64_t count;
    assert_int_equal(replica_keys_count(replica, subject, &count, NULL), STATUS_OK);
    return (int64_t)count;
}

static void erase(const struct id *subject, uint32_t org, uint32_t year)
{
    assert_int_equal(replica_begin(world.hub.replica, NULL), STATUS_OK);
    assert_int_equal(replica_erase(world.hub.replica, org, subject, year, NULL), STATUS_OK);
    assert_int_equal(hub_raise_beacon(&world.hub, NULL), STATUS_OK);
    assert_int_equal(replica_commit(world.hub.replica, NULL), STATUS_OK);
}

static char *ref(const struct id *id, char out[64])
{
    char text[ID_TEXT_BYTES];
    id_format(id, text);
    snprintf(out, 64, "person:%s", text);
    return out;
}

static struct id add_visit(struct replica *replica, const struct id *person, const char *text)
{
    char target[64];
    return world_add(replica, "visit", "target_ref", ref(person, target), "kind", "home_visit",
                     "at", "2026-11-20T09:00", "situation", text, NULL);
}

static void who_has_the_role_reads_and_others_hold_it_closed(void **state)
{
    (void)state;
    struct replica *secretary =
        world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    struct replica *second = world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    struct replica *volunteer =
        world.clients[world_join(&world, ROLE_VOLUNTEER, world.branches[0])];
    struct replica *clerk = world.clients[world_join(&world, ROLE_CLERK, world.county)];
    struct id id = world_add(secretary, "person", "name", "示例党员001", "id_number", NUMBER, "kin",
                             FOUND, NULL);
    sync_all();
    assert_true(reads(secretary, "person", &id, "id_number", NUMBER));
    assert_true(reads(second, "person", &id, "id_number", NUMBER));
    assert_true(reads(clerk, "person", &id, "id_number", NUMBER)); /* by the key above */
    assert_true(reads(world.hub.replica, "person", &id, "id_number", NUMBER));
    assert_true(reads(volunteer, "person", &id, "id_number", SEALED_TEXT));
    assert_true(reads(volunteer, "person", &id, "kin", FOUND));
    assert_true(world_agree(volunteer, world.hub.replica) && world_agree(secretary, volunteer));
    struct replica *all[] = {secretary, second, volunteer, clerk, world.hub.replica};
    for (size_t i = 0; i < 5; i++) {
        assert_false(stands_in(all[i], NUMBER) || stands_in(all[i], FOUND));
        assert_int_equal(world_faults(all[i]), 0);
    }
}

static void a_newcomer_reads_what_was_written_before(void **state)
{
    (void)state;
    struct replica *secretary =
        world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    struct id id = world_add(secretary, "person", "name", "示例党员001", "id_number", NUMBER, NULL);
    sync_all();
    struct replica *late = world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    sync_all();
    assert_true(reads(late, "person", &id, "id_number", NUMBER));
    struct replica *far = world.clients[world_join(&world, ROLE_SECRETARY, world.branches[1])];
    sync_all();
    bool found;
    struct row row = {0};
    assert_int_equal(replica_row(far, 17, &id, 0, &row, &found, NULL), STATUS_OK);
    assert_false(found);
    row_release(&row);
}

static const struct device *device_of(struct replica *replica)
{
    return registry_device(replica_registry(world.hub.replica), replica_identity(replica)->device);
}

static bool granted(const struct scope_key *key, struct replica *to)
{
    const struct scope_grant *grants;
    return registry_scope_grants(replica_registry(world.hub.replica), &key->id,
                                 replica_identity(to)->device, &grants) > 0;
}

static void who_leaves_gets_no_key_to_what_is_written_after(void **state)
{
    (void)state;
    const struct registry *registry = replica_registry(world.hub.replica);
    struct replica *leaver = world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    struct replica *stays = world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    uint32_t roles =
        table_field_named(schema_table_named(registry_schema(registry), "person"), "id_number")
            ->seal_roles;
    struct id before = world_add(stays, "person", "name", "示例党员001", "id_number", NUMBER, NULL);
    sync_all();
    const struct scope_key *keys;
    assert_int_equal(registry_scope_keys(registry, world.branches[0], roles, &keys), 1);
    assert_true(granted(&keys[0], leaver));
    assert_int_equal(hub_revoke(&world.hub, device_of(leaver), UINT64_MAX, NULL), STATUS_OK);
    assert_int_equal(registry_scope_keys(registry, world.branches[0], roles, &keys), 2);
    assert_false(granted(&keys[1], leaver));
    assert_true(granted(&keys[1], stays));
    sync_all();
    struct id after = world_add(stays, "person", "name", "示例党员002", "id_number", NUMBER, NULL);
    /* The same person's next value is under a new key, too. */
    world_set(stays, "person", &before, "id_number", "000000194001010001", NULL);
    sync_all();
    assert_true(reads(world.hub.replica, "person", &after, "id_number", NUMBER));
    assert_true(reads(world.hub.replica, "person", &before, "id_number", "000000194001010001"));
    sqlite3_stmt *list = NULL;
    assert_int_equal(sqlite3_prepare_v2(replica_database(stays),
                                        "SELECT substr(wrapped, 1, 8) FROM _key WHERE subject = ? "
                                        "ORDER BY rowid",
                                        -1, &list, NULL),
                     SQLITE_OK);
    sqlite3_bind_blob(list, 1, before.bytes, ID_BYTES, SQLITE_STATIC);
    int old = 0, new = 0;
    while (sqlite3_step(list) == SQLITE_ROW) {
        old += memcmp(sqlite3_column_blob(list, 0), keys[0].id.bytes, 8) == 0;
        new += memcmp(sqlite3_column_blob(list, 0), keys[1].id.bytes, 8) == 0;
    }
    sqlite3_finalize(list);
    assert_int_equal(old, 1);
    assert_int_equal(new, 1);
}

static void who_moves_up_or_away_changes_the_keys_below(void **state)
{
    (void)state;
    const struct registry *registry = replica_registry(world.hub.replica);
    struct replica *clerk = world.clients[world_join(&world, ROLE_CLERK, world.township)];
    struct replica *stays = world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    struct renewal elsewhere = {ROLE_CLERK, world.branches[2]};
    const struct scope_key *keys;
    assert_int_equal(registry_scope_keys(registry, world.branches[0], ROLES_ALL, &keys), 1);
    assert_int_equal(hub_renew_device(&world.hub, device_of(clerk), &elsewhere, NULL), STATUS_OK);
    assert_int_equal(registry_scope_keys(registry, world.branches[0], ROLES_ALL, &keys), 2);
    assert_true(granted(&keys[1], stays));
    assert_int_equal(registry_scope_keys(registry, world.county, ROLES_ALL, &keys), 1);
}

static void what_was_erased_is_gone_everywhere_and_every_chain_holds(void **state)
{
    (void)state;
    struct replica *secretary =
        world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    struct replica *volunteer =
        world.clients[world_join(&world, ROLE_VOLUNTEER, world.branches[0])];
    struct id person =
        world_add(secretary, "person", "name", "示例党员001", "id_number", NUMBER, NULL);
    struct id other =
        world_add(secretary, "person", "name", "示例党员002", "id_number", NUMBER, NULL);
    sync_all();
    struct id visit = add_visit(volunteer, &person, FOUND);
    sync_all();
    struct id offline = add_visit(volunteer, &person, FOUND); /* written before the word came */
    assert_true(reads(secretary, "visit", &visit, "situation", FOUND));
    erase(&person, world.branches[0], 0);
    sync_all();
    struct replica *all[] = {secretary, volunteer, world.hub.replica};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(keys_of(all[i], &person), 0);
        assert_true(reads(all[i], "visit", &visit, "situation", SEALED_TEXT));
        assert_true(reads(all[i], "visit", &offline, "situation", SEALED_TEXT));
        assert_true(reads(all[i], "person", &person, "id_number", SEALED_TEXT) ||
                    all[i] == volunteer);
        assert_int_equal(world_faults(all[i]), 0);
    }
    assert_true(reads(secretary, "person", &other, "id_number", NUMBER));
    assert_true(world_agree(secretary, world.hub.replica) && world_agree(secretary, volunteer));
    /* Who writes about the person again, knowing of it, writes under a key that stays. */
    uint64_t beacon = replica_entry_head(world.hub.replica).beacon;
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)beacon);
    assert_int_equal(replica_meta_set(volunteer, "beacon_number", bytes_text(number), NULL),
                     STATUS_OK);
    struct id again = add_visit(volunteer, &person, "示例情况：已重新同意");
    sync_all();
    assert_true(reads(secretary, "visit", &again, "situation", "示例情况：已重新同意"));
}

/* ---- a stick from before ---- */

#define RUNS_MAX 100

struct carried {
    struct buffer runs[RUNS_MAX];
    size_t count;
};

static enum status carry_run(void *context, const struct run *run, struct error *err)
{
    struct carried *carried = context;
    assert_true(carried->count < RUNS_MAX);
    return run_encode(run, &carried->runs[carried->count++], err);
}

/* All that the hub holds, wrapped keys beside it, as on a stick. */
static void carry_from_hub(struct carried *carried)
{
    struct frontier nothing = {0};
    struct run_wish wish = {
        .unit_bytes = 7000, .budget_bytes = SIZE_MAX, .take = carry_run, .context = carried};
    bool more;
    carried->count = 0;
    assert_int_equal(replica_runs(world.hub.replica, &wish, &nothing, &more, NULL), STATUS_OK);
    frontier_release(&nothing);
}

static void hand_over(const struct carried *carried, struct replica *replica, bool registry)
{
    for (size_t i = 0; i < carried->count; i++) {
        struct received received = {0};
        struct run run;
        struct bytes *bodies;
        assert_int_equal(run_decode(&run, &bodies, buffer_bytes(&carried->runs[i]), NULL),
                         STATUS_OK);
        assert_int_equal(replica_begin(replica, NULL), STATUS_OK);
        if (SCOPE_IS_REGISTRY(run.feed.scope) == registry)
            assert_int_equal(replica_receive(replica, &run, &received, NULL), STATUS_OK);
        assert_int_equal(replica_commit(replica, NULL), STATUS_OK);
        free(bodies);
    }
}

/* Somebody who knows of the erasure, and reads the entries and their keys off a stick only now. */
static void a_stick_from_before_an_erasure_brings_no_key_of_it(void **state)
{
    struct carried stick = {0}, registry = {0};
    struct replica_options options = {.path = ":memory:", .clock = clock_system()};
    struct replica *reader;
    (void)state;
    struct replica *writer = world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    size_t other = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    struct id erased =
        world_add(writer, "person", "name", "示例党员001", "id_number", NUMBER, NULL);
    struct id kept = world_add(writer, "person", "name", "示例党员002", "id_number", NUMBER, NULL);
    sync_all();
    carry_from_hub(&stick);
    erase(&erased, world.branches[0], 0);
    carry_from_hub(&registry);
    assert_int_equal(replica_create(&reader, &options, replica_network(world.hub.replica), NULL),
                     STATUS_OK);
    assert_int_equal(replica_set_identity(reader, replica_identity(world.clients[other]), NULL),
                     STATUS_OK);
    hand_over(&registry, reader, true);
    for (int again = 0; again < 2; again++) {
        hand_over(&stick, reader, false);
        assert_true(reads(reader, "person", &kept, "id_number", NUMBER));
        assert_true(reads(reader, "person", &erased, "id_number", SEALED_TEXT));
        assert_int_equal(keys_of(reader, &erased), 0);
    }
    replica_close(reader);
    for (size_t i = 0; i < RUNS_MAX; i++) {
        buffer_release(&stick.runs[i]);
        buffer_release(&registry.runs[i]);
    }
}

static void a_year_is_erased_alone(void **state)
{
    (void)state;
    struct replica *volunteer =
        world.clients[world_join(&world, ROLE_VOLUNTEER, world.branches[0])];
    struct id person = world_add(volunteer, "person", "name", "示例党员001", NULL);
    struct id visit = add_visit(volunteer, &person, FOUND);
    sync_all();
    erase(&person, world.branches[0], 2020);
    sync_all();
    assert_true(reads(world.hub.replica, "visit", &visit, "situation", FOUND));
}

static void an_adopted_entry_can_be_read(void **state)
{
    (void)state;
    struct replica *secretary =
        world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    struct replica *volunteer =
        world.clients[world_join(&world, ROLE_VOLUNTEER, world.branches[0])];
    struct id person = world_add(secretary, "person", "name", "示例党员001", NULL);
    sync_all();
    struct id visit = add_visit(volunteer, &person, FOUND);
    assert_int_equal(hub_revoke(&world.hub, device_of(volunteer), UINT64_MAX, NULL), STATUS_OK);
    sync_all();
    struct dot as, origin = {{SCOPE_RECORDS(world.branches[0]), replica_identity(volunteer)->device,
                              INCARNATION_FIRST},
                             1};
    assert_int_equal(replica_begin(secretary, NULL), STATUS_OK);
    assert_int_equal(replica_adopt(secretary, &origin, &as, NULL), STATUS_OK);
    assert_int_equal(replica_commit(secretary, NULL), STATUS_OK);
    sync_all();
    assert_true(reads(secretary, "visit", &visit, "situation", FOUND));
    assert_true(reads(world.hub.replica, "visit", &visit, "situation", FOUND));
}

static void sealed_texts_are_found_by_who_reads_them(void **state)
{
    (void)state;
    struct replica *volunteer =
        world.clients[world_join(&world, ROLE_VOLUNTEER, world.branches[0])];
    struct id person = world_add(volunteer, "person", "name", "示例党员001", NULL);
    add_visit(volunteer, &person, FOUND);
    struct view_where where = {.field = "situation", .value = FOUND};
    struct view_query query = {.table = "visit", .search = "腿脚不便"};
    int64_t count;
    assert_int_equal(view_count(volunteer, &query, &count, NULL), STATUS_OK);
    assert_int_equal(count, 1);
    query = (struct view_query){.table = "visit", .wheres = &where, .wheres_count = 1};
    assert_int_equal(view_count(volunteer, &query, &count, NULL), STATUS_OK);
    assert_int_equal(count, 1);
    query = (struct view_query){.table = "visit", .search = "没有这样的话"};
    assert_int_equal(view_count(volunteer, &query, &count, NULL), STATUS_OK);
    assert_int_equal(count, 0);
}

static int64_t found_people(struct replica *replica, const char *words)
{
    struct view_query query = {.table = "person", .search = words};
    int64_t count;
    assert_int_equal(view_count(replica, &query, &count, NULL), STATUS_OK);
    return count;
}

/* The second search looks at hints first (sealed_words.h), and has to find the same. */
static void finds_twice(struct replica *replica, const char *words, int64_t count)
{
    for (int round = 0; round < 2; round++)
        if (found_people(replica, words) != count)
            fail_msg("'%s' found %lld in round %d", words, (long long)found_people(replica, words),
                     round);
}

static void a_hint_never_hides_what_a_sealed_text_says(void **state)
{
    (void)state;
    struct replica *secretary =
        world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    struct id person = world_add(secretary, "person", "name", "示例党员001", "kin", "示例亲属 Qx",
                                 "note", "爱听广播", NULL);
    world_add(secretary, "person", "name", "示例党员002", "note", "爱下棋", NULL);
    finds_twice(secretary, "听广", 1);
    finds_twice(secretary, "广听", 0);
    finds_twice(secretary, "爱", 2);
    finds_twice(secretary, "qx", 1);
    finds_twice(secretary, "属 播", 1);
    finds_twice(secretary, "党员001 广播", 1);
    finds_twice(secretary, "\xb9\xbf", 1); /* within a character */
    world_set(secretary, "person", &person, "note", "常去公园", NULL);
    finds_twice(secretary, "广播", 0);
    finds_twice(secretary, "公园", 1);
    sync_all();
    erase(&person, world.branches[0], 0);
    sync_all();
    finds_twice(secretary, "公园", 0);
    finds_twice(secretary, "下棋", 1);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(who_has_the_role_reads_and_others_hold_it_closed),
        IN_A_WORLD(a_newcomer_reads_what_was_written_before),
        IN_A_WORLD(who_leaves_gets_no_key_to_what_is_written_after),
        IN_A_WORLD(who_moves_up_or_away_changes_the_keys_below),
        IN_A_WORLD(what_was_erased_is_gone_everywhere_and_every_chain_holds),
        IN_A_WORLD(a_stick_from_before_an_erasure_brings_no_key_of_it),
        IN_A_WORLD(a_year_is_erased_alone),
        IN_A_WORLD(an_adopted_entry_can_be_read),
        IN_A_WORLD(sealed_texts_are_found_by_who_reads_them),
        IN_A_WORLD(a_hint_never_hides_what_a_sealed_text_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
