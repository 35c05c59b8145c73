#include "tests/bench/taking.h"

#include <unistd.h>

#include "tests/bench/timing.h"
#include "tests/support/must.h"
#include "tests/support/snapshots.h"

static double take(const struct snapshots_made *made, struct world *world, size_t reader,
                   const char *path)
{
    struct replica_options options = {.path = path, .clock = clock_system(), .cache_kib = 65536};
    unlink(path);
    struct replica *fresh = snapshots_reader(world, reader, &options);
    double start = now();
    snapshots_stage(fresh, made);
    MUST(replica_snapshot_place(fresh, made->snapshot.scope, err));
    double took = now() - start;
    replica_close(fresh);
    return took;
}

struct taking taking_measure(struct world *world, uint32_t org, const char *path, int rounds)
{
    struct snapshots_made made = {0};
    struct taking taking = {0};
    size_t reader = world_join(world, ROLE_CLERK, org);
    double start = now();
    snapshots_make(world->hub.replica, SCOPE_RECORDS(org), &made);
    taking.making_s = now() - start;
    for (size_t i = 0; i < made.count; i++)
        taking.bytes += (double)made.frames[i].size;
    for (int round = 0; round < rounds; round++) {
        double took = take(&made, world, reader, path);
        if (round == 0 || took < taking.taking_s)
            taking.taking_s = took;
    }
    snapshots_release(&made);
    return taking;
}
