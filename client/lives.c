#include "client/lives.h"

enum status lives_settle(struct replica *replica, enum status ended, bool *again, struct error *err)
{
    uint64_t saved_anew = 0;
    *again = ended == STATUS_FORKED || replica_restoring(replica);
    if (!*again)
        return STATUS_OK;
    TRY(replica_begin(replica, err));
    enum status status = ended == STATUS_FORKED
                             ? replica_restore_begin(replica, DEVICE_HUB, err)
                             : replica_restore_finish(replica, DEVICE_HUB, &saved_anew, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}
