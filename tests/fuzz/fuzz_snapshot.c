/* Any bytes as a chunk that the hub has signed: placing them fails, or leaves a replica without
 * faults, whatever they say. */

#include <stdlib.h>

#include "common/zstd_frame.h"
#include "tests/support/must.h"
#include "tests/support/snapshots.h"

#define WRITES 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world world;
static size_t reader;
static struct snapshots_made made;
static struct zstd_room room;

static void end(void)
{
    zstd_room_release(&room);
    snapshots_release(&made);
    world_end(&world);
}

static void start(void)
{
    struct chance chance = {1};
    world_start(&world);
    size_t writer = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    reader = world_join(&world, ROLE_VOLUNTEER, world.branches[0]);
    for (int i = 0; i < WRITES; i++)
        snapshots_write(world.clients[writer], &chance, world.branches[0]);
    MUST_HOLD(world_sync(&world, writer, 0, NULL));
    snapshots_make(world.hub.replica, SCOPE_RECORDS(world.branches[0]), &made);
    atexit(end);
}

/* The manifest with this chunk alone, and no rows promised. */
static void sign(struct bytes chunk)
{
    const struct replica *hub = world.hub.replica;
    buffer_clear(&made.snapshot.leaves);
    buffer_clear(&made.sealed);
    made.snapshot.bytes = 0;
    made.snapshot.tallies_count = 0;
    MUST_HOLD(snapshot_add_chunk(&made.snapshot, replica_network(hub), chunk, NULL) == STATUS_OK);
    MUST_HOLD(snapshot_seal(&made.snapshot, replica_network(hub), &replica_identity(hub)->sign,
                            &made.sealed, NULL) == STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer frame = {0};
    if (made.count == 0)
        start();
    if (size == 0 || size > SNAPSHOT_CHUNK_BYTES)
        return 0;
    sign(bytes_of(data, size));
    struct replica *replica = snapshots_reader(&world, reader, NULL);
    MUST_HOLD(replica_snapshot_stage(replica, buffer_bytes(&made.sealed),
                                     buffer_bytes(&made.snapshot.leaves), NULL) == STATUS_OK);
    MUST_HOLD(zstd_frame_append(&frame, &room, bytes_of(data, size), 1) == STATUS_OK);
    struct snapshot_chunk chunk = {made.snapshot.scope, 0, buffer_bytes(&frame)};
    MUST_HOLD(replica_snapshot_chunk(replica, &chunk, NULL) == STATUS_OK);
    struct error err = {0};
    enum status status = replica_snapshot_place(replica, made.snapshot.scope, &err);
    MUST_HOLD(status != STATUS_STORAGE && status != STATUS_NO_MEMORY);
    MUST_HOLD(world_faults(replica) == 0);
    replica_close(replica);
    buffer_release(&frame);
    return 0;
}
