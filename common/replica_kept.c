/* What rooms above the replica keep with it while it is open. */

#include "common/replica_state.h"

int64_t *replica_doubles_mark(struct replica *replica)
{
    return &replica->doubles_mark;
}

void *replica_kept(const struct replica *replica)
{
    return replica->kept;
}

void replica_keep(struct replica *replica, void *kept, void (*release)(void *kept))
{
    if (replica->kept)
        replica->kept_release(replica->kept);
    replica->kept = kept;
    replica->kept_release = release;
}
