#include "tests/bench/heads.h"

#include <sys/resource.h>

#include "common/view.h"
#include "server/revoke.h"
#include "tests/bench/timing.h"
#include "tests/support/flood.h"
#include "tests/support/must.h"

#define FILL_RUNS 200
#define JOB_RUNS 10

static double peak_bytes(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss * 1024 : 0;
}

static size_t list(struct replica *replica)
{
    json_t *conflicts;
    MUST(view_conflicts(replica, &conflicts, err));
    size_t listed = json_array_size(json_object_get(json_array_get(conflicts, 0), "heads"));
    json_decref(conflicts);
    return listed;
}

struct heads_cost heads_measure(size_t values)
{
    static struct world world;
    static struct flood flood;
    struct heads_cost cost;
    world_start(&world);
    size_t writer = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    flood_init(&flood, world.hub.replica, replica_identity(world.clients[writer]),
               world.branches[0]);
    double begun = now();
    while (flood.number < values)
        flood_job(&flood, FILL_RUNS);
    cost.fill_seconds = now() - begun;
    begun = now();
    flood_job(&flood, JOB_RUNS);
    cost.job_seconds = now() - begun;
    begun = now();
    cost.listed = (double)list(world.hub.replica);
    cost.list_seconds = now() - begun;
    cost.peak_bytes = peak_bytes();
    const struct registry *registry = replica_registry(world.hub.replica);
    begun = now();
    MUST(hub_revoke(&world.hub, registry_device(registry, flood.feed.device), 0, err));
    cost.revoke_seconds = now() - begun;
    MUST_HOLD(list(world.hub.replica) == 0);
    world_end(&world);
    return cost;
}
