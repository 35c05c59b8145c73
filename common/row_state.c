#include "common/row_state.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/pack.h"

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
void row_arena_clear(struct row *row)
{
    struct arena *arena = row->arena;
    if (!arena)
        return;
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

void row_arena_free(struct row *row)
{
    struct arena *arena = row->arena;
    if (!arena)
        return;
    row_arena_clear(row);
    free(arena->chunks);
    entry_view_release(&arena->scratch);
    free(arena);
    row->arena = NULL;
}

/* ---- heads ---- */

static int by_dot(const void *dot, const void *wanted)
{
    return dot_compare(dot, wanted);
}

size_t dots_place(const struct dot *dots, size_t count, const struct dot *dot)
{
    return array_place(dots, count, sizeof *dots, dot, by_dot);
}

bool dots_hold(const struct dot *dots, size_t count, const struct dot *dot)
{
    size_t at = dots_place(dots, count, dot);
    return at < count && dot_compare(&dots[at], dot) == 0;
}

int head_compare(const struct head *a, const struct head *b, bool by_element)
{
    int order = by_element ? bytes_compare(a->value, b->value) : 0;
    return order ? order : dot_compare(&a->dot, &b->dot);
}

bool head_deletes(const struct head *head)
{
    return tombstone_gone(head->value);
}

static int head_by_dot(const void *head, const void *wanted)
{
    return head_compare(head, wanted, false);
}

static int head_by_element(const void *head, const void *wanted)
{
    return head_compare(head, wanted, true);
}

enum status cell_put(struct cell *cell, const struct head *head, bool by_element, struct error *err)
{
    size_t at = array_place(cell->heads, cell->heads_count, sizeof *head, head,
                            by_element ? head_by_element : head_by_dot);
    if (at < cell->heads_count && head_compare(&cell->heads[at], head, by_element) == 0)
        return STATUS_OK;
    struct head *heads =
        array_grow(cell->heads, cell->heads_count, &cell->heads_capacity, sizeof *heads);
    if (!heads)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    cell->heads = heads;
    memmove(heads + at + 1, heads + at, (cell->heads_count - at) * sizeof *heads);
    heads[at] = *head;
    cell->heads_count++;
    return STATUS_OK;
}

/* ---- bases that were named and not met ---- */

static int replaced_compare(const void *left, const void *right)
{
    const struct replaced *a = left, *b = right;
    if (a->field != b->field)
        return a->field < b->field ? -1 : 1;
    int order = dot_compare(&a->dot, &b->dot);
    return order ? order : bytes_compare(a->element, b->element);
}

/* Where it stands or would stand; *met tells which. */
static size_t replaced_place(const struct row *row, const struct replaced *replaced, bool *met)
{
    size_t at = array_place(row->replaced, row->replaced_count, sizeof *replaced, replaced,
                            replaced_compare);
    *met = at < row->replaced_count && replaced_compare(&row->replaced[at], replaced) == 0;
    return at;
}

enum status row_add_replaced(struct row *row, const struct replaced *replaced, struct error *err)
{
    TRY(row_arena_ready(row, err));
    bool met;
    size_t at = replaced_place(row, replaced, &met);
    if (met)
        return STATUS_OK;
    struct replaced *grown =
        array_grow(row->replaced, row->replaced_count, &row->replaced_capacity, sizeof *grown);
    if (!grown)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    row->replaced = grown;
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
