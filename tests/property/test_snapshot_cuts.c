/* The power goes at any write while a snapshot is staged and placed: afterwards the file has what
 * was staged, or the whole scope, and goes on from there to the rows that the hub has. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/sim_disk.h"
#include "tests/support/snapshots.h"

#define WRITES 60

static char path[] = "/tmp/jinqiu-cuts-snapshot";
static struct sim_disk disk = {.folder = "/tmp/jinqiu-cuts-"};
static struct sim_disk hubs = {.folder = "/tmp/"}; /* all others */
static const struct replica_options options = {.path = path};
static struct world world;
static struct snapshots_made made;
static uint32_t scope;

static struct replica_options with_clock(void)
{
    struct replica_options timed = options;
    timed.clock = clock_system();
    return timed;
}

static struct replica *reader_made(size_t reader)
{
    struct replica_options timed = with_clock();
    unlink(path);
    disk_release(&disk);
    struct replica *replica = snapshots_reader(&world, reader, &timed);
    /* The database is in memory, but whoever opens it looks for the file first. */
    close(open(path, O_CREAT | O_WRONLY, 0600));
    return replica;
}

static bool has_scope(struct replica *replica)
{
    const struct frontier *held = replica_frontier(replica);
    for (size_t i = 0; i < held->count; i++)
        if (held->rows[i].feed.scope == scope)
            return true;
    return false;
}

/* Whatever is lacking, from the manifest on; fails when the power goes. */
static enum status go_on(struct replica *replica)
{
    struct snapshot_lack lack;
    enum status status = replica_snapshot_lacks(replica, scope, &lack, NULL);
    if (status == STATUS_NOT_FOUND)
        status = replica_snapshot_stage(replica, buffer_bytes(&made.sealed),
                                        buffer_bytes(&made.snapshot.leaves), NULL);
    while (status == STATUS_OK) {
        status = replica_snapshot_lacks(replica, scope, &lack, NULL);
        if (status != STATUS_OK || lack.count == 0)
            break;
        struct snapshot_chunk chunk = {scope, lack.first, buffer_bytes(&made.frames[lack.first])};
        status = replica_snapshot_chunk(replica, &chunk, NULL);
    }
    return status == STATUS_OK ? replica_snapshot_place(replica, scope, NULL) : status;
}

static struct replica *open_again(void)
{
    struct replica_options timed = with_clock();
    struct replica *replica = NULL;
    struct error err = {0};
    if (replica_open(&replica, &timed, &err) != STATUS_OK)
        fail_msg("it can't be opened any more: %s", err.text);
    return replica;
}

static void a_cut_leaves_the_stage_or_the_scope(void **state)
{
    struct chance chance = {7};
    unsigned cuts = 0;
    (void)state;
    world_start(&world);
    scope = SCOPE_RECORDS(world.branches[0]);
    size_t writer = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    size_t reader = world_join(&world, ROLE_VOLUNTEER, world.branches[0]);
    for (int i = 0; i < WRITES; i++)
        snapshots_write(world.clients[writer], &chance, world.branches[0]);
    world_sync(&world, writer, 0, NULL);
    snapshots_make(world.hub.replica, scope, &made);
    struct replica *replica = reader_made(reader);
    for (unsigned calls = 1; !has_scope(replica); calls++, cuts++) {
        disk_arm(&disk, DISK_POWER_CUT, calls % 7 ? 1 + chance_below(&chance, calls) : calls, 1);
        go_on(replica);
        replica_close(replica);
        disk_restart(&disk, chance_number(&chance));
        replica = open_again();
        assert_true(!has_scope(replica) || world_agree(replica, world.hub.replica));
    }
    assert_true(cuts > 10);
    assert_int_equal(world_faults(replica), 0);
    replica_close(replica);
    snapshots_release(&made);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_cut_leaves_the_stage_or_the_scope)};
    disk_install();
    disk_attach(&hubs);
    disk_attach(&disk);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    disk_release(&disk);
    disk_release(&hubs);
    unlink(path);
    return failed;
}
