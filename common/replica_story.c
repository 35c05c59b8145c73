/* Who wrote a row. Its heads say who wrote last; each of those entries names what it replaced, and
 * so on, back to the first. An entry that nothing leads to is noted in _touch when it is applied
 * (replica_apply.c). */

#include <stdlib.h>
#include <string.h>

#include "common/dots.h"
#include "common/replica_state.h"
#include "common/row_state.h"

void dots_release(struct dots *dots)
{
    free(dots->items);
    free(dots->sorted);
    *dots = (struct dots){0};
}

static enum status dots_room(struct dots *dots, struct error *err)
{
    if (dots->count < dots->capacity)
        return STATUS_OK;
    size_t capacity = dots->capacity ? dots->capacity * 2 : 16;
    struct dot *items = realloc(dots->items, capacity * sizeof *items);
    if (items)
        dots->items = items;
    struct dot *sorted = realloc(dots->sorted, capacity * sizeof *sorted);
    if (sorted)
        dots->sorted = sorted;
    if (!items || !sorted)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    dots->capacity = capacity;
    return STATUS_OK;
}

enum status dots_add(struct dots *dots, const struct dot *dot, bool *added, struct error *err)
{
    size_t at = dots_place(dots->sorted, dots->count, dot);
    *added = false;
    if (at < dots->count && dot_compare(&dots->sorted[at], dot) == 0)
        return STATUS_OK;
    TRY(dots_room(dots, err));
    memmove(dots->sorted + at + 1, dots->sorted + at, (dots->count - at) * sizeof *dots->sorted);
    dots->sorted[at] = *dot;
    dots->items[dots->count++] = *dot;
    *added = true;
    return STATUS_OK;
}

static enum status add_noted(struct replica *replica, const struct row *row, struct dots *dots,
                             struct error *err)
{
    bool added;
    sqlite3_stmt *read = sql_use(replica, SQL_TOUCH_READ);
    if (!read)
        return sql_fail(replica, err, "touched rows");
    sqlite3_bind_int64(read, 1, row->table->number);
    sqlite3_bind_blob(read, 2, row->id.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(read, 3, row->scope);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(replica, read, &status, err)) {
        int64_t local = sqlite3_column_int64(read, 0);
        if (local < 1 || (uint64_t)local > replica->feeds_count)
            continue;
        struct dot dot = {feed_at(replica, (uint32_t)local)->id,
                          (uint64_t)sqlite3_column_int64(read, 1)};
        status = dots_add(dots, &dot, &added, err);
    }
    sqlite3_reset(read);
    return status;
}

static enum status add_all(struct dots *dots, const struct dot *more, size_t count,
                           struct error *err)
{
    bool added;
    for (size_t i = 0; i < count; i++)
        TRY(dots_add(dots, &more[i], &added, err));
    return STATUS_OK;
}

static enum status add_removed(struct entry_view *view, struct bytes value, struct dots *dots,
                               struct error *err)
{
    struct set_change *changes = NULL;
    size_t count = 0;
    TRY(entry_decode_set(view, value, &changes, &count, err));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = add_all(dots, view->dots + changes[i].bases_at, changes[i].bases_count, err);
    free(changes);
    return status;
}

/* What the entry at `dot` replaced in the row. */
static enum status add_bases(struct replica *replica, const struct row *row, const struct dot *dot,
                             struct dots *dots, struct error *err)
{
    struct entry_view *view = &replica->story_view;
    enum status status = feed_read(replica, dot, &replica->story_body, err);
    if (status == STATUS_NOT_FOUND) /* named, and not come yet */
        return STATUS_OK;
    TRY(status);
    if (entry_decode(view, &dot->feed, buffer_bytes(&replica->story_body), NULL) != STATUS_OK)
        return STATUS_OK;
    for (size_t i = 0; i < view->ops_count; i++) {
        const struct op *op = &view->ops[i];
        if (op->table != row->table->number || !id_equal(&op->row, &row->id))
            continue;
        for (uint32_t f = 0; f < op->fields_count; f++) {
            struct op_field written = view->fields[op->fields_at + f];
            const struct schema_field *field = table_field(row->table, written.number);
            TRY(add_all(dots, view->dots + written.bases_at, written.bases_count, err));
            if (field && field->merge == MERGE_SET)
                TRY(add_removed(view, written.value, dots, err));
        }
    }
    return STATUS_OK;
}

enum status row_writers(struct replica *replica, const struct row *row, struct dots *dots,
                        struct error *err)
{
    bool added;
    TRY(add_noted(replica, row, dots, err));
    for (size_t c = 0; c < row->cells_count; c++)
        for (size_t h = 0; h < row->cells[c].heads_count; h++)
            TRY(dots_add(dots, &row->cells[c].heads[h].dot, &added, err));
    for (size_t i = 0; i < dots->count; i++) {
        struct dot dot = dots->items[i];
        TRY(add_bases(replica, row, &dot, dots, err));
    }
    return STATUS_OK;
}
