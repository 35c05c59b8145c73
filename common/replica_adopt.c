/* Adopting: what an entry that doesn't count wanted to write, written again by somebody who may.
 * The new entry names the old one as its origin; where an adopted entry replaced another that was
 * adopted, the new one replaces the new one. */

#include "common/replica_state.h"

enum status replica_adopted(struct replica *replica, const struct dot *origin, struct dot *as,
                            bool *found, struct error *err)
{
    uint32_t local = feed_find(replica, &origin->feed);
    sqlite3_stmt *get = sql_use(replica, SQL_ADOPTED_GET);
    *found = false;
    if (!get)
        return sql_fail(replica, err, "adopted entries");
    sqlite3_bind_int64(get, 1, LOG_ID(local, origin->number));
    if (local != 0 && sqlite3_step(get) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(get, 0);
        *as = (struct dot){feed_at(replica, LOG_FEED(id))->id, LOG_NUMBER(id)};
        *found = true;
    }
    sqlite3_reset(get);
    return STATUS_OK;
}

enum status adopted_note(struct replica *replica, const struct dot *dot,
                         const struct entry_view *view, struct error *err)
{
    uint32_t origin;
    if (!view->head.has_origin)
        return STATUS_OK;
    sqlite3_stmt *set = sql_use(replica, SQL_ADOPTED_SET);
    if (!set)
        return sql_fail(replica, err, "adopted entries");
    TRY(feed_ensure(replica, &view->head.origin.feed, &origin, err));
    sqlite3_bind_int64(set, 1, LOG_ID(origin, view->head.origin.number));
    sqlite3_bind_int64(set, 2, LOG_ID(feed_find(replica, &dot->feed), dot->number));
    return sql_done(replica, set, "adopted entries", err);
}

/* ---- writing an entry again ---- */

static enum status map_bases(struct replica *replica, const struct entry_view *view,
                             const struct op_field *field, struct dot *bases, struct error *err)
{
    bool found;
    for (uint32_t i = 0; i < field->bases_count; i++) {
        bases[i] = view->dots[field->bases_at + i];
        TRY(replica_adopted(replica, &bases[i], &bases[i], &found, err));
    }
    return STATUS_OK;
}

static enum status write_op(struct replica *replica, struct entry_writer *writer,
                            const struct entry_view *view, const struct op *op, struct error *err)
{
    struct dot bases[ENTRY_BASES_MAX];
    TRY(entry_writer_op(writer, op->table, &op->row, err));
    for (uint32_t i = 0; i < op->fields_count; i++) {
        const struct op_field *field = &view->fields[op->fields_at + i];
        TRY(map_bases(replica, view, field, bases, err));
        TRY(entry_writer_field(writer, field->number, field->value, bases, field->bases_count,
                               err));
    }
    return STATUS_OK;
}

static enum status write_again(struct replica *replica, struct entry_writer *writer,
                               const struct entry_view *view, const struct entry_head *head,
                               struct buffer *body, struct error *err)
{
    struct feed_id feed = {view->feed.scope, replica->identity.device,
                           replica->identity.incarnation};
    TRY(entry_writer_start(writer, &feed, head, err));
    for (size_t i = 0; i < view->ops_count; i++)
        TRY(write_op(replica, writer, view, &view->ops[i], err));
    return entry_writer_finish(writer, body, err);
}

enum status entry_reissue(struct replica *replica, const struct entry_view *view,
                          const struct entry_head *head, struct dot *as, struct error *err)
{
    struct entry_writer writer = {0};
    struct buffer body = {0};
    enum status status = write_again(replica, &writer, view, head, &body, err);
    if (status == STATUS_OK)
        status = replica_append(replica, view->feed.scope, buffer_bytes(&body), as, err);
    entry_writer_release(&writer);
    buffer_release(&body);
    return status;
}

/* ---- adopting ---- */

static enum status adopt_decoded(struct replica *replica, const struct dot *origin,
                                 const struct entry_view *view, struct dot *as, struct error *err)
{
    struct entry_head head = replica_entry_head(replica);
    bool found, counts;
    TRY(replica_adopted(replica, origin, as, &found, err));
    if (found)
        return error_set(err, STATUS_EXISTS, "the entry was adopted already");
    TRY(entry_counts(replica, origin, &counts, err));
    if (counts)
        return error_set(err, STATUS_EXISTS, "the entry is in force: there is nothing to adopt");
    head.has_origin = true;
    head.origin = *origin;
    return entry_reissue(replica, view, &head, as, err);
}

enum status replica_adopt(struct replica *replica, const struct dot *origin, struct dot *as,
                          struct error *err)
{
    struct entry_view view = {0};
    struct buffer body = {0};
    enum status status = SCOPE_IS_REGISTRY(origin->feed.scope)
                             ? error_set(err, STATUS_DENIED, "the registry can't be adopted")
                             : replica_aside_body(replica, origin, &body, err);
    if (status == STATUS_OK)
        status = entry_decode(&view, &origin->feed, buffer_bytes(&body), err);
    if (status == STATUS_OK)
        status = adopt_decoded(replica, origin, &view, as, err);
    entry_view_release(&view);
    buffer_release(&body);
    return status;
}
