#ifndef COMMON_REPLICA_TOLD_H
#define COMMON_REPLICA_TOLD_H

/* What is left of entries whose bodies aren't at hand: of each its time and its person, of a few
 * the whole body, since merging may ask for it (docs/decisions/0020-snapshots.md). A snapshot hands
 * that on, and a place that cleans up keeps it for itself. Private to common/replica*.c. */

#include "common/replica_state.h"

/* Entries `first` to `last` of a feed; `take` gets one item after the other, each of at most
 * SNAPSHOT_TOLD_MAX consecutive entries (replica_snapshot.h has its form), and the dot of the last
 * one in it. */
struct told_wish {
    struct dot first;
    uint64_t last;
    enum status (*take)(void *context, const struct dot *last, struct bytes item,
                        struct error *err);
    void *context;
};
/* STATUS_STORAGE when the log lacks one of them. */
enum status told_gather(struct replica *replica, const struct told_wish *wish, struct error *err);

/* Entries that are kept whole. {0} is empty. */
struct kept_dot {
    struct dot dot;
    enum log_state state;
};
struct kept_dots {
    struct kept_dot *items;
    size_t count, capacity;
};
void kept_release(struct kept_dots *kept);
/* Those of a scope: what doesn't count or waits, and what lines may still be merged on. Ascending,
 * each once; one that was named as replaced may not have come. */
enum status kept_gather(struct replica *replica, uint32_t scope, struct kept_dots *kept,
                        struct error *err);

/* ---- rows ---- */
/* Visits every row of a scope in a table, by id; borrowed for the call. */
struct row_visit {
    const struct schema_table *table;
    uint32_t scope;
    enum status (*visit)(void *context, const struct row *row, struct error *err);
    void *context;
};
enum status rows_visit(struct replica *replica, const struct row_visit *visit, struct error *err);

#endif
