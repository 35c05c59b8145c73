#ifndef COMMON_SNAPSHOT_STAGED_H
#define COMMON_SNAPSHOT_STAGED_H

/* What making, staging and placing of a snapshot share. Private to common/replica*.c. */

#include "common/replica_floor.h"
#include "common/replica_snapshot.h"

/* Tables of manifests and chunks; few replicas have any, so they are made with the first. */
enum status snapshot_tables(struct replica *replica, struct error *err);
enum status snapshot_tables_there(struct replica *replica, bool *there, struct error *err);
/* The manifest of a scope, `whole`: with all its chunks, to be given to others; else one that is on
 * its way here. */
struct snapshot_manifest {
    uint32_t scope;
    struct bytes sealed, leaves;
    bool whole;
};
/* In place of the scope's other one; chunks that it doesn't name go. */
enum status snapshot_note(struct replica *replica, const struct snapshot_manifest *manifest,
                          struct error *err);
enum status snapshot_put_chunk(struct replica *replica, const struct snapshot_laid *chunk,
                               struct error *err);
/* It is in its place: what was staged is given to others from now on, or goes. */
enum status snapshot_placed(struct replica *replica, uint32_t scope, struct error *err);
/* Nothing that was made or staged is left. */
enum status snapshots_forget(struct replica *replica, struct error *err);
/* The manifest that stands in the file, as it was signed; STATUS_NOT_FOUND. */
enum status snapshot_read(struct replica *replica, uint32_t scope, bool whole,
                          struct snapshot *snapshot, struct error *err);
/* The rights under which the feed's entries were judged are those of now? */
enum status snapshot_same_rights(struct replica *replica, const struct snapshot *snapshot,
                                 const struct snapshot_feed *feed, struct error *err);
/* Everything that replica_snapshot_stage checks of an open manifest. */
enum status snapshot_may_take(struct replica *replica, const struct snapshot *snapshot,
                              struct error *err);
/* Opens the manifest that is staged; STATUS_NOT_FOUND. */
enum status snapshot_staged(struct replica *replica, uint32_t scope, struct snapshot *snapshot,
                            struct error *err);
/* Replaces `plain` by what the frame holds. STATUS_BAD_INPUT. */
enum status snapshot_chunk_open(struct replica *replica, struct bytes frame, struct buffer *plain,
                                struct error *err);

#endif
