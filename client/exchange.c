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
    uint64_t taken;
    TRY(link_run(replica, options, result, err));
    if (result->totals.split_view)
        TRY(seek_proof(replica, options, result, err));
    return replica_take_later(replica, &taken, err);
}
