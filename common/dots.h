#ifndef COMMON_DOTS_H
#define COMMON_DOTS_H

/* Dots as they stand in an entry: short forms relative to the entry's own feed (entry.h). */

#include "common/entry.h"
#include "common/pack.h"

/* No dots yet, and an array to count from: view->dots is never NULL afterwards. */
enum status dots_start(struct entry_view *view, struct error *err);
/* One dot, shortest form. STATUS_NO_MEMORY. */
enum status dot_pack(struct buffer *out, uint32_t scope, const struct dot *dot);
/* [dot, …]; `dots` must ascend without doubles. */
enum status dots_pack(struct buffer *out, uint32_t scope, const struct dot *dots, size_t count);
/* Take [dot, …], checked canonical and ascending; appends to view->dots, from *at on. */
enum status dots_take(struct entry_view *view, struct unpack *in, uint32_t *at, uint32_t *count,
                      struct error *err);

#endif
