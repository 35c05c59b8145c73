/* Gathering what is told of entries, in one pass over the log, and which are kept whole, in one
 * over the rows. */

#include "common/replica_told.h"

#include <stdlib.h>

#include "common/array.h"
#include "common/dots.h"
#include "common/pack.h"
#include "common/snapshot.h"
#include "common/snapshot_row.h"

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* ---- rows ---- */

enum status rows_visit(struct replica *replica, const struct row_visit *visit, struct error *err)
{
    sqlite3_stmt *scan = NULL;
    TRY(table_scan(replica, visit->table, " WHERE _scope = ? ORDER BY id", &scan, err));
    sqlite3_bind_int64(scan, 1, visit->scope);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(replica, scan, &status, err)) {
        status = row_load_from(replica, visit->table, scan, &replica->old_row, err);
        if (status == STATUS_OK)
            status = visit->visit(visit->context, &replica->old_row, err);
    }
    sqlite3_finalize(scan);
    return status;
}

/* ---- what is told ---- */

struct telling {
    const struct told_wish *wish;
    struct dot first;
    uint32_t count;
    int64_t before_ms;
    struct buffer times, persons, item;
    uint32_t persons_count;
};

static void telling_release(struct telling *telling)
{
    buffer_release(&telling->times);
    buffer_release(&telling->persons);
    buffer_release(&telling->item);
}

static enum status tell_entry(struct telling *telling, struct bytes body)
{
    struct entry_head head;
    if (entry_decode_head(&head, body, NULL) != STATUS_OK)
        head = (struct entry_head){.time_ms = telling->before_ms};
    /* Differences are taken in the ring of 64 bits: clocks may say anything. */
    TRY(pack_int(&telling->times,
                 (int64_t)((uint64_t)head.time_ms - (uint64_t)telling->before_ms)));
    telling->before_ms = head.time_ms;
    if (head.has_person) {
        TRY(pack_uint(&telling->persons, telling->count));
        TRY(snapshot_id_pack(&telling->persons, &head.person));
        telling->persons_count++;
    }
    telling->count++;
    return STATUS_OK;
}

static enum status pack_told(struct buffer *out, const struct telling *telling)
{
    TRY(pack_array(out, 6));
    TRY(pack_uint(out, SNAPSHOT_TOLD));
    TRY(snapshot_dot_pack(out, &telling->first));
    TRY(pack_array(out, telling->count));
    TRY(buffer_append_bytes(out, buffer_bytes(&telling->times)));
    TRY(pack_array(out, telling->persons_count * 2));
    return buffer_append_bytes(out, buffer_bytes(&telling->persons));
}

static enum status give_item(struct telling *telling, struct error *err)
{
    if (telling->count == 0)
        return STATUS_OK;
    buffer_clear(&telling->item);
    if (pack_told(&telling->item, telling) != STATUS_OK)
        return no_memory(err);
    struct dot last = {telling->first.feed, telling->first.number + telling->count - 1};
    TRY(telling->wish->take(telling->wish->context, &last, buffer_bytes(&telling->item), err));
    telling->first.number += telling->count;
    telling->count = telling->persons_count = 0;
    telling->before_ms = 0;
    buffer_clear(&telling->times);
    buffer_clear(&telling->persons);
    return STATUS_OK;
}

static enum status tell_piece(struct telling *telling, struct log_cursor *cursor, struct error *err)
{
    struct bytes body;
    while (log_next_body(cursor, &body)) {
        uint64_t number = cursor->next - 1;
        if (number < telling->first.number + telling->count || number > telling->wish->last)
            continue;
        if (tell_entry(telling, body) != STATUS_OK)
            return no_memory(err);
        if (telling->count == SNAPSHOT_TOLD_MAX)
            TRY(give_item(telling, err));
    }
    return STATUS_OK;
}

