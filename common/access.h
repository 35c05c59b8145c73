#ifndef COMMON_ACCESS_H
#define COMMON_ACCESS_H

/* Who looked at or carried away what: an entry like any other, in the table that the schema marks
 * with "records": "access". It travels to the bureau with everything else; `audit` lists it.
 * The table's fields are found by name: at, action, table, rows, purpose. */

#include "common/replica.h"

struct access {
    const char *action;  /* a code of the field: "export", "read" */
    const char *table;   /* whose rows */
    uint64_t rows;       /* how many */
    const char *purpose; /* what the person said it is for, or to where; NULL: nothing */
};
/* In the org of this device, durable when it returns. Does nothing when the schema has no such
 * table (an older one). STATUS_DENIED: this device may not write any more. */
enum status access_note(struct replica *replica, const struct access *access, struct error *err);

#endif
