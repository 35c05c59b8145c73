#ifndef COMMON_ROW_STATE_H
#define COMMON_ROW_STATE_H

/* What the files of the row share: its arena, and the ordered arrays of heads and remembered bases.
 *
 * Private to common/row*.c. Nothing here knows a merge rule. */

#include "common/row.h"

/* ---- arena: values and dots of one row, freed together ---- */

/* Room for `size` bytes, aligned for a struct dot; NULL: out of memory. */
void *row_alloc(const struct row *row, size_t size);
/* Copy into the row's arena. An absent slice stays absent. False: out of memory. */
bool row_copy_bytes(const struct row *row, struct bytes from, struct bytes *to);
/* Makes the arena of a row that has none yet. */
enum status row_arena_ready(struct row *row, struct error *err);
void row_arena_clear(struct row *row); /* keeps some memory for the next row */
void row_arena_free(struct row *row);
/* A view that row_apply decodes sets into, kept so that its memory is used again. */
struct entry_view *row_scratch(struct row *row);

/* ---- dots ---- */

/* Is `dot` among `dots`, which ascend? */
bool dots_hold(const struct dot *dots, size_t count, const struct dot *dot);
/* Where it stands or would stand. */
size_t dots_place(const struct dot *dots, size_t count, const struct dot *dot);

/* ---- heads ---- */

/* The order of heads in a cell: by element first where the rule is a set, then by dot. */
int head_compare(const struct head *a, const struct head *b, bool by_element);
/* Does a write of field 0 say that the row is deleted? */
bool head_deletes(const struct head *head);
/* Put a head at its place, borrowing its value and seen (already in the arena). One with the same
 * dot (and element) is left as it is. */
enum status cell_put(struct cell *cell, const struct head *head, bool by_element,
                     struct error *err);

/* ---- bases that were named and not met ---- */

/* Remembers once. Copies the element. */
enum status row_remember(struct row *row, const struct replaced *replaced, struct error *err);
/* Forget it; false when it wasn't remembered. */
bool row_recall(struct row *row, const struct replaced *replaced);

#endif
