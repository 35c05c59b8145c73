/* What a client keeps about its hub. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/remember.h"
#include "common/freshness.h"
#include "tests/support/world.h"

static void keep_beacon(struct replica *hub, struct buffer *sealed)
{
    assert_int_equal(replica_meta_get(hub, "beacon", sealed, NULL), STATUS_OK);
    assert_true(sealed->size > 0);
}

static void an_older_beacon_does_not_take_the_place_of_a_newer_one(void **state)
{
    (void)state;
    struct world world;
    struct buffer older = {0}, newer = {0};
    struct id id;
    world_start(&world);
    struct replica *client = world.clients[world_join(&world, ROLE_SECRETARY, world.township)];
    keep_beacon(world.hub.replica, &older);
    assert_int_equal(hub_add_org(&world.hub, world.county, "township", "示例乡", &id, NULL),
                     STATUS_OK);
    keep_beacon(world.hub.replica, &newer);
    assert_int_equal(remember_beacon(client, buffer_bytes(&older), NULL), STATUS_OK);
    uint64_t before = replica_entry_head(client).beacon;
    assert_int_equal(remember_beacon(client, buffer_bytes(&newer), NULL), STATUS_OK);
    uint64_t after = replica_entry_head(client).beacon;
    assert_true(after > before);
    assert_int_equal(remember_beacon(client, buffer_bytes(&older), NULL), STATUS_OK);
    assert_int_equal(replica_entry_head(client).beacon, after);
    newer.data[newer.size - 1] ^= 1;
    assert_int_equal(remember_beacon(client, buffer_bytes(&newer), NULL), STATUS_OK);
    assert_int_equal(replica_entry_head(client).beacon, after);
    buffer_release(&older);
    buffer_release(&newer);
    world_end(&world);
}

/* Whoever lets the newest beacon through and keeps back what belongs to it doesn't make old rights
 * look young. */
static void rights_are_as_old_as_the_last_whole_exchange(void **state)
{
    (void)state;
    struct world world;
    struct buffer newer = {0};
    uint64_t before, after, behind;
    struct id id;
    world_start(&world);
    world.keeps_beacons = true;
    size_t at = world_join(&world, ROLE_SECRETARY, world.township);
    struct replica *client = world.clients[at];
    assert_int_equal(remember_sync(client, NULL), STATUS_OK);
    assert_int_equal(freshness_as_of(client, &before, NULL), STATUS_OK);
    assert_true(before > 0);
    assert_int_equal(hub_add_org(&world.hub, world.county, "township", "示例乡", &id, NULL),
                     STATUS_OK);
    keep_beacon(world.hub.replica, &newer);
    assert_int_equal(remember_beacon(client, buffer_bytes(&newer), NULL), STATUS_OK);
    assert_int_equal(freshness_as_of(client, &after, NULL), STATUS_OK);
    assert_int_equal(after, before);
    assert_int_equal(freshness_behind(client, &behind, NULL), STATUS_OK);
    assert_int_equal(behind, 1);
    assert_true(world_sync(&world, at, 0, NULL));
    assert_int_equal(remember_sync(client, NULL), STATUS_OK);
    assert_int_equal(freshness_behind(client, &behind, NULL), STATUS_OK);
    assert_int_equal(behind, 0);
    assert_int_equal(freshness_as_of(client, &after, NULL), STATUS_OK);
    assert_true(after >= before);
    buffer_release(&newer);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights_are_as_old_as_the_last_whole_exchange),
        cmocka_unit_test(an_older_beacon_does_not_take_the_place_of_a_newer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
