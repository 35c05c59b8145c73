#include "client/deepen.h"

#include <stdlib.h>

#include "client/exchange.h"
#include "client/remember.h"
#include "common/replica_snapshot.h"

#define SESSIONS_MAX 3 /* a revocation on the way may ask for some of it again */

static enum status want_all(struct replica *replica, const uint32_t *scopes, size_t count,
                            struct error *err)
{
    enum status status = STATUS_OK;
    TRY(replica_begin(replica, err));
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = replica_want_log(replica, scopes[i], err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

enum status deepen_want(struct replica *replica, size_t *count, struct error *err)
{
    uint32_t *scopes;
    TRY(replica_cut_logs(replica, &scopes, count, err));
    enum status status = *count > 0 ? want_all(replica, scopes, *count, err) : STATUS_OK;
    free(scopes);
    return status;
}

enum status deepen(struct cli *cli, struct replica *replica, struct error *err)
{
    char address[HUB_ADDRESS_BYTES];
    struct link_options options = {.address = address};
    struct link_result result;
    size_t count;
    TRY(deepen_want(replica, &count, err));
    if (count == 0)
        return STATUS_OK;
    TRY(recall_hub(replica, address, options.link_key, err));
    cli_say(cli, "fetching the log of %zu snapshots", count);
    for (int i = 0; i < SESSIONS_MAX && count > 0; i++) {
        TRY(exchange_run(replica, &options, &result, err));
        TRY(deepen_want(replica, &count, err));
    }
    return remember_sync(replica, err);
}
