/* What this device wrote and the hub isn't known to hold, row by row. */

#include "common/view.h"

#define UNIT_BYTES (64 * 1024)

struct unsent {
    struct replica *replica;
    struct entry_view view;
    json_t *rows, *seen; /* seen: {"table id": true} */
    size_t limit;
    int64_t since_ms;
    bool any;
};

static void add_row(struct unsent *unsent, const struct op *op, int64_t time_ms)
{
    const struct schema_table *table = schema_table(replica_schema(unsent->replica), op->table);
    char id[ID_TEXT_BYTES], key[ID_TEXT_BYTES + 16], time[32];
    if (!table || json_array_size(unsent->rows) >= unsent->limit)
        return;
    id_format(&op->row, id);
    snprintf(key, sizeof key, "%u %s", op->table, id);
    if (json_object_get(unsent->seen, key))
        return;
    time_format(time_ms, time);
    json_object_set_new(unsent->seen, key, json_true());
    json_array_append_new(unsent->rows,
                          json_pack("{ss ss ss}", "table", table->name, "id", id, "time", time));
}

static enum status take_run(void *context, const struct run *run, struct error *err)
{
    struct unsent *unsent = context;
    if (SCOPE_IS_REGISTRY(run->feed.scope))
        return STATUS_OK;
    for (size_t i = 0; i < run->count; i++) {
        TRY(entry_decode(&unsent->view, &run->feed, run->bodies[i], err));
        int64_t time_ms = unsent->view.head.time_ms;
        if (!unsent->any || time_ms < unsent->since_ms)
            unsent->since_ms = time_ms;
        unsent->any = true;
        for (size_t op = 0; op < unsent->view.ops_count; op++)
            add_row(unsent, &unsent->view.ops[op], time_ms);
    }
    return STATUS_OK;
}

/* All that is to be left out: others' feeds whole, our own as far as the hub has them. */
static enum status frontier_of_sent(struct replica *replica, struct frontier *sent,
                                    struct error *err)
{
    const struct frontier *mine = replica_frontier(replica);
    const uint32_t self = replica_identity(replica)->device;
    struct frontier told = {0}, held = {0};
    enum status status = replica_peer_load(replica, DEVICE_HUB, &told, &held, err);
    for (size_t i = 0; status == STATUS_OK && i < mine->count; i++) {
        const struct frontier_row *row = &mine->rows[i];
        bool own = row->feed.device == self && self != DEVICE_HUB;
        status = frontier_raise(sent, &row->feed,
                                own ? frontier_get(&held, &row->feed) : row->number, err);
    }
    frontier_release(&told);
    frontier_release(&held);
    return status;
}

enum status view_unsent(struct replica *replica, size_t limit, json_t **made, struct error *err)
{
    struct unsent unsent = {.replica = replica, .limit = limit};
    struct frontier sent = {0};
    char since[32];
    bool more;
    struct run_wish wish = {
        .unit_bytes = UNIT_BYTES, .budget_bytes = SIZE_MAX, .take = take_run, .context = &unsent};
    *made = NULL;
    unsent.rows = json_array();
    unsent.seen = json_object();
    enum status status = frontier_of_sent(replica, &sent, err);
    if (status == STATUS_OK)
        status = replica_runs(replica, &wish, &sent, &more, err);
    time_format(unsent.since_ms, since);
    if (status == STATUS_OK)
        *made = json_pack("{sO so}", "rows", unsent.rows, "since",
                          unsent.any ? json_string(since) : json_null());
    json_decref(unsent.rows);
    json_decref(unsent.seen);
    entry_view_release(&unsent.view);
    frontier_release(&sent);
    return status;
}
