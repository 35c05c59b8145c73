/* What a client keeps about its hub. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/remember.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_beacon_does_not_take_the_place_of_a_newer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
