#include "client/exchange.h"

static enum status seek_proof(struct replica *replica, const struct link_options *options,
                              struct link_result *result, struct error *err)
{
    TRY(replica_begin(replica, err));
    TRY(replica_doubt_registry(replica, err));
    TRY(replica_commit(replica, err));
    enum status status = link_run(replica, options, result, err);
    replica_trust_registry(replica);
    result->totals.split_view = true;
    return status;
}

enum status exchange_run(struct replica *replica, const struct link_options *options,
                         struct link_result *result, struct error *err)
{
    TRY(link_run(replica, options, result, err));
    return result->totals.split_view ? seek_proof(replica, options, result, err) : STATUS_OK;
}

#define PROGRESS_LINES 10u /* of one snapshot */

void exchange_say_progress(const struct cli *cli, const struct session_totals *totals)
{
    uint64_t here = totals->snapshot_parts_here, parts = totals->snapshot_parts;
    if (here > 0 && here * PROGRESS_LINES / parts != (here - 1) * PROGRESS_LINES / parts)
        cli_say(cli, "snapshot: %llu of %llu parts are here", (unsigned long long)here,
                (unsigned long long)parts);
}
