/* Who holds nothing of a scope gets it as a snapshot: in one session or in many, from the hub or
 * from who has it whole, and by the log where it can't be had so. */

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/erase.h"
#include "server/revoke.h"
#include "tests/support/snapshots.h"

#define WRITES 150
#define MANY 2500 /* rows: some chunks */

static struct world world;
static struct chance chance;
static uint32_t org, scope;
static size_t writer, other, reader, clerk;

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static void write_on(int writes)
{
    for (int i = 0; i < writes; i++)
        snapshots_write(world.clients[i % 3 ? writer : other], &chance, org);
    assert_true(world_sync(&world, writer, 0, NULL));
    assert_true(world_sync(&world, other, 0, NULL));
}

/* Who is to take the scope has joined before anybody wrote in it. */
static int start(void **state)
{
    (void)state;
    chance.state = 5;
    world_start(&world);
    org = world.branches[0];
    scope = SCOPE_RECORDS(org);
    writer = world_join(&world, ROLE_SECRETARY, org);
    other = world_join(&world, ROLE_VOLUNTEER, org);
    reader = world_join(&world, ROLE_VOLUNTEER, org);
    clerk = world_join(&world, ROLE_CLERK, world.township);
    write_on(WRITES);
    world.snapshot_worth = 1;
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

/* Some chunks full of rows. */
static void write_many(void)
{
    done(replica_begin(world.clients[writer], NULL));
    for (int i = 0; i < MANY; i++) {
        char theme[40];
        snprintf(theme, sizeof theme, "第 %d 次", i);
        world_add_at(world.clients[writer], org, "event", "kind", "members_meeting", "theme", theme,
                     NULL);
    }
    done(replica_commit(world.clients[writer], NULL));
    assert_true(world_sync(&world, writer, 0, NULL));
}

static int64_t number(struct replica *replica, const char *sql)
{
    sqlite3_stmt *get;
    if (sqlite3_prepare_v2(replica_database(replica), sql, -1, &get, NULL) != SQLITE_OK)
        return 0; /* no such table yet */
    assert_int_equal(sqlite3_step(get), SQLITE_ROW);
    int64_t found = sqlite3_column_int64(get, 0);
    sqlite3_finalize(get);
    return found;
}

static bool by_snapshot(struct replica *replica)
{
    return number(replica, "SELECT count(*) FROM _floor") > 0;
}

static void expect_same(size_t client)
{
    assert_true(world_agree(world.clients[client], world.hub.replica));
    assert_int_equal(world_faults(world.clients[client]), 0);
}

static struct session_totals sync_reader(void)
{
    struct session_totals totals;
    assert_true(world_sync(&world, reader, 0, &totals));
    assert_false(totals.truth_failed);
    return totals;
}

/* Sessions of so many bytes, until a chunk at least is staged and another one isn't. */
static void take_a_part(void)
{
    for (uint64_t cut = 20000; number(world.clients[reader], "SELECT count(*) FROM _chunk") == 0;
         cut += 10000)
        world_sync(&world, reader, cut, NULL);
    assert_false(by_snapshot(world.clients[reader]));
}

/* ---- stories ---- */

static void a_newcomer_gets_its_scope_in_one_go(void **state)
{
    (void)state;
    assert_int_equal(sync_reader().snapshots_taken, 1);
    assert_true(by_snapshot(world.clients[reader]));
    expect_same(reader);
    write_on(10);
    struct session_totals totals = sync_reader();
    assert_int_equal(totals.snapshots_taken, 0);
    assert_true(totals.received > 0 && totals.truth_checked);
    expect_same(reader);
}

static void what_is_little_goes_as_its_log(void **state)
{
    (void)state;
    world.snapshot_worth = 0;
    sync_reader();
    assert_false(by_snapshot(world.clients[reader]));
    expect_same(reader);
}

static void who_holds_something_of_it_goes_on_with_the_log(void **state)
{
    (void)state;
    world.snapshot_worth = 0;
    sync_reader();
    write_on(10);
    world.snapshot_worth = 1;
    assert_int_equal(sync_reader().snapshots_taken, 0);
    expect_same(reader);
}

static void who_wrote_there_gets_the_log(void **state)
{
    (void)state;
    world_add_at(world.clients[reader], org, "event", "kind", "members_meeting", NULL);
    assert_int_equal(sync_reader().snapshots_taken, 0);
    assert_false(by_snapshot(world.clients[reader]));
    expect_same(reader);
}

static void one_that_was_made_serves_until_it_is_far_behind(void **state)
{
    static const char same[] = "SELECT count(*) FROM _snapshot NATURAL JOIN before";
    struct replica *hub = world.hub.replica;
    (void)state;
    sync_reader();
    sqlite3_exec(replica_database(hub), "CREATE TEMP TABLE before AS SELECT name FROM _snapshot",
                 NULL, NULL, NULL);
    world_join(&world, ROLE_VOLUNTEER, org);
    assert_int_equal(number(hub, same), 1);
    write_on(WRITES);
    size_t late = world_join(&world, ROLE_VOLUNTEER, org);
    assert_int_equal(number(hub, same), 0);
    assert_true(by_snapshot(world.clients[late]));
    expect_same(late);
}

static void a_line_that_breaks_costs_no_chunk_that_came(void **state)
{
    static const char staged[] = "SELECT count(*) FROM _chunk";
    uint64_t bytes = 0, frames;
    int64_t here = 0;
    unsigned sessions = 0;
    (void)state;
    write_many();
    for (; !by_snapshot(world.clients[reader]); sessions++) {
        struct session_totals totals;
        world_sync(&world, reader, 15000 * (sessions + 1), &totals);
        int64_t now = number(world.clients[reader], staged);
        assert_true(now >= here || by_snapshot(world.clients[reader]));
        here = now;
        bytes += totals.bytes_in;
        assert_true(sessions < 50);
    }
    sync_reader();
    expect_same(reader);
    frames = (uint64_t)number(world.hub.replica, "SELECT sum(length(frame)) FROM _chunk");
    uint64_t most =
        (uint64_t)number(world.hub.replica, "SELECT max(length(frame)) FROM _chunk") + 8192;
    assert_true(sessions > 2 && bytes < frames + sessions * most);
    assert_int_equal(number(world.clients[reader], staged), 0);
}

static void rights_that_change_meanwhile_bring_a_newer_one(void **state)
{
    const struct registry *registry = replica_registry(world.hub.replica);
    uint32_t device = replica_identity(world.clients[other])->device;
    (void)state;
    write_many();
    take_a_part();
    done(hub_revoke(&world.hub, registry_device(registry, device), 3, NULL));
    assert_int_equal(sync_reader().snapshots_taken, 1);
    assert_true(by_snapshot(world.clients[reader]));
    expect_same(reader);
}

static void what_is_erased_leaves_what_was_made_and_staged(void **state)
{
    static const char all[] = "SELECT (SELECT count(*) FROM _chunk) + count(*) FROM _snapshot";
    (void)state;
    write_many();
    take_a_part();
    assert_true(number(world.hub.replica, all) > 0);
    struct id event =
        world_add_at(world.clients[writer], org, "event", "kind", "members_meeting", NULL);
    assert_true(world_sync(&world, writer, 0, NULL));
    done(hub_erase(&world.hub, "event", &event, 0, NULL));
    assert_int_equal(number(world.hub.replica, all), 0);
    world.snapshot_worth = 0;
    sync_reader();
    assert_int_equal(number(world.clients[reader], all), 0);
    expect_same(reader);
}

static void a_clerk_who_has_it_whole_hands_it_on(void **state)
{
    struct session_totals totals;
    (void)state;
    assert_true(world_sync(&world, clerk, 0, NULL));
    assert_true(by_snapshot(world.clients[clerk]));
    expect_same(clerk);
    assert_true(world_meet(&world, reader, clerk, 0, &totals));
    assert_int_equal(totals.snapshots_taken, 1);
    expect_same(reader);
    write_on(10);
    sync_reader();
    expect_same(reader);
}

static void the_log_comes_when_it_is_asked_for(void **state)
{
    (void)state;
    sync_reader();
    done(replica_want_log(world.clients[reader], scope, NULL));
    world_sync(&world, reader, 9000, NULL);
    assert_true(replica_wants_log(world.clients[reader], scope));
    assert_int_equal(sync_reader().snapshots_taken, 0);
    assert_false(by_snapshot(world.clients[reader]));
    assert_int_equal(
        number(world.clients[reader], "SELECT count(*) FROM _meta WHERE name = 'snapshot_wrong'"),
        0);
    expect_same(reader);
}

/* ---- a hub that lies ---- */

static uint32_t lie_at; /* the part */

static void give_another(const struct session_question *question, struct session_answer *answer)
{
    static uint8_t bytes[1024 * 1024];
    if (question->ask != ASK_SNAPSHOT || question->snapshot.step != SNAPSHOT_GIVE ||
        question->snapshot.place != lie_at || answer->snapshot.bytes.size == 0)
        return;
    memcpy(bytes, answer->snapshot.bytes.data, answer->snapshot.bytes.size);
    bytes[answer->snapshot.bytes.size - 1] ^= 1;
    answer->snapshot.bytes.data = bytes;
}

static void a_part_that_is_another_one_brings_the_log(void **state)
{
    (void)state;
    for (lie_at = 0; lie_at < 2; lie_at++) { /* in the leaves, in a chunk */
        world.lie = give_another;
        struct session_totals totals = sync_reader();
        assert_int_equal(totals.snapshots_refused, 1);
        assert_int_equal(totals.snapshots_taken, 0);
        assert_false(by_snapshot(world.clients[reader]));
        expect_same(reader);
        assert_int_equal(number(world.clients[reader], "SELECT count(*) FROM _chunk"), 0);
        end(NULL);
        start(NULL);
    }
}

static void put_blob(const char *sql, struct bytes blob)
{
    sqlite3_stmt *put;
    assert_int_equal(sqlite3_prepare_v2(replica_database(world.hub.replica), sql, -1, &put, NULL),
                     SQLITE_OK);
    sqlite3_bind_blob(put, 1, blob.data, (int)blob.size, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(put), SQLITE_DONE);
    sqlite3_finalize(put);
}

static void rows_that_do_not_add_up_bring_the_log(void **state)
{
    struct snapshots_made made = {0};
    struct hash name;
    (void)state;
    done(replica_begin(world.hub.replica, NULL));
    done(replica_snapshot_prepare(world.hub.replica, scope, NULL));
    done(replica_commit(world.hub.replica, NULL));
    snapshots_make(world.hub.replica, scope, &made);
    snapshots_alter(&made, world.hub.replica, "甲", "丁");
    snapshot_name_of(&name, replica_network(world.hub.replica), buffer_bytes(&made.sealed));
    put_blob("UPDATE _snapshot SET sealed = ?", buffer_bytes(&made.sealed));
    put_blob("UPDATE _snapshot SET leaves = ?", buffer_bytes(&made.snapshot.leaves));
    put_blob("UPDATE _snapshot SET name = ?", bytes_of(name.bytes, HASH_BYTES));
    put_blob("DELETE FROM _chunk WHERE leaf <> ?", bytes_of(name.bytes, HASH_BYTES));
    for (size_t i = 0; i < made.count; i++) {
        struct snapshot_laid laid = {.scope = scope, .frame = buffer_bytes(&made.frames[i])};
        memcpy(laid.leaf.bytes, snapshot_leaf_at(&made.snapshot, i), HASH_BYTES);
        done(replica_begin(world.hub.replica, NULL));
        done(replica_snapshot_lay(world.hub.replica, &laid, NULL));
        done(replica_commit(world.hub.replica, NULL));
    }
    struct session_totals totals = sync_reader();
    assert_int_equal(totals.snapshots_refused, 1);
    assert_int_equal(totals.snapshots_taken, 0);
    expect_same(reader);
    snapshots_release(&made);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        STORY(a_newcomer_gets_its_scope_in_one_go),
        STORY(what_is_little_goes_as_its_log),
        STORY(who_holds_something_of_it_goes_on_with_the_log),
        STORY(who_wrote_there_gets_the_log),
        STORY(one_that_was_made_serves_until_it_is_far_behind),
        STORY(a_line_that_breaks_costs_no_chunk_that_came),
        STORY(rights_that_change_meanwhile_bring_a_newer_one),
        STORY(what_is_erased_leaves_what_was_made_and_staged),
        STORY(a_clerk_who_has_it_whole_hands_it_on),
        STORY(the_log_comes_when_it_is_asked_for),
        STORY(a_part_that_is_another_one_brings_the_log),
        STORY(rows_that_do_not_add_up_bring_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
