#ifndef COMMON_REGISTRY_VALUE_H
#define COMMON_REGISTRY_VALUE_H

/* The values of a registry entry's op, by field; for registry*.c alone. */

#include "common/entry.h"
#include "common/pack.h"

/* To read the field's value from; an absent one has nothing to read. */
struct unpack registry_value(const struct entry_view *entry, const struct op *op, uint16_t field);
/* False: absent, of another kind, or above `max`. */
bool registry_value_uint(const struct entry_view *entry, const struct op *op, uint16_t field,
                         uint64_t max, uint64_t *number);
bool registry_value_bin(const struct entry_view *entry, const struct op *op, uint16_t field,
                        struct bytes *data);
bool registry_value_str(const struct entry_view *entry, const struct op *op, uint16_t field,
                        struct bytes *text);
/* STATUS_BAD_INPUT: its `what` is broken. */
enum status registry_broken(struct error *err, const char *what);

#endif
