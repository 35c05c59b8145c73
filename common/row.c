#include "common/row.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/mutant.h"
#include "common/row_state.h"

/* ---- life ---- */

void row_release(struct row *row)
{
    if (!row)
        return;
    for (size_t i = 0; i < row->cells_capacity; i++)
        free(row->cells[i].heads);
    free(row->cells);
    free(row->replaced);
    row_arena_free(row);
    *row = (struct row){0};
}

void row_start(struct row *row, const struct schema_table *table, uint32_t scope,
               const struct id *id)
{
    row->table = table;
    row->scope = scope;
    row->id = *id;
    row->cells_count = 0;
    row->replaced_count = 0;
    row->replaced_changed = false;
    row_arena_clear(row);
}

/* ---- cells ---- */

static int cell_compare(const void *cell, const void *field)
{
    return (int)((const struct cell *)cell)->field - *(const uint16_t *)field;
}

static size_t cell_place(const struct row *row, uint16_t field)
{
    return array_place(row->cells, row->cells_count, sizeof *row->cells, &field, cell_compare);
}

struct cell *row_find_cell(const struct row *row, uint16_t field)
{
    size_t at = cell_place(row, field);
    return at < row->cells_count && row->cells[at].field == field ? &row->cells[at] : NULL;
}

static bool cells_grow(struct row *row)
{
    size_t capacity = row->cells_capacity ? row->cells_capacity * 2 : 16;
    struct cell *cells = realloc(row->cells, capacity * sizeof *cells);
    if (!cells)
        return false;
    memset(cells + row->cells_capacity, 0, (capacity - row->cells_capacity) * sizeof *cells);
    row->cells = cells;
    row->cells_capacity = capacity;
    return true;
}

struct cell *row_cell(struct row *row, uint16_t field)
{
    size_t at = cell_place(row, field);
    if (at < row->cells_count && row->cells[at].field == field)
        return &row->cells[at];
    if (row->cells_count == row->cells_capacity && !cells_grow(row))
        return NULL;
    /* Cells beyond the count keep the memory of an earlier row's heads: move it along. */
    struct cell spare = row->cells[row->cells_count];
    memmove(row->cells + at + 1, row->cells + at, (row->cells_count - at) * sizeof *row->cells);
    row->cells_count++;
    row->cells[at] =
        (struct cell){.field = field, .heads = spare.heads, .heads_capacity = spare.heads_capacity};
    return &row->cells[at];
}

enum status row_add_head(struct row *row, uint16_t field, const struct head *head,
                         struct error *err)
{
    TRY(row_arena_ready(row, err));
    const struct schema_field *declared = table_field(row->table, field);
    struct cell *cell = row_cell(row, field);
    struct head copy = *head;
    if (!cell || !row_copy_bytes(row, head->value, &copy.value))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    copy.seen = NULL;
    if (head->seen_count) {
        copy.seen = row_alloc(row, head->seen_count * sizeof *copy.seen);
        if (!copy.seen)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        memcpy(copy.seen, head->seen, head->seen_count * sizeof *copy.seen);
    }
    return cell_put(cell, &copy, declared && declared->merge == MERGE_SET, err);
}

void row_forget_met(struct row *row, const struct row_source *source)
{
    size_t kept = 0;
    for (size_t i = 0; i < row->replaced_count; i++)
        if (!source->covered(source->context, &row->replaced[i].dot))
            row->replaced[kept++] = row->replaced[i];
    row->replaced_changed |= kept != row->replaced_count;
    row->replaced_count = kept;
}

void row_settle_changes(struct row *row)
{
    for (size_t i = 0; i < row->cells_count; i++)
        row->cells[i].changed = false;
    row->replaced_changed = false;
}

/* ---- deleted ---- */

/* What the live writes of field 0 say. */
struct verdict {
    bool deleted;  /* one says so */
    bool put_back; /* one says the opposite */
    bool divided;  /* two say otherwise how it went */
    const struct cell *cell;
};

static struct verdict row_verdict(const struct row *row)
{
    struct verdict verdict = {.cell = row_find_cell(row, FIELD_DELETED)};
    struct bytes said = {0};
    for (size_t i = 0; verdict.cell && i < verdict.cell->heads_count; i++) {
        const struct head *head = &verdict.cell->heads[i];
        if (!head_deletes(head))
            verdict.put_back = true;
        else if (!verdict.deleted)
            said = head->value;
        else
            verdict.divided |= !bytes_equal(said, head->value);
        verdict.deleted |= head_deletes(head);
    }
    return verdict;
}

