#include "client/cleaning.h"

#include "common/replica_stable.h"

static bool has_news(struct replica *replica)
{
    bool news = false;
    if (replica_begin(replica, NULL) != STATUS_OK)
        return false;
    enum status status = replica_stable_news(replica, &news, NULL);
    if (status == STATUS_OK)
        return replica_commit(replica, NULL) == STATUS_OK && news;
    replica_rollback(replica);
    return false;
}

void cleaning_after_session(struct replica *replica, bool shrink)
{
    struct cleaned cleaned = {0};
    uint64_t bytes;
    if (replica_in_transaction(replica) || !has_news(replica) ||
        replica_clean_look(replica, &cleaned, NULL) != STATUS_OK ||
        (cleaned.entries < CLEANING_ENTRIES && cleaned.bytes < CLEANING_BYTES))
        return;
    if (replica_clean(replica, &cleaned, NULL) == STATUS_OK && shrink)
        replica_shrink(replica, &bytes, NULL);
}
