#ifndef TESTS_BENCH_TAKING_H
#define TESTS_BENCH_TAKING_H

/* A new device takes a snapshot (common/replica_snapshot.h). */

#include "tests/support/snapshots.h"

/* As it comes from a peer: staged chunk by chunk, each checked, then put in its place. Into a new
 * file at `path`, which stays; how many seconds it took. */
double taking_seconds(const struct snapshots_made *made, struct replica *from,
                      const struct identity *reader, const char *path);

#endif
