#include "tests/bench/taking.h"

#include <unistd.h>

#include "tests/bench/must.h"
#include "tests/bench/timing.h"

double taking_seconds(const struct snapshots_made *made, struct replica *from,
                      const struct identity *reader, const char *path)
{
    struct replica *fresh;
    struct replica_options options = {.path = path, .clock = clock_system(), .cache_kib = 65536};
    unlink(path);
    MUST(replica_create(&fresh, &options, replica_network(from), err));
    MUST(replica_set_identity(fresh, reader, err));
    snapshots_feed(from, fresh, true);
    double start = now();
    snapshots_stage(fresh, made);
    MUST(replica_snapshot_place(fresh, made->snapshot.scope, err));
    double took = now() - start;
    replica_close(fresh);
    return took;
}
