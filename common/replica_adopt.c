/* Adopting: what an entry that doesn't count wanted to write, written again by somebody who may.
 * The new entry names the old one as its origin; where an adopted entry replaced another that was
 * adopted, the new one replaces the new one. */

#include <stdlib.h>

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
    enum status status = STATUS_OK;
    if (local != 0 && sql_row(replica, get, &status, err)) {
        int64_t id = sqlite3_column_int64(get, 0);
        *as = (struct dot){feed_at(replica, LOG_FEED(id))->id, LOG_NUMBER(id)};
        *found = true;
    }
    return sql_end(replica, get, status, err);
}

enum status adopted_note(struct replica *replica, const struct dot *dot,
                         const struct entry_view *view, struct error *err)
{
    uint32_t origin;
    if (!view->head.has_origin || view->head.origin.feed.scope != dot->feed.scope)
        return STATUS_OK; /* what was carried counts where it comes from, too */
    sqlite3_stmt *set = sql_use(replica, SQL_ADOPTED_SET);
    if (!set)
        return sql_fail(replica, err, "adopted entries");
    TRY(feed_ensure(replica, &view->head.origin.feed, &origin, err));
    sqlite3_bind_int64(set, 1, LOG_ID(origin, view->head.origin.number));
    sqlite3_bind_int64(set, 2, LOG_ID(feed_find(replica, &dot->feed), dot->number));
    return sql_done(replica, set, "adopted entries", err);
}

/* ---- writing an entry again ---- */

/* An entry on its way into another one. */
struct reissue {
    struct replica *replica;
    const struct entry_view *view;
    const struct dot_names *names;
    struct entry_writer writer;
    struct buffer value;
};

static enum status rename_dots(const struct reissue *reissue, const struct dot *dots, size_t count,
                               struct dot *as, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        TRY(reissue->names->name(reissue->names->context, &dots[i], &as[i], err));
    return STATUS_OK;
}

static int by_dot(const void *a, const void *b)
{
    return dot_compare(a, b);
}

/* A set's value names dots in the elements that it removes. */
static enum status rename_set(struct reissue *reissue, struct bytes value, struct error *err)
{
    struct entry_view view = {.feed = reissue->view->feed};
    struct set_change *changes = NULL;
    size_t count = 0;
    enum status status = entry_decode_set(&view, value, &changes, &count, err);
    if (status == STATUS_OK)
        status = rename_dots(reissue, view.dots, view.dots_count, view.dots, err);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        if (changes[i].removed)
            qsort(view.dots + changes[i].bases_at, changes[i].bases_count, sizeof *view.dots,
                  by_dot);
    buffer_clear(&reissue->value);
    if (status == STATUS_OK)
        status =
            entry_pack_set(&reissue->value, &reissue->writer.feed, changes, count, view.dots, err);
    free(changes);
    entry_view_release(&view);
    return status;
}

static enum status write_field(struct reissue *reissue, const struct schema_table *table,
                               const struct op_field *written, struct error *err)
{
    struct dot bases[ENTRY_BASES_MAX];
    const struct schema_field *field = table ? table_field(table, written->number) : NULL;
    struct bytes value = written->value;
    TRY(rename_dots(reissue, reissue->view->dots + written->bases_at, written->bases_count, bases,
                    err));
    if (field && field->merge == MERGE_SET) {
        TRY(rename_set(reissue, value, err));
        value = buffer_bytes(&reissue->value);
    }
    return entry_writer_field(&reissue->writer, written->number, value, bases, written->bases_count,
                              err);
}

static enum status write_again(struct reissue *reissue, const struct entry_head *head,
                               struct buffer *body, struct error *err)
{
    const struct replica *replica = reissue->replica;
    const struct entry_view *view = reissue->view;
    struct feed_id feed = {view->feed.scope, replica->identity.device,
                           replica->identity.incarnation};
    TRY(entry_writer_start(&reissue->writer, &feed, head, err));
    for (size_t i = 0; i < view->ops_count; i++) {
        const struct op *op = &view->ops[i];
        const struct schema_table *table =
            replica->schema ? schema_table(replica->schema, op->table) : NULL;
        TRY(entry_writer_op(&reissue->writer, op->table, &op->row, err));
        for (uint32_t f = 0; f < op->fields_count; f++)
            TRY(write_field(reissue, table, &view->fields[op->fields_at + f], err));
    }
    for (size_t i = 0; i < view->keys_count; i++)
        TRY(entry_writer_key(&reissue->writer, &view->keys[i], err));
    return entry_writer_finish(&reissue->writer, body, err);
}

enum status entry_reissue(struct replica *replica, const struct entry_view *view,
                          const struct entry_head *head, const struct dot_names *names,
                          struct dot *as, struct error *err)
{
    struct reissue reissue = {.replica = replica, .view = view, .names = names};
    struct buffer body = {0}, keys = {0};
    enum status status = write_again(&reissue, head, &body, err);
    if (status == STATUS_OK)
        status = keys_gather(replica, view, &keys, err);
    replica->keys_in = buffer_bytes(&keys);
    if (status == STATUS_OK)
        status =
            names->unjudged
                ? replica_append_unjudged(replica, view->feed.scope, buffer_bytes(&body), as, err)
                : replica_append(replica, view->feed.scope, buffer_bytes(&body), as, err);
    replica->keys_in = (struct bytes){0};
    entry_writer_release(&reissue.writer);
    buffer_release(&keys);
    buffer_release(&reissue.value);
    buffer_release(&body);
    return status;
}

/* ---- adopting ---- */

static enum status adopted_name(void *context, const struct dot *dot, struct dot *as,
                                struct error *err)
{
    bool found;
    *as = *dot;
    return replica_adopted(context, dot, as, &found, err);
}

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
    struct dot_names names = {adopted_name, replica, false};
    return entry_reissue(replica, view, &head, &names, as, err);
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
