/* Reading rows, the stories of their heads, and everything that was ever saved for them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "common/replica_floor.h"
#include "common/replica_state.h"

/* ---- stories ---- */

static const struct op_field *find_write(const struct entry_view *view, const struct row *row,
                                         uint16_t field)
{
    for (size_t i = 0; i < view->ops_count; i++) {
        const struct op *op = &view->ops[i];
        if (op->table != row->table->number || !id_equal(&op->row, &row->id))
            continue;
        for (uint32_t f = 0; f < op->fields_count; f++)
            if (view->fields[op->fields_at + f].number == field)
                return &view->fields[op->fields_at + f];
    }
    return NULL;
}

/* Of an entry below the floor of its feed: who and when, and nothing of what it replaced. */
static enum status tell_told(struct replica *replica, const struct dot *dot,
                             struct head_story *story, struct error *err)
{
    struct entry_head head;
    enum status status = floor_told(replica, dot, &head, err);
    if (status == STATUS_NOT_FOUND)
        return error_set(err, status, "the entry of a head is not in the log");
    *story =
        (struct head_story){.time_ms = head.time_ms, .person = feed_person(replica, dot, &head)};
    return status;
}

static enum status tell(void *context, const struct row *row, uint16_t field, const struct dot *dot,
                        struct head_story *story, struct error *err)
{
    struct replica *replica = context;
    struct entry_view *view = &replica->story_view;
    enum status status = feed_read(replica, dot, &replica->story_body, err);
    if (status == STATUS_NOT_FOUND)
        return tell_told(replica, dot, story, err);
    if (status == STATUS_OK)
        status = entry_decode(view, &dot->feed, buffer_bytes(&replica->story_body), err);
    if (status != STATUS_OK)
        return status;
    const struct op_field *written = find_write(view, row, field);
    *story = (struct head_story){.time_ms = view->head.time_ms,
                                 .person = feed_person(replica, dot, &view->head)};
    if (!written)
        return error_set(err, STATUS_NOT_FOUND, "the entry of a head is not in the log");
    story->value = written->value;
    story->bases = view->dots + written->bases_at;
    story->bases_count = written->bases_count;
    return STATUS_OK;
}

struct row_history replica_history(struct replica *replica)
{
    return (struct row_history){tell, replica};
}

/* ---- rows ---- */

/* One that isn't deleted first, then the lowest. Sorted here: for a statement that sorts, SQLite
 * makes a table each time. */
static enum status find_scope(struct replica *replica, const struct schema_table *table,
                              const struct id *id, uint32_t *scope, struct error *err)
{
    enum status status = STATUS_OK;
    int gone = 0;
    sqlite3_stmt *place = table_use(replica, table, &all_fields, COLUMNS_PLACE, err);
    *scope = 0;
    if (!place)
        return err ? err->status : STATUS_STORAGE;
    sqlite3_bind_blob(place, 1, id->bytes, ID_BYTES, SQLITE_STATIC);
    while (sql_row(replica, place, &status, err)) {
        uint32_t found = (uint32_t)sqlite3_column_int64(place, 0);
        int deleted = sqlite3_column_int(place, 1);
        if (*scope == 0 || deleted < gone || (deleted == gone && found < *scope)) {
            *scope = found;
            gone = deleted;
        }
    }
    return sql_end(replica, place, status, err);
}

static enum status find_table(const struct replica *replica, uint32_t number,
                              const struct schema_table **table, struct error *err)
{
    *table = replica->schema ? schema_table(replica->schema, number) : NULL;
    if (!*table)
        return error_set(err, STATUS_NOT_FOUND, "table %u is not in the schema", number);
    return STATUS_OK;
}

enum status replica_row_scope(struct replica *replica, uint32_t number, const struct id *id,
                              uint32_t *scope, struct error *err)
{
    const struct schema_table *table;
    TRY(find_table(replica, number, &table, err));
    return find_scope(replica, table, id, scope, err);
}

enum status replica_row(struct replica *replica, uint32_t number, const struct id *id,
                        uint32_t scope, struct row *row, bool *found, struct error *err)
{
    const struct schema_table *table;
    *found = false;
    TRY(find_table(replica, number, &table, err));
    if (scope == 0)
        TRY(find_scope(replica, table, id, &scope, err));
    if (scope == 0) {
        row_start(row, table, 0, id);
        return STATUS_OK;
    }
    struct row_wish wish = {table, scope, *id, all_fields};
    TRY(row_load(replica, &wish, row, err));
    *found = replica->place.found;
    return STATUS_OK;
}

/* ---- history ---- */

struct moment {
    struct dot dot;
    int64_t time_ms;
};

static int by_time(const void *left, const void *right)
{
    const struct moment *a = left, *b = right;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return dot_compare(&a->dot, &b->dot);
}

