/* Making a snapshot: one pass over the log for what is told of entries, one over the rows. */

#include <string.h>

#include "common/pack.h"
#include "common/replica_floor.h"
#include "common/replica_snapshot.h"
#include "common/replica_told.h"
#include "common/snapshot_row.h"

#define CHUNK_MIN (16 * 1024) /* ends of chunks that rows choose are no closer */
#define CHUNK_ROWS 1024       /* of so many rows one ends a chunk */

struct making {
    struct replica *replica;
    const struct snapshot_wish *wish;
    struct snapshot *snapshot;
    struct buffer chunk;
    struct buffer item;
    struct buffer body;
    struct kept_dots kept;
};

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status flush(struct making *making, struct error *err)
{
    struct bytes chunk = buffer_bytes(&making->chunk);
    if (chunk.size == 0)
        return STATUS_OK;
    TRY(snapshot_add_chunk(making->snapshot, &making->replica->network, chunk, err));
    TRY(making->wish->take(making->wish->context, chunk, err));
    buffer_clear(&making->chunk);
    return STATUS_OK;
}

/* Takes over what was packed into `item`, with the status of that. */
static enum status put_item(struct making *making, enum status packed, struct error *err)
{
    if (packed != STATUS_OK)
        return no_memory(err);
    if (making->chunk.size + making->item.size > SNAPSHOT_CHUNK_BYTES)
        TRY(flush(making, err));
    if (buffer_append_bytes(&making->chunk, buffer_bytes(&making->item)) != STATUS_OK)
        return no_memory(err);
    return STATUS_OK;
}

static struct buffer *start_item(struct making *making)
{
    buffer_clear(&making->item);
    return &making->item;
}

/* ---- feeds ---- */

static enum status add_feed(struct making *making, const struct feed *feed, struct error *err)
{
    struct dot last = {feed->id, feed->number};
    struct snapshot_feed added = {.device = feed->id.device,
                                  .incarnation = feed->id.incarnation,
                                  .number = feed->number,
                                  .hash = feed->hash};
    bool found;
    TRY(feed_signature(making->replica, &last, added.signature, &found, err));
    if (!found)
        return error_set(err, STATUS_STORAGE, "the log of device %u lacks entry %llu",
                         feed->id.device, (unsigned long long)feed->number);
    TRY(registry_rights_digest(making->replica->registry, &last, &added.rights, err));
    return snapshot_add_feed(making->snapshot, &added, err);
}

static enum status add_feeds(struct making *making, struct error *err)
{
    struct replica *replica = making->replica;
    for (size_t i = 0; i < replica->feeds_count; i++) {
        const struct feed *feed = &replica->feeds[replica->feed_order[i]];
        if (feed->id.scope == making->wish->scope && feed->number > 0)
            TRY(add_feed(making, feed, err));
    }
    return STATUS_OK;
}

static enum status add_tallies(struct making *making, struct error *err)
{
    const struct replica *replica = making->replica;
    for (size_t i = 0; i < replica->tallies_count; i++) {
        const struct tally *tally = &replica->tallies[i].tally;
        struct snapshot_tally added = {tally->table, tally->rows, {0}};
        memcpy(added.sum, tally->sum, sizeof added.sum);
        if (tally->scope == making->wish->scope && tally->rows > 0)
            TRY(snapshot_add_tally(making->snapshot, &added, err));
    }
    return STATUS_OK;
}

/* Of the scope's org and of those above: certificates that judge it stand nowhere else. */
static enum status add_registry(struct making *making, struct error *err)
{
    const struct replica *replica = making->replica;
    for (size_t i = 0; i < replica->frontier.count; i++) {
        const struct frontier_row *row = &replica->frontier.rows[i];
        if (SCOPE_IS_REGISTRY(row->feed.scope) &&
            registry_within(replica->registry, SCOPE_ORG(row->feed.scope),
                            SCOPE_ORG(making->wish->scope)))
            TRY(frontier_raise(&making->snapshot->registry, &row->feed, row->number, err));
    }
    return STATUS_OK;
}

/* ---- what is told of entries, and which are kept whole ---- */

static enum status put_told(void *context, const struct dot *last, struct bytes item,
                            struct error *err)
{
    struct making *making = context;
    (void)last;
    return put_item(making, buffer_append_bytes(start_item(making), item), err);
}

