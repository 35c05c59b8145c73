/* A scope that came as a snapshot is the one that its log makes: the same rows, heads, conflicts,
 * judgements and keys, then and after whatever comes later, revocations before and behind it
 * included; and in the end, when the log is fetched, there is no difference left. Worlds are made
 * up from seeds; JINQIU_SNAPSHOTS says how many (5). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/revoke.h"
#include "tests/support/snapshots.h"

#define WORLDS 5
#define WRITERS 3
#define STEPS 60

static struct world world;
static struct chance chance;
static size_t writers[WRITERS];
static uint32_t org, scope;
static struct replica *by_log, *by_snapshot;
static struct buffer log_shows, snapshot_shows;

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static void write_on(int steps)
{
    for (int i = 0; i < steps; i++) {
        size_t writer = writers[chance_below(&chance, WRITERS)];
        if (chance_below(&chance, 4) == 0)
            world_sync(&world, writer, 0, NULL);
        else
            snapshots_write(world.clients[writer], &chance, org);
    }
    for (int i = 0; i < WRITERS; i++)
        world_sync(&world, writers[i], 0, NULL);
}

static void revoke(size_t client, uint64_t last_good)
{
    const struct registry *registry = replica_registry(world.hub.replica);
    uint32_t device = replica_identity(world.clients[client])->device;
    done(hub_revoke(&world.hub, registry_device(registry, device), last_good, NULL));
}

static void take_snapshot(struct replica *replica)
{
    struct snapshots_made made = {0};
    struct error err = {0};
    snapshots_make(world.hub.replica, scope, &made);
    snapshots_stage(replica, &made);
    if (replica_snapshot_place(replica, scope, &err) != STATUS_OK)
        fail_msg("%s", err.text);
    snapshots_release(&made);
}

static void start_world(uint32_t seed)
{
    chance.state = seed;
    world_start(&world);
    org = world.branches[0];
    scope = SCOPE_RECORDS(org);
    writers[0] = world_join(&world, ROLE_SECRETARY, org);
    writers[1] = world_join(&world, ROLE_VOLUNTEER, org);
    writers[2] = world_join(&world, ROLE_CLERK, world.township);
    size_t reader = world_join(&world, ROLE_SECRETARY, org);
    by_log = by_snapshot = NULL;
    write_on(STEPS);
    if (seed % 3 == 1)
        revoke(writers[1], 5);
    by_log = snapshots_reader(&world, reader, NULL);
    by_snapshot = snapshots_reader(&world, reader, NULL);
    snapshots_feed(world.hub.replica, by_log, false);
    take_snapshot(by_snapshot);
}

static void end_world(void)
{
    replica_close(by_log);
    replica_close(by_snapshot);
    world_end(&world);
}

static void feed_both(void)
{
    snapshots_feed(world.hub.replica, by_log, false);
    snapshots_feed(world.hub.replica, by_snapshot, false);
}

static void print_difference(void)
{
    const char *left = (const char *)log_shows.data, *right = (const char *)snapshot_shows.data;
    size_t at = 0, from;
    while (at < log_shows.size && at < snapshot_shows.size && left[at] == right[at])
        at++;
    from = at > 600 ? at - 600 : 0;
    fprintf(stderr, "log:\n%.*s\nsnapshot:\n%.*s\n", 900, left + from, 900, right + from);
}

static void expect_same(uint32_t seed, const char *when)
{
    snapshots_show(by_log, &log_shows);
    snapshots_show(by_snapshot, &snapshot_shows);
    done(buffer_append(&log_shows, "", 1));
    done(buffer_append(&snapshot_shows, "", 1));
    bool same = bytes_equal(buffer_bytes(&log_shows), buffer_bytes(&snapshot_shows));
    if (!same)
        print_difference();
    if (!same || !world_agree(by_log, by_snapshot))
        fail_msg("seed %u, %s: another scope than its log makes", seed, when);
}

static uint32_t worlds_wanted(void)
{
    const char *text = getenv("JINQIU_SNAPSHOTS");
    return text ? (uint32_t)strtoul(text, NULL, 10) : WORLDS;
}

/* ---- stories ---- */

static void rows_and_all_that_merges_with_them_later_are_the_logs(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= worlds_wanted(); seed++) {
        start_world(seed);
        expect_same(seed, "taken");
        assert_int_equal(world_faults(by_snapshot), 0);
        for (int round = 0; round < 3; round++) {
            write_on(STEPS / 3);
            feed_both();
            expect_same(seed, "later");
        }
        assert_int_equal(world_faults(by_snapshot), 0);
        end_world();
    }
}

static void a_revocation_that_comes_later_brings_the_log_and_is_the_same_then(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= worlds_wanted(); seed++) {
        start_world(seed);
        write_on(STEPS / 3);
        revoke(writers[seed % WRITERS], 3);
        feed_both();
        for (int session = 0; session < 2; session++)
            snapshots_feed(world.hub.replica, by_snapshot, false);
        expect_same(seed, "revoked");
        assert_int_equal(world_faults(by_snapshot), 0);
        end_world();
    }
}

static void fetched_later_the_log_proves_the_snapshot(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= worlds_wanted(); seed++) {
        struct buffer wrong = {0};
        start_world(seed);
        done(replica_begin(by_snapshot, NULL));
        done(replica_want_log(by_snapshot, scope, NULL));
        done(replica_commit(by_snapshot, NULL));
        write_on(STEPS / 3);
        feed_both();
        expect_same(seed, "fetched");
        done(replica_meta_get(by_snapshot, META_SNAPSHOT_WRONG, &wrong, NULL));
        assert_int_equal(wrong.size, 0);
        done(replica_refold(by_snapshot, NULL));
        expect_same(seed, "folded");
        buffer_release(&wrong);
        end_world();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_all_that_merges_with_them_later_are_the_logs),
        cmocka_unit_test(a_revocation_that_comes_later_brings_the_log_and_is_the_same_then),
        cmocka_unit_test(fetched_later_the_log_proves_the_snapshot),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_release(&log_shows);
    buffer_release(&snapshot_shows);
    return failed;
}
