#ifndef CLIENT_IMPORT_H
#define CLIENT_IMPORT_H

/* The rows of a sheet into one table.
 *
 * All of them are saved within the caller's transaction, so that every rule of saving checks them;
 * errors are collected with row and column, and the caller rolls back when there are any. A row
 * with an `id` that is known changes that row, as does one whose natural key is known; others are
 * new. An empty cell of a known row empties the field; of a new one it says nothing. */

#include <jansson.h>

#include "common/replica.h"
#include "common/sheet.h"

struct import_options {
    const char *table;
    const json_t *map; /* {"heading": "field", or null: left out}; NULL: by name and label */
    const char *org;   /* of new rows; NULL: the usual place */
    /* Told before each row how many are done; false: stop there. NULL: nobody asks. */
    bool (*go_on)(void *context, uint64_t done);
    void *context;
};
struct imported {
    uint64_t added, changed, same;
    json_t *errors;  /* [{"row", "column", "message"}], at most 1,000 */
    json_t *columns; /* [{"heading", "field" or null}]; NULL: it didn't come so far */
    bool cancelled;  /* `go_on` said so: what is in the transaction is a part */
};

/* A faulty file is no failure: see `errors`. STATUS_NOT_FOUND: no such table; else what the disk or
 * the memory says. Release `made` in any case. */
enum status import_sheet(struct replica *replica, const struct sheet *sheet,
                         const struct import_options *options, struct imported *made,
                         struct error *err);
void imported_release(struct imported *made);
/* {"added", "changed", "same", "errors"}. Gives. */
json_t *imported_json(const struct imported *made);

#endif