static enum status pack_kept(struct buffer *out, const struct kept_dot *kept, struct bytes body)
{
    TRY(pack_array(out, 6));
    TRY(pack_uint(out, SNAPSHOT_KEPT));
    TRY(snapshot_dot_pack(out, &kept->dot));
    TRY(pack_uint(out, kept->state));
    return pack_bin(out, body);
}

/* A base may have been named and not have come. */
static enum status put_kept(struct making *making, const struct kept_dot *kept, struct error *err)
{
    struct buffer *body = &making->body;
    enum status status = feed_read(making->replica, &kept->dot, body, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    TRY(status);
    return put_item(making, pack_kept(start_item(making), kept, buffer_bytes(body)), err);
}

/* ---- keys ---- */

static enum status pack_key(struct buffer *out, const struct feed_id *feed, sqlite3_stmt *key)
{
    uint8_t id[8];
    put_u64le(id, (uint64_t)sqlite3_column_int64(key, 0));
    TRY(pack_array(out, 8));
    TRY(pack_uint(out, SNAPSHOT_KEY));
    TRY(pack_bin(out, bytes_of(id, sizeof id)));
    TRY(pack_uint(out, feed->device));
    TRY(pack_uint(out, feed->incarnation));
    TRY(pack_bin(out, sql_blob(key, 1)));
    TRY(pack_uint(out, (uint64_t)sqlite3_column_int64(key, 2)));
    TRY(pack_uint(out, (uint64_t)sqlite3_column_int64(key, 3)));
    return sqlite3_column_type(key, 4) == SQLITE_NULL ? pack_nil(out)
                                                      : pack_bin(out, sql_blob(key, 4));
}

static enum status put_keys(struct making *making, struct error *err)
{
    struct replica *replica = making->replica;
    sqlite3_stmt *list = NULL;
    TRY(sql_prepare(replica,
                    "SELECT id, subject, year, beacon, wrapped, feed FROM _key ORDER BY id", &list,
                    err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(replica, list, &status, err)) {
        const struct feed *feed = feed_at(replica, (uint32_t)sqlite3_column_int64(list, 5));
        if (feed->id.scope == making->wish->scope)
            status = put_item(making, pack_key(start_item(making), &feed->id, list), err);
    }
    sqlite3_finalize(list);
    return status;
}

/* ---- rows ---- */

static enum status put_row(void *context, const struct row *row, struct error *err)
{
    struct making *making = context;
    TRY(put_item(making, snapshot_row_pack(start_item(making), row), err));
    bool ends = get_u32le(row->id.bytes + ID_BYTES - 4) % CHUNK_ROWS == 0;
    return ends && making->chunk.size >= CHUNK_MIN ? flush(making, err) : STATUS_OK;
}

static enum status put_rows(struct making *making, struct error *err)
{
    const struct schema *schema = making->replica->schema;
    for (size_t i = 0; i < schema->tables_count; i++) {
        struct row_visit visit = {&schema->tables[i], making->wish->scope, put_row, making};
        TRY(rows_visit(making->replica, &visit, err));
    }
    return STATUS_OK;
}

/* ---- what else follows from the log ---- */

static enum status pack_named(struct buffer *out, sqlite3_stmt *name)
{
    uint8_t key[8];
    put_u64le(key, (uint64_t)sqlite3_column_int64(name, 6));
    TRY(pack_array(out, 8));
    TRY(pack_uint(out, SNAPSHOT_NAMED));
    TRY(pack_bin(out, sql_blob(name, 0)));
    TRY(pack_uint(out, (uint64_t)sqlite3_column_int64(name, 1)));
    TRY(pack_bool(out, sqlite3_column_int(name, 2) != 0));
    TRY(pack_uint(out, (uint64_t)sqlite3_column_int64(name, 3)));
    TRY(pack_bin(out, sql_blob(name, 4)));
    TRY(pack_uint(out, (uint64_t)sqlite3_column_int64(name, 5)));
    return pack_bin(out, bytes_of(key, sizeof key));
}

static enum status put_named(struct making *making, struct error *err)
{
    sqlite3_stmt *list = NULL;
    TRY(sql_prepare(making->replica,
                    "SELECT a.root, a.bytes, a.small, d.table_no, d.row, d.field, d.key "
                    "FROM _attached d JOIN _attachment a ON a.id = d.attachment WHERE d.scope = ? "
                    "ORDER BY 1, 2, 4, 5, 6, 7",
                    &list, err));
    sqlite3_bind_int64(list, 1, making->wish->scope);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(making->replica, list, &status, err))
        status = put_item(making, pack_named(start_item(making), list), err);
    sqlite3_finalize(list);
    return status;
}

static enum status pack_adopted(struct buffer *out, const struct dot *origin, const struct dot *as)
{
    TRY(pack_array(out, 7));
    TRY(pack_uint(out, SNAPSHOT_ADOPTED));
    TRY(snapshot_dot_pack(out, origin));
    return snapshot_dot_pack(out, as);
}

static enum status put_adopted(struct making *making, struct error *err)
{
    struct replica *replica = making->replica;
    sqlite3_stmt *list = NULL;
    TRY(sql_prepare(replica, "SELECT id, adopted_as FROM _adopted ORDER BY id", &list, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(replica, list, &status, err)) {
        int64_t from = sqlite3_column_int64(list, 0), to = sqlite3_column_int64(list, 1);
        struct dot origin = {feed_at(replica, LOG_FEED(from))->id, LOG_NUMBER(from)};
        struct dot as = {feed_at(replica, LOG_FEED(to))->id, LOG_NUMBER(to)};
        if (as.feed.scope == making->wish->scope)
            status = put_item(making, pack_adopted(start_item(making), &origin, &as), err);
    }
    sqlite3_finalize(list);
    return status;
}

/* ---- the whole ---- */

static enum status put_entries(struct making *making, struct error *err)
{
    const struct snapshot *snapshot = making->snapshot;
    for (size_t i = 0; i < snapshot->feeds_count; i++) {
        const struct snapshot_feed *feed = &snapshot->feeds[i];
        struct told_wish wish = {.first = {{snapshot->scope, feed->device, feed->incarnation}, 1},
                                 .last = feed->number,
                                 .take = put_told,
                                 .context = making};
        TRY(told_gather(making->replica, &wish, err));
    }
    TRY(kept_gather(making->replica, snapshot->scope, &making->kept, err));
    for (size_t i = 0; i < making->kept.count; i++)
        TRY(put_kept(making, &making->kept.items[i], err));
    return STATUS_OK;
}

static enum status make(struct making *making, struct error *err)
{
    struct snapshot *snapshot = making->snapshot;
    snapshot->scope = making->wish->scope;
    snapshot->epoch = making->replica->schema->epoch;
    snapshot->lineage = replica_lineage(making->replica);
    TRY(add_registry(making, err));
    TRY(add_feeds(making, err));
    TRY(add_tallies(making, err));
    TRY(put_entries(making, err));
    TRY(flush(making, err));
    TRY(put_keys(making, err));
    TRY(flush(making, err));
    TRY(put_rows(making, err));
    TRY(flush(making, err));
    TRY(put_named(making, err));
    TRY(put_adopted(making, err));
    return flush(making, err);
}

static enum status may_make(struct replica *replica, uint32_t scope, struct error *err)
{
    if (SCOPE_IS_REGISTRY(scope) || SCOPE_ORG(scope) == 0 || !replica->schema)
        return error_set(err, STATUS_BAD_INPUT, "there are no records in scope %u", scope);
    if (replica_restoring(replica) || scope_has_floor(replica, scope))
        return error_set(err, STATUS_UNSUPPORTED, "the log of scope %u is not whole here", scope);
    return STATUS_OK;
}

enum status replica_snapshot_make(struct replica *replica, const struct snapshot_wish *wish,
                                  struct snapshot *snapshot, struct error *err)
{
    struct making making = {.replica = replica, .wish = wish, .snapshot = snapshot};
    bool own = sqlite3_get_autocommit(replica->database) != 0, changed;
    snapshot_release(snapshot);
    if (own)
        TRY(sql_run(replica, "BEGIN", err));
    enum status status = own ? replica_refresh(replica, &changed, err) : STATUS_OK;
    if (status == STATUS_OK)
        status = may_make(replica, wish->scope, err);
    if (status == STATUS_OK)
        status = make(&making, err);
    if (own && sqlite3_exec(replica->database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK &&
        status == STATUS_OK)
        status = sql_fail(replica, err, "the database");
    kept_release(&making.kept);
    buffer_release(&making.body);
    buffer_release(&making.chunk);
    buffer_release(&making.item);
    if (status != STATUS_OK)
        snapshot_release(snapshot);
    return status;
}
