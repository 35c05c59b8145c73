#ifndef CLIENT_MERGE_H
#define CLIENT_MERGE_H

/* Two rows become one for whoever reads, and two again (common/doubles.h). Writes one field of one
 * row, within the caller's transaction. */

#include <jansson.h>

#include "common/replica.h"

struct merged {
    const struct schema_table *table;
    struct id kept, merged;
    json_t *differs; /* the caller's list; gets the fields in which both say something else */
};

/* The rows `ids`, of one table: the smaller id stays. STATUS_NOT_FOUND: no such row, or none that
 * can be merged; STATUS_BAD_INPUT: of two tables; STATUS_EXISTS: they are one already. */
enum status merge_rows(struct replica *replica, const char *const ids[2], struct merged *merged,
                       struct error *err);
/* The row stands for itself again. STATUS_BAD_INPUT: it wasn't merged. */
enum status merge_undo(struct replica *replica, const char *id, struct merged *merged,
                       struct error *err);
/* {"id","merged","differs"}. Gives. */
json_t *merged_json(const struct merged *merged);

#endif
