#ifndef COMMON_REPLICA_CLEAN_H
#define COMMON_REPLICA_CLEAN_H

/* Cleaning up at a client: entries of others that are stable (replica_stable.h) leave its log
 * (docs/decisions/0034-cleaning-up-at-clients.md). Its tables stay as they are, and so does all
 * that merging may still ask for: the feeds get the floors that a snapshot sets
 * (0020-snapshots.md), made from entries that were checked here. What this device wrote itself
 * stays whole. */

#include "common/replica.h"

struct cleaned {
    uint64_t entries; /* that left the log, or would */
    uint64_t bytes;   /* that their pieces took */
    uint32_t scopes;
};
/* What could go now. Reads only. */
enum status replica_clean_look(struct replica *replica, struct cleaned *would, struct error *err);
/* Removes it, scope by scope, in a transaction of its own for each; what was done before a failure
 * stays done. STATUS_STORAGE: the log doesn't hold, and nothing of that scope was touched. On the
 * hub, which keeps everything, and while another life of this device is being settled: nothing. */
enum status replica_clean(struct replica *replica, struct cleaned *cleaned, struct error *err);
/* Gives free pages back to the disk, so that the file gets smaller. The file is written anew
 * through memory (a temporary file would lie there unencrypted): left alone when more than
 * SHRINK_BYTES_MAX would stay. STATUS_BUSY while another process writes. *bytes: how much smaller
 * it got. */
#define SHRINK_BYTES_MAX (256ll * 1024 * 1024)
enum status replica_shrink(struct replica *replica, uint64_t *bytes, struct error *err);

#endif