enum status told_gather(struct replica *replica, const struct told_wish *wish, struct error *err)
{
    struct telling telling = {.wish = wish, .first = wish->first};
    struct log_cursor cursor;
    bool found = true;
    TRY(log_open(replica, &wish->first, &cursor, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && found && telling.first.number + telling.count <= wish->last) {
        status = log_next_piece(replica, &cursor, &found, err);
        if (status == STATUS_OK && found)
            status = tell_piece(&telling, &cursor, err);
    }
    if (status == STATUS_OK && telling.first.number + telling.count != wish->last + 1)
        status = error_set(err, STATUS_STORAGE, "the log of device %u lacks entry %llu",
                           wish->first.feed.device,
                           (unsigned long long)(telling.first.number + telling.count));
    if (status == STATUS_OK)
        status = give_item(&telling, err);
    log_close(&cursor);
    telling_release(&telling);
    return status;
}

/* ---- what is kept ---- */

struct keeping {
    struct replica *replica;
    uint32_t scope;
    struct kept_dots *kept;
};

void kept_release(struct kept_dots *kept)
{
    free(kept->items);
    *kept = (struct kept_dots){0};
}

static enum status keep(const struct keeping *keeping, const struct dot *dot, enum log_state state,
                        struct error *err)
{
    struct kept_dots *kept = keeping->kept;
    if (dot->feed.scope != keeping->scope)
        return STATUS_OK;
    struct kept_dot *items =
        array_grow(kept->items, kept->count, &kept->capacity, sizeof *kept->items);
    if (!items)
        return no_memory(err);
    kept->items = items;
    items[kept->count++] = (struct kept_dot){*dot, state};
    return STATUS_OK;
}

static enum status keep_judged(const struct keeping *keeping, struct error *err)
{
    struct replica *replica = keeping->replica;
    sqlite3_stmt *list = NULL;
    TRY(sql_prepare(replica, "SELECT id, state FROM _judged", &list, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(replica, list, &status, err)) {
        int64_t id = sqlite3_column_int64(list, 0);
        struct dot dot = {feed_at(replica, LOG_FEED(id))->id, LOG_NUMBER(id)};
        status = keep(keeping, &dot, (enum log_state)sqlite3_column_int(list, 1), err);
    }
    sqlite3_finalize(list);
    return status;
}

/* A text of several lines may meet another version one day: lines are merged on what both
 * replaced. So its entry stays, and those that it replaced. */
static enum status keep_text(const struct keeping *keeping, const struct row *row,
                             const struct cell *cell, struct error *err)
{
    struct row_history history = replica_history(keeping->replica);
    for (size_t h = 0; h < cell->heads_count; h++) {
        const struct head *head = &cell->heads[h];
        struct unpack in = unpack_of(head->value);
        struct head_story story = {0};
        struct bytes text;
        if (!unpack_str(&in, &text))
            continue;
        TRY(keep(keeping, &head->dot, LOG_IN_FORCE, err));
        TRY(history.story(history.context, row, cell->field, &head->dot, &story, err));
        for (size_t i = 0; i < story.bases_count; i++)
            TRY(keep(keeping, &story.bases[i], LOG_IN_FORCE, err));
    }
    return STATUS_OK;
}

static enum status keep_texts(void *context, const struct row *row, struct error *err)
{
    for (size_t c = 0; c < row->cells_count; c++) {
        const struct schema_field *field = table_field(row->table, row->cells[c].field);
        if (field && field->merge == MERGE_TEXT)
            TRY(keep_text(context, row, &row->cells[c], err));
    }
    return STATUS_OK;
}

static bool has_texts(const struct schema_table *table)
{
    for (size_t i = 0; i < table->fields_count; i++)
        if (table->fields[i].merge == MERGE_TEXT)
            return true;
    return false;
}

static int by_place(const void *left, const void *right)
{
    const struct kept_dot *a = left, *b = right;
    int order = feed_compare(&a->dot.feed, &b->dot.feed);
    if (order != 0)
        return order;
    if (a->dot.number != b->dot.number)
        return a->dot.number < b->dot.number ? -1 : 1;
    return (int)b->state - (int)a->state; /* of two the one that says more */
}

static void keep_each_once(struct kept_dots *kept)
{
    size_t left = 0;
    if (kept->count > 0)
        qsort(kept->items, kept->count, sizeof *kept->items, by_place);
    for (size_t i = 0; i < kept->count; i++)
        if (left == 0 || !dot_equal(&kept->items[left - 1].dot, &kept->items[i].dot))
            kept->items[left++] = kept->items[i];
    kept->count = left;
}

enum status kept_gather(struct replica *replica, uint32_t scope, struct kept_dots *kept,
                        struct error *err)
{
    struct keeping keeping = {replica, scope, kept};
    const struct schema *schema = replica->schema;
    kept->count = 0;
    enum status status = keep_judged(&keeping, err);
    for (size_t i = 0; i < schema->tables_count && status == STATUS_OK; i++) {
        struct row_visit visit = {&schema->tables[i], scope, keep_texts, &keeping};
        if (has_texts(visit.table))
            status = rows_visit(replica, &visit, err);
    }
    keep_each_once(kept);
    return status;
}
