#ifndef TESTS_BENCH_TAKING_H
#define TESTS_BENCH_TAKING_H

/* A new device takes a snapshot (common/replica_snapshot.h). */

#include "tests/support/world.h"

struct taking {
    double making_s;
    double taking_s; /* the best of all rounds */
    double bytes;    /* of all chunks, packed */
};
/* Of the records of an org's scope, from the hub, by a clerk of it. As it comes from a peer: staged
 * chunk by chunk, each checked, then put in its place; into a new file at `path`, which stays. */
struct taking taking_measure(struct world *world, uint32_t org, const char *path, int rounds);

#endif
