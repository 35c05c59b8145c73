#include "client/revoked.h"

#include "common/vault.h"
#include "common/view.h"

enum status revoked_obey(const struct cli *cli, struct replica *replica, enum revoked *left,
                         struct error *err)
{
    uint64_t unsent;
    *left = REVOKED_UNSENT;
    TRY(view_count_unsent(replica, &unsent, err));
    if (unsent > 0)
        return STATUS_OK;
    TRY(replica_forget_identity(replica, err));
    *left = REVOKED_READABLE;
    if (!*cli->vault)
        return STATUS_OK;
    TRY(vault_erase(cli->directory, err));
    *left = REVOKED_ALL_ERASED;
    return STATUS_OK;
}
