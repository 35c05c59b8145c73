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
