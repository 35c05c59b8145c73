#ifndef CLIENT_IMPORT_BATCH_H
#define CLIENT_IMPORT_BATCH_H

/* Rows of an import that wait to be saved together: one entry and one signature for all of them.
 *
 * Not more wait than travel as one unit, so a line that breaks loses no more of an import than of
 * single saves. Of one row only one change waits: the next one is read against what it left.
 * Where they can't be saved together, each is saved alone, to learn which is at fault; then the
 * transaction holds a part of them twice, and must be undone. Owns its edits; import_batch_free. */

#include <jansson.h>

#include "common/edit.h"

#define IMPORT_BATCH_ROWS 64
#define IMPORT_BATCH_BYTES 5500 /* of values as they were read */

struct import_batch {
    struct replica *replica;
    struct edit edits[IMPORT_BATCH_ROWS];
    struct change changes[IMPORT_BATCH_ROWS];
    uint64_t numbers[IMPORT_BATCH_ROWS]; /* of the rows in the file */
    bool known[IMPORT_BATCH_ROWS];       /* the row was there before */
    size_t count, bytes;
    uint64_t added, changed, same; /* of what was saved */
    json_t *errors;                /* [{"row", "column", "message"}]; borrowed */
};

/* NULL: out of memory. */
struct import_batch *import_batch_new(struct replica *replica, json_t *errors);
void import_batch_free(struct import_batch *batch);
/* Does this failure speak of disk and memory, rather than of the row? */
bool import_is_fatal(enum status status);
/* Tells a fault of the row that comes behind those that wait; they are saved first, so that faults
 * are told in the order of the file. */
enum status import_batch_fault(struct import_batch *batch, uint64_t row, const char *column,
                               const struct error *why, struct error *err);

/* Where the next row is read into. Borrowed, until it is kept. */
struct edit *import_batch_next(struct import_batch *batch);
/* Does a change of this row wait? New rows without an id of their own never do. */
bool import_batch_has(const struct import_batch *batch, const struct id *id);
/* The next row is read: it waits, or all are saved now. */
enum status import_batch_keep(struct import_batch *batch, uint64_t row, struct error *err);
/* Saves all that wait. Faults of rows are told in `errors` and are no failure. */
enum status import_batch_save(struct import_batch *batch, struct error *err);

#endif