/* The entries of `dots` that the log holds, by time. */
static enum status list_moments(struct replica *replica, const struct dots *dots,
                                struct moment *moments, size_t *count, struct error *err)
{
    *count = 0;
    for (size_t i = 0; i < dots->count; i++) {
        struct entry_head head;
        bool counts;
        TRY(entry_counts(replica, &dots->items[i], &counts, err));
        if (!counts)
            continue;
        enum status status = feed_read(replica, &dots->items[i], &replica->story_body, err);
        if (status == STATUS_NOT_FOUND && below_floor(replica, &dots->items[i]))
            status = floor_told(replica, &dots->items[i], &head, err);
        else if (status == STATUS_OK)
            status = entry_decode_head(&head, buffer_bytes(&replica->story_body), err);
        TRY(status);
        moments[(*count)++] = (struct moment){dots->items[i], head.time_ms};
    }
    qsort(moments, *count, sizeof *moments, by_time);
    return STATUS_OK;
}

/* A head as its entry would have written it: of a set one that added the element. */
static enum status written_form(const struct schema_field *field, const struct head *head,
                                struct buffer *out, struct error *err)
{
    bool set = field && field->merge == MERGE_SET;
    buffer_clear(out);
    if ((set && (pack_array(out, 2) != STATUS_OK || pack_array(out, 1) != STATUS_OK)) ||
        buffer_append_bytes(out, head->value) != STATUS_OK ||
        (set && pack_array(out, 0) != STATUS_OK))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

/* What an entry below its floor still stands behind: the rest of what it wrote isn't here. */
struct telling {
    const struct row *row;
    history_taker *take;
    void *context;
    struct buffer value;
};

static enum status tell_cell(struct telling *telling, const struct cell *cell,
                             struct history_item *item, struct error *err)
{
    item->field = cell->field;
    for (size_t h = 0; h < cell->heads_count; h++) {
        const struct head *head = &cell->heads[h];
        if (!dot_equal(&head->dot, &item->dot) || head->value.size == 0)
            continue;
        TRY(written_form(table_field(telling->row->table, cell->field), head, &telling->value,
                         err));
        item->value = buffer_bytes(&telling->value);
        TRY(telling->take(telling->context, item, err));
    }
    return STATUS_OK;
}

static enum status tell_heads(struct replica *replica, struct telling *telling,
                              const struct dot *dot, struct error *err)
{
    struct history_item item = {.dot = *dot};
    enum status status = floor_told(replica, dot, &item.head, err);
    item.head.person = feed_person(replica, dot, &item.head);
    for (size_t c = 0; c < telling->row->cells_count && status == STATUS_OK; c++)
        status = tell_cell(telling, &telling->row->cells[c], &item, err);
    buffer_release(&telling->value);
    return status;
}

static enum status tell_moment(struct replica *replica, const struct row *row,
                               const struct dot *dot, history_taker *take, void *context,
                               struct error *err)
{
    struct entry_view view = {0};
    struct buffer body = {0};
    enum status status = feed_read(replica, dot, &body, err);
    if (status == STATUS_NOT_FOUND && below_floor(replica, dot))
        return tell_heads(replica, &(struct telling){row, take, context, {0}}, dot, err);
    if (status == STATUS_OK)
        status = entry_decode(&view, &dot->feed, buffer_bytes(&body), err);
    for (size_t i = 0; status == STATUS_OK && i < view.ops_count; i++) {
        const struct op *op = &view.ops[i];
        if (op->table != row->table->number || !id_equal(&op->row, &row->id))
            continue;
        for (uint32_t f = 0; f < op->fields_count && status == STATUS_OK; f++) {
            struct history_item item = {view.fields[op->fields_at + f].number,
                                        view.fields[op->fields_at + f].value, *dot, view.head};
            item.head.person = feed_person(replica, dot, &view.head);
            status = take(context, &item, err);
        }
    }
    entry_view_release(&view);
    buffer_release(&body);
    return status;
}

enum status replica_row_history(struct replica *replica, uint32_t table, const struct id *id,
                                history_taker *take, void *context, struct error *err)
{
    struct row row = {0};
    struct dots dots = {0};
    struct moment *moments = NULL;
    size_t count = 0;
    bool found;
    enum status status = replica_row(replica, table, id, 0, &row, &found, err);
    if (status == STATUS_OK && !found)
        status = error_set(err, STATUS_NOT_FOUND, "there is no such row");
    if (status == STATUS_OK)
        status = row_writers(replica, &row, &dots, err);
    if (status == STATUS_OK && !(moments = calloc(dots.count + 1, sizeof *moments)))
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status == STATUS_OK)
        status = list_moments(replica, &dots, moments, &count, err);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = tell_moment(replica, &row, &moments[i].dot, take, context, err);
    free(moments);
    dots_release(&dots);
    row_release(&row);
    return status;
}
