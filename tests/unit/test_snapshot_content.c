/* What stands in the chunks of a snapshot besides plain rows: pictures' names, entries that were
 * adopted, values in dispute, bases of what doesn't count. And whatever a hub signs in their place:
 * it is refused and leaves nothing, or what was placed holds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/replica_state.h"
#include "server/revoke.h"
#include "tests/support/snapshots.h"

#define WRITES 40
#define PLACES 250 /* where bytes are changed, and where they end */

static struct world world;
static size_t writer, reader;
static uint32_t org, scope;
static struct snapshots_made made;
static struct buffer plain;
static struct dot adopted;

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static void meet(size_t client)
{
    assert_true(world_sync(&world, client, 0, NULL));
}

static struct id add_person(void)
{
    struct id id = world_add_at(world.clients[writer], org, "person", "name", "示例党员001",
                                "phone", "13800000001", NULL);
    meet(writer);
    return id;
}

/* The writer replaces what another one wrote, who is then revoked from there on; what that one
 * wrote last is adopted. */
static void adopt_after(size_t other, const struct id *person)
{
    struct replica *own = world.clients[writer], *hub = world.hub.replica;
    uint32_t device = replica_identity(world.clients[other])->device;
    struct dot as;
    adopted = (struct dot){.feed = {scope, device, INCARNATION_FIRST}};
    meet(other);
    world_set(world.clients[other], "person", person, "phone", "13800000002", NULL);
    world_set(world.clients[other], "person", person, "rank", "科级", NULL);
    meet(other);
    meet(writer);
    world_set(own, "person", person, "phone", "13800000003", NULL);
    adopted.number = frontier_get(replica_frontier(own), &adopted.feed);
    done(hub_revoke(&world.hub, registry_device(replica_registry(hub), device), 0, NULL));
    meet(writer);
    done(replica_begin(own, NULL));
    done(replica_adopt(own, &adopted, &as, NULL));
    done(replica_commit(own, NULL));
}

static void attach_photo(const struct id *person)
{
    static const uint8_t content[3000] = {1};
    struct attachment_file file = {bytes_text("照片.jpg"), bytes_text("image/jpeg"),
                                   bytes_of(content, sizeof content), bytes_of(content, 90)};
    char id[ID_TEXT_BYTES], target[ID_TEXT_BYTES + 8];
    id_format(person, id);
    snprintf(target, sizeof target, "person:%s", id);
    struct id visit = world_add_at(world.clients[writer], org, "visit", "target_ref", target,
                                   "kind", "home_visit", NULL);
    world_attach(world.clients[writer], &visit, &file);
}

/* Two who write one field apart. */
static void disagree(const struct id *person)
{
    size_t other = world_join(&world, ROLE_SECRETARY, org);
    meet(other);
    world_set(world.clients[other], "person", person, "address", "示例路1号", NULL);
    world_set(world.clients[writer], "person", person, "address", "示例路2号", NULL);
    meet(other);
    meet(writer);
}

static int start(void **state)
{
    struct chance chance = {1};
    (void)state;
    world_start(&world);
    org = world.branches[0];
    scope = SCOPE_RECORDS(org);
    writer = world_join(&world, ROLE_SECRETARY, org);
    reader = world_join(&world, ROLE_VOLUNTEER, org);
    size_t other = world_join(&world, ROLE_SECRETARY, org);
    for (int i = 0; i < WRITES; i++)
        snapshots_write(world.clients[writer], &chance, org);
    struct id person = add_person();
    adopt_after(other, &person);
    attach_photo(&person);
    disagree(&person);
    snapshots_make(world.hub.replica, scope, &made);
    snapshots_open(&made, &plain);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buffer_release(&plain);
    snapshots_release(&made);
    world_end(&world);
    return 0;
}

static void what_follows_from_entries_comes_with_the_rows(void **state)
{
    struct replica *by_log = snapshots_reader(&world, reader, NULL),
                   *by_snapshot = snapshots_reader(&world, reader, NULL);
    struct buffer left = {0}, right = {0};
    struct attachment_counts pictures;
    struct replica_counts counts;
    struct dot as;
    bool found;
    (void)state;
    snapshots_feed(world.hub.replica, by_log, false);
    snapshots_stage(by_snapshot, &made);
    done(replica_snapshot_place(by_snapshot, scope, NULL));
    snapshots_show(by_log, &left);
    snapshots_show(by_snapshot, &right);
    assert_true(bytes_equal(buffer_bytes(&left), buffer_bytes(&right)));
    done(replica_attachment_counts(by_snapshot, &pictures, NULL));
    assert_int_equal(pictures.known, 2); /* and its thumbnail */
    done(replica_counts(by_snapshot, &counts, NULL));
    assert_true(counts.conflicts > 0);
    done(replica_adopted(by_snapshot, &adopted, &as, &found, NULL));
    assert_true(found);
    assert_int_equal(world_faults(by_snapshot), 0);
    buffer_release(&left);
    buffer_release(&right);
    replica_close(by_log);
    replica_close(by_snapshot);
}

/* ---- whatever is signed ---- */

/* Takes the replica, and gives one that holds nothing. */
static struct replica *try(struct replica *replica, struct bytes chunk)
{
    snapshots_forge(&made, world.hub.replica, chunk);
    snapshots_stage(replica, &made);
    enum status status = replica_snapshot_place(replica, scope, NULL);
    if (status == STATUS_OK) {
        assert_int_equal(world_faults(replica), 0);
        replica_close(replica);
        return snapshots_reader(&world, reader, NULL);
    }
    assert_true(status == STATUS_FORGED || status == STATUS_BAD_INPUT ||
                status == STATUS_UNSUPPORTED);
    assert_int_equal(replica->floors_count, 0);
    assert_int_equal(replica->tallies_count, 0);
    replica_snapshot_drop(replica, scope, NULL);
    return replica;
}

static void bytes_that_break_the_rules_leave_nothing(void **state)
{
    struct replica *replica = snapshots_reader(&world, reader, NULL);
    size_t step = plain.size / PLACES + 1;
    (void)state;
    for (size_t at = 0; at < plain.size; at += step) {
        uint8_t kept = plain.data[at];
        plain.data[at] ^= at % 2 ? 1 : 0x80;
        replica = try(replica, buffer_bytes(&plain));
        plain.data[at] = kept;
        if (at > 0)
            replica = try(replica, bytes_of(plain.data, at));
    }
    replica_close(replica);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_from_entries_comes_with_the_rows),
        cmocka_unit_test(bytes_that_break_the_rules_leave_nothing),
    };
    return cmocka_run_group_tests(tests, start, end);
}
