#ifndef COMMON_TOMBSTONE_H
#define COMMON_TOMBSTONE_H

/* The value of field 0, which every row has: is the row gone from its scope, and where to?
 *
 *   false                 put back
 *   true                  deleted
 *   [org number, name]    moved to that org (docs/decisions/0017-moving-a-row.md); the name is a
 *                         str of 1 to 240 bytes, for those who stay behind don't read the registry
 *                         of the org that the row went to
 *
 * For the merge a move is a delete. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

struct moved {
    uint32_t org;      /* its number */
    struct bytes name; /* borrowed from the value */
};

/* One of the three forms? */
bool tombstone_valid(struct bytes value);
/* Does it say that the row is gone, deleted or moved? */
bool tombstone_gone(struct bytes value);
/* False: it doesn't say that the row moved. */
bool tombstone_moved(struct bytes value, struct moved *moved);
/* Appends the value of a move. STATUS_NO_MEMORY. */
enum status tombstone_pack_moved(struct buffer *out, const struct moved *moved);

#endif
