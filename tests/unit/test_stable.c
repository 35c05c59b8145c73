/* What the hub calls stable: what no device that may read it lacks, and no backup that may be put
 * back. Who is revoked, lapsed or elsewhere holds nothing back; a client keeps what it was told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/replica_stable.h"
#include "server/lapse.h"
#include "server/revoke.h"
#include "tests/support/world.h"

static struct world world;
static size_t writer, reader;

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static int set_up(void **state)
{
    (void)state;
    world_start(&world);
    writer = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    reader = world_join(&world, ROLE_VOLUNTEER, world.branches[0]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

static struct feed_id feed_of(size_t client)
{
    const struct identity *self = replica_identity(world.clients[client]);
    return (struct feed_id){SCOPE_RECORDS(world.branches[0]), self->device, self->incarnation};
}

static const struct device *device_of(size_t client)
{
    return registry_device(replica_registry(world.hub.replica),
                           replica_identity(world.clients[client])->device);
}

static void write_one(void)
{
    world_add_at(world.clients[writer], world.branches[0], "person", "name", "示例党员001", NULL);
}

static void sync(size_t client)
{
    assert_true(world_sync(&world, client, 0, NULL));
}

static void backup(void)
{
    done(replica_begin(world.hub.replica, NULL));
    done(replica_note_backup(world.hub.replica, replica_frontier(world.hub.replica), NULL));
    done(replica_commit(world.hub.replica, NULL));
}

/* Of what the writer wrote. */
static uint64_t stable(void)
{
    struct frontier found = {0};
    struct feed_id feed = feed_of(writer);
    done(replica_stable(world.hub.replica, device_of(reader)->certificate.device, &found, NULL));
    for (size_t i = 0; i < found.count; i++)
        assert_false(SCOPE_IS_REGISTRY(found.rows[i].feed.scope));
    uint64_t number = frontier_get(&found, &feed);
    frontier_release(&found);
    return number;
}

static void what_a_device_lacks_is_not_stable(void **state)
{
    (void)state;
    write_one();
    sync(writer);
    backup();
    backup();
    assert_int_equal(stable(), 0);
    sync(reader);
    assert_int_equal(stable(), 1);
    write_one();
    sync(writer);
    backup();
    backup();
    assert_int_equal(stable(), 1);
}

static void what_only_the_newest_backup_holds_is_not_stable(void **state)
{
    (void)state;
    write_one();
    sync(writer);
    sync(reader);
    assert_int_equal(stable(), 0);
    backup();
    assert_int_equal(stable(), 0);
    write_one();
    sync(writer);
    sync(reader);
    backup();
    assert_int_equal(stable(), 1);
    backup();
    assert_int_equal(stable(), 2);
}

static void who_may_not_read_it_is_revoked_or_has_lapsed_holds_nothing_back(void **state)
{
    (void)state;
    size_t silent = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    size_t lost = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    world_join(&world, ROLE_SECRETARY, world.branches[1]);
    write_one();
    sync(writer);
    sync(reader);
    backup();
    backup();
    assert_int_equal(stable(), 0);
    done(hub_revoke(&world.hub, device_of(lost), UINT64_MAX, NULL));
    assert_int_equal(stable(), 0);
    done(lapse_set(&world.hub, device_of(silent), true, NULL));
    assert_int_equal(stable(), 1);
    assert_int_equal(lapse_set(&world.hub, device_of(silent), true, NULL), STATUS_EXISTS);
    done(replica_begin(world.hub.replica, NULL));
    done(lapse_end_seen(&world.hub, device_of(silent)->certificate.device, NULL));
    done(replica_commit(world.hub.replica, NULL));
    assert_false(device_of(silent)->lapsed);
    assert_int_equal(stable(), 0);
    assert_int_equal(world_faults(world.hub.replica), 0);
}

/* What it lapsed for takes nothing away: what it writes counts. */
static void a_lapsed_device_writes_as_before(void **state)
{
    (void)state;
    done(lapse_set(&world.hub, device_of(writer), true, NULL));
    write_one();
    sync(writer);
    sync(reader);
    assert_true(world_agree(world.clients[reader], world.hub.replica));
    struct feed_id feed = feed_of(writer);
    assert_int_equal(frontier_get(replica_frontier(world.clients[reader]), &feed), 1);
    assert_true(device_of(writer)->lapsed);
    assert_int_equal(world_faults(world.clients[reader]), 0);
}

static uint64_t told(void)
{
    struct frontier found = {0};
    struct feed_id feed = feed_of(writer);
    done(replica_stable_load(world.clients[reader], &found, NULL));
    uint64_t number = frontier_get(&found, &feed);
    frontier_release(&found);
    return number;
}

static void meet_lineage(uint64_t lineage)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)lineage);
    done(replica_begin(world.clients[reader], NULL));
    done(replica_meta_set(world.clients[reader], META_LINEAGE_SEEN, bytes_text(text), NULL));
    done(replica_commit(world.clients[reader], NULL));
}

static void a_client_is_told_when_it_asks_and_forgets_it_under_another_lineage(void **state)
{
    (void)state;
    struct replica *replica = world.clients[reader];
    struct session_totals totals;
    bool due, news;
    meet_lineage(replica_lineage(world.hub.replica));
    write_one();
    sync(writer);
    sync(reader);
    backup();
    backup();
    done(replica_stable_due(replica, &due, NULL));
    assert_false(due); /* it is a small place */
    sync(reader);
    assert_int_equal(told(), 0);
    done(replica_begin(replica, NULL));
    done(replica_stable_ask(replica, NULL));
    done(replica_commit(replica, NULL));
    done(replica_stable_due(replica, &due, NULL));
    assert_true(due);
    assert_true(world_sync(&world, reader, 0, &totals));
    assert_int_equal(totals.round_trips, 1);
    assert_int_equal(told(), 1);
    done(replica_stable_due(replica, &due, NULL));
    assert_false(due);
    done(replica_begin(replica, NULL));
    done(replica_stable_news(replica, &news, NULL));
    assert_true(news);
    done(replica_stable_news(replica, &news, NULL));
    assert_false(news);
    done(replica_commit(replica, NULL));
    meet_lineage(replica_lineage(world.hub.replica) + 1);
    assert_int_equal(told(), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_a_device_lacks_is_not_stable),
        CASE(what_only_the_newest_backup_holds_is_not_stable),
        CASE(who_may_not_read_it_is_revoked_or_has_lapsed_holds_nothing_back),
        CASE(a_lapsed_device_writes_as_before),
        CASE(a_client_is_told_when_it_asks_and_forgets_it_under_another_lineage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
