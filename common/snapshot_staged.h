#ifndef COMMON_SNAPSHOT_STAGED_H
#define COMMON_SNAPSHOT_STAGED_H

/* What staging and placing of a snapshot share. Private to common/replica_snapshot*.c. */

#include "common/replica_floor.h"
#include "common/replica_snapshot.h"

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