/* A counter's head stands for everything that its feed added before. */
static bool delete_saw(const struct head *deleting, const struct dot *dot, bool counter)
{
    if (dot_equal(&deleting->dot, dot) || dots_hold(deleting->seen, deleting->seen_count, dot))
        return true;
    for (size_t i = 0; counter && i < deleting->seen_count; i++) {
        const struct dot *seen = &deleting->seen[i];
        if (feed_compare(&seen->feed, &dot->feed) == 0 && seen->number >= dot->number)
            return true;
    }
    return false;
}

static bool any_delete_saw(const struct cell *deletes, const struct dot *dot, bool counter)
{
    for (size_t i = 0; i < deletes->heads_count; i++)
        if (head_deletes(&deletes->heads[i]) && delete_saw(&deletes->heads[i], dot, counter))
            return true;
    return false;
}

static bool row_all_seen(const struct row *row, const struct cell *deletes)
{
    for (size_t i = 0; i < row->cells_count; i++) {
        const struct cell *cell = &row->cells[i];
        if (cell->field == FIELD_DELETED)
            continue;
        const struct schema_field *field = table_field(row->table, cell->field);
        bool counter = field && field->merge == MERGE_COUNTER;
        for (size_t j = 0; j < cell->heads_count; j++)
            if (!any_delete_saw(deletes, &cell->heads[j].dot, counter))
                return false;
    }
    return true;
}

bool row_deleted(const struct row *row)
{
    struct verdict verdict = row_verdict(row);
    return verdict.deleted && !verdict.put_back &&
           (row_all_seen(row, verdict.cell) || MUTANT("delete-beats-edits"));
}

bool row_delete_conflict(const struct row *row)
{
    struct verdict verdict = row_verdict(row);
    return verdict.deleted &&
           (verdict.put_back || verdict.divided || !row_all_seen(row, verdict.cell));
}

bool row_moved(const struct row *row, struct moved *moved)
{
    const struct cell *cell = row_find_cell(row, FIELD_DELETED);
    for (size_t i = 0; cell && i < cell->heads_count; i++)
        if (tombstone_moved(cell->heads[i].value, moved))
            return true;
    return false;
}

enum row_presence row_presence(const struct row *row)
{
    struct moved moved;
    if (!row_deleted(row))
        return ROW_HERE;
    return row_moved(row, &moved) ? ROW_MOVED : ROW_DELETED;
}

/* ---- digest ---- */

static enum status canonical_head(const struct head *head, struct buffer *out)
{
    uint8_t place[24];
    put_u32le(place, head->dot.feed.device);
    put_u32le(place + 4, head->dot.feed.incarnation);
    put_u32le(place + 8, head->dot.feed.scope);
    put_u64le(place + 12, head->dot.number);
    put_u32le(place + 20, (uint32_t)head->value.size);
    TRY(buffer_append(out, place, sizeof place));
    return buffer_append_bytes(out, head->value);
}

enum status cell_canonical_start(struct buffer *out, uint32_t table, uint32_t scope,
                                 const struct id *id)
{
    uint8_t start[8];
    put_u32le(start, table);
    put_u32le(start + 4, scope);
    TRY(buffer_append(out, start, sizeof start));
    return buffer_append(out, id->bytes, ID_BYTES);
}

static enum status canonical_cell(const struct row *row, const struct cell *cell,
                                  struct buffer *out)
{
    uint8_t start[6] = {(uint8_t)cell->field, (uint8_t)(cell->field >> 8)};
    put_u32le(start + 2, (uint32_t)cell->heads_count);
    TRY(cell_canonical_start(out, row->table->number, row->scope, &row->id));
    TRY(buffer_append(out, start, sizeof start));
    for (size_t i = 0; i < cell->heads_count && !(i > 0 && MUTANT("digest-of-one-head")); i++)
        TRY(canonical_head(&cell->heads[i], out));
    const struct schema_field *field = table_field(row->table, cell->field);
    if (!field || field->merge != MERGE_COUNTER)
        return STATUS_OK;
    uint8_t total[8];
    put_u64le(total, cell->total);
    return buffer_append(out, total, sizeof total);
}

enum status cell_canonical(const struct row *row, const struct cell *cell, struct buffer *out,
                           struct error *err)
{
    enum status status = canonical_cell(row, cell, out);
    return status == STATUS_OK ? STATUS_OK : error_set(err, status, "out of memory");
}
