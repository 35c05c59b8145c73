#include "common/row.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/row_state.h"

#define ARENA_CHUNK_BYTES 4096

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t size;
    uint64_t data[]; /* aligned for anything that a row keeps */
};

struct arena {
    struct arena_chunk *chunks; /* the one in use stands first */
    struct entry_view scratch;
};

/* ---- arena ---- */

enum status row_arena_ready(struct row *row, struct error *err)
{
    if (!row->arena)
        row->arena = calloc(1, sizeof(struct arena));
    return row->arena ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

struct entry_view *row_scratch(struct row *row)
{
    struct arena *arena = row->arena;
    return &arena->scratch;
}

void *row_alloc(const struct row *row, size_t size)
{
    struct arena *arena = row->arena;
    struct arena_chunk *chunk = arena->chunks;
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + 7) & ~(size_t)7;
    if (!chunk || chunk->size - chunk->used < size) {
        size_t room = size > ARENA_CHUNK_BYTES ? size : ARENA_CHUNK_BYTES;
        chunk = malloc(sizeof *chunk + room);
        if (!chunk)
            return NULL;
        chunk->next = arena->chunks;
        chunk->used = 0;
        chunk->size = room;
        arena->chunks = chunk;
    }
    void *place = (uint8_t *)chunk->data + chunk->used;
    chunk->used += size;
    return place;
}

bool row_copy_bytes(const struct row *row, struct bytes from, struct bytes *to)
{
    *to = (struct bytes){NULL, 0};
    if (!from.data)
        return true;
    uint8_t *copy = row_alloc(row, from.size);
    if (!copy)
        return false;
    if (from.size)
        memcpy(copy, from.data, from.size);
    *to = bytes_of(copy, from.size);
    return true;
}

/* One chunk stays for the next row, unless a big value made it big. */
static void arena_clear(struct arena *arena)
{
    struct arena_chunk *kept = NULL;
    for (struct arena_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        if (!kept && chunk->size == ARENA_CHUNK_BYTES)
            kept = chunk;
        else
            free(chunk);
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    arena->chunks = kept;
}

/* ---- life ---- */

void row_release(struct row *row)
{
    if (!row)
        return;
    for (size_t i = 0; i < row->cells_capacity; i++)
        free(row->cells[i].heads);
    free(row->cells);
    free(row->replaced);
    struct arena *arena = row->arena;
    if (arena) {
        arena_clear(arena);
        free(arena->chunks);
        entry_view_release(&arena->scratch);
        free(arena);
    }
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
    if (row->arena)
        arena_clear(row->arena);
}

/* ---- cells ---- */

static size_t cell_place(const struct row *row, uint16_t field)
{
    size_t low = 0, high = row->cells_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (row->cells[middle].field < field)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
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
    row->cells[at] = (struct cell){
        .field = field, .heads = spare.heads, .heads_capacity = spare.heads_capacity};
    return &row->cells[at];
}

/* ---- heads ---- */

bool dots_hold(const struct dot *dots, size_t count, const struct dot *dot)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = dot_compare(&dots[middle], dot);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

int head_compare(const struct head *a, const struct head *b, bool by_element)
{
    int order = by_element ? bytes_compare(a->value, b->value) : 0;
    return order ? order : dot_compare(&a->dot, &b->dot);
}

enum status cell_put(struct cell *cell, const struct head *head, bool by_element,
                     struct error *err)
{
    size_t low = 0, high = cell->heads_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = head_compare(&cell->heads[middle], head, by_element);
        if (order == 0)
            return STATUS_OK;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (cell->heads_count == cell->heads_capacity) {
        size_t capacity = cell->heads_capacity ? cell->heads_capacity * 2 : 2;
        struct head *heads = realloc(cell->heads, capacity * sizeof *heads);
        if (!heads)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        cell->heads = heads;
        cell->heads_capacity = capacity;
    }
    memmove(cell->heads + low + 1, cell->heads + low,
            (cell->heads_count - low) * sizeof *cell->heads);
    cell->heads[low] = *head;
    cell->heads_count++;
    return STATUS_OK;
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

/* ---- remembered bases ---- */

static int replaced_compare(const struct replaced *a, const struct replaced *b)
{
    if (a->field != b->field)
        return a->field < b->field ? -1 : 1;
    int order = dot_compare(&a->dot, &b->dot);
    return order ? order : bytes_compare(a->element, b->element);
}

/* Where it stands or would stand; *met tells which. */
static size_t replaced_place(const struct row *row, const struct replaced *replaced, bool *met)
{
    size_t low = 0, high = row->replaced_count;
    *met = false;
    while (low < high && !*met) {
        size_t middle = low + (high - low) / 2;
        int order = replaced_compare(&row->replaced[middle], replaced);
        *met = order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return *met ? high : low;
}

enum status row_add_replaced(struct row *row, const struct replaced *replaced, struct error *err)
{
    TRY(row_arena_ready(row, err));
    bool met;
    size_t at = replaced_place(row, replaced, &met);
    if (met)
        return STATUS_OK;
    if (row->replaced_count == row->replaced_capacity) {
        size_t capacity = row->replaced_capacity ? row->replaced_capacity * 2 : 8;
        struct replaced *grown = realloc(row->replaced, capacity * sizeof *grown);
        if (!grown)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        row->replaced = grown;
        row->replaced_capacity = capacity;
    }
    struct replaced copy = *replaced;
    if (!row_copy_bytes(row, replaced->element, &copy.element))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    memmove(row->replaced + at + 1, row->replaced + at,
            (row->replaced_count - at) * sizeof *row->replaced);
    row->replaced[at] = copy;
    row->replaced_count++;
    return STATUS_OK;
}

enum status row_remember(struct row *row, const struct replaced *replaced, struct error *err)
{
    size_t before = row->replaced_count;
    TRY(row_add_replaced(row, replaced, err));
    row->replaced_changed |= row->replaced_count != before;
    return STATUS_OK;
}

bool row_recall(struct row *row, const struct replaced *replaced)
{
    bool met;
    size_t at = replaced_place(row, replaced, &met);
    if (!met)
        return false;
    row->replaced_count--;
    memmove(row->replaced + at, row->replaced + at + 1,
            (row->replaced_count - at) * sizeof *row->replaced);
    row->replaced_changed = true;
    return true;
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
