#ifndef TESTS_SUPPORT_SNAPSHOTS_H
#define TESTS_SUPPORT_SNAPSHOTS_H

/* For tests of snapshots: writers that save at random, a reader that takes a scope by snapshot and
 * one of the same device that takes it by its log, and what both show, as text. Failures abort. */

#include "common/replica_snapshot.h"
#include "tests/support/chance.h"
#include "tests/support/world.h"

/* One or a few saves in `org`, of new rows and of those that the replica has: all merge rules. What
 * is refused is left. */
void snapshots_write(struct replica *replica, struct chance *chance, uint32_t org);

/* Runs that `to` lacks and may read, by what it claims to hold; registry alone, or everything. */
void snapshots_feed(struct replica *from, struct replica *to, bool registry);

/* A replica for the device of `client` that holds the hub's registry and nothing else. Without
 * options it's in memory. */
struct replica *snapshots_reader(struct world *world, size_t client,
                                 const struct replica_options *options);

/* What was made, in memory. */
struct snapshots_made {
    struct snapshot snapshot;
    struct buffer sealed;
    struct buffer *frames;
    size_t count, capacity;
};
void snapshots_release(struct snapshots_made *made);
void snapshots_make(struct replica *hub, uint32_t scope, struct snapshots_made *made);
/* Stages it and all chunks, from the last to the first. */
void snapshots_stage(struct replica *replica, const struct snapshots_made *made);
/* The chunks anew, with `to` wherever they had `from`, and signed: not what the log makes. */
void snapshots_alter(struct snapshots_made *made, struct replica *hub, const char *from,
                     const char *to);
/* All chunks one behind the other, as they are before they are packed. */
void snapshots_open(const struct snapshots_made *made, struct buffer *plain);
/* This one chunk in place of all, signed, whatever it holds. */
void snapshots_forge(struct snapshots_made *made, struct replica *hub, struct bytes chunk);

/* Rows, heads, judgements, keys and all that follows from entries, without local numbers. Replaces
 * `out`. */
void snapshots_show(struct replica *replica, struct buffer *out);

#endif
