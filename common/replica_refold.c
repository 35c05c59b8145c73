/* The tables are the log's fold: here they are emptied and folded again, in one transaction. What
 * the log doesn't hold stays: keys, settings, runs that were refused. */

#include <stdio.h>

#include "common/replica_floor.h"
#include "common/replica_state.h"

static enum status drop_tables(struct replica *replica, struct error *err)
{
    const struct schema *schema = replica->schema;
    char sql[128];
    sql_finalize_all(replica); /* a table that is being read can't be dropped */
    for (size_t i = 0; schema && i < schema->tables_count; i++) {
        snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS \"%s\"", schema->tables[i].name);
        TRY(sql_run(replica, sql, err));
    }
    return sql_run(replica,
                   "DELETE FROM _judged; DELETE FROM _head; DELETE FROM _element;"
                   "DELETE FROM _replaced; DELETE FROM _touch; DELETE FROM _tally;"
                   "DELETE FROM _adopted; DELETE FROM _set_aside WHERE body IS NULL; REINDEX",
                   err);
}

static enum status forget_fold(struct replica *replica, struct error *err)
{
    registry_free(replica->registry);
    replica->registry = NULL;
    replica->schema = NULL;
    replica->registry_waits = false;
    replica->tallies_count = 0;
    replica->replaced_count = 0;
    frontier_clear(&replica->frontier);
    seal_cache_release(replica);
    return registry_new(&replica->registry, &replica->network, err);
}

enum status feed_fold(struct replica *replica, const struct frontier_row *held, struct error *err)
{
    struct buffer body = {0};
    struct received received = {0};
    struct dot dot = {held->feed, 1};
    enum status status = STATUS_OK;
    for (; dot.number <= held->number && status == STATUS_OK; dot.number++) {
        status = feed_read(replica, &dot, &body, err);
        if (status == STATUS_NOT_FOUND)
            status = error_set(err, STATUS_STORAGE, "the log of device %u lacks entry %llu",
                               dot.feed.device, (unsigned long long)dot.number);
        if (status == STATUS_OK)
            status = frontier_raise(&replica->frontier, &dot.feed, dot.number, err);
        if (status == STATUS_OK)
            status = admit_entry(replica, &dot, buffer_bytes(&body), &received, err);
    }
    buffer_release(&body);
    return status;
}

/* In the order in which they would come from a peer. */
static enum status fold_all(struct replica *replica, const struct frontier *held, struct error *err)
{
    for (enum part part = PART_HUB; part < PARTS; part++)
        for (size_t i = 0; i < held->count; i++)
            if (part_of(&held->rows[i].feed) == part)
                TRY(feed_fold(replica, &held->rows[i], err));
    return STATUS_OK;
}

static enum status refold(struct replica *replica, struct error *err)
{
    struct frontier held = {0};
    if (replica->floors_count > 0)
        return error_set(err, STATUS_UNSUPPORTED, "the log of scope %u is not whole here",
                         feed_at(replica, replica->floors[0].feed)->id.scope);
    enum status status = frontier_copy(&held, &replica->frontier, err);
    if (status == STATUS_OK)
        status = drop_tables(replica, err);
    if (status == STATUS_OK)
        status = forget_fold(replica, err);
    if (status == STATUS_OK)
        status = fold_all(replica, &held, err);
    frontier_release(&held);
    return status;
}

enum status replica_refold(struct replica *replica, struct error *err)
{
    TRY(replica_begin(replica, err));
    enum status status = refold(replica, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}
