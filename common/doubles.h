#ifndef COMMON_DOUBLES_H
#define COMMON_DOUBLES_H

/* Rows that somebody said are one: a person registered twice, a branch entered by two hands.
 *
 * Of two such rows the one with the greater id names the other in the field that the schema calls
 * `same.into`. That is all that merging writes; taking it back empties the field. Nothing else
 * changes: whoever reads sees the smaller id wherever a reference names the greater, the greater
 * row is left out of lists and reports, and where the smaller has no value it shows the other's,
 * unless that is sealed. Both histories stay as they are. A reference to a greater id counts for
 * nothing, so there are no circles, and every replica that holds the same rows shows the same.
 *
 * The SQL here reads a temporary table, temp._double(ref, root): each merged row and the row that
 * stands for it, in every form that a column has (16 and 18 bytes, texts of both). */

#include "common/replica.h"

/* Bring temp._double up to date; *any: is anything merged at all? STATUS_STORAGE. */
enum status doubles_follow(struct replica *replica, bool *any, struct error *err);

enum doubles_rows {
    DOUBLES_SHOWN, /* merged rows as well, and each with its own values only */
    DOUBLES_HIDDEN
};
/* Append what stands behind FROM for `table`: its name when nothing is merged, else a SELECT with
 * the same columns (id, _scope, _deleted, _mark and the fields). STATUS_NO_MEMORY. */
enum status doubles_put_table(struct buffer *sql, const struct schema_table *table, bool any,
                              enum doubles_rows rows);
/* Append the row that stands for `expression`, the SQL of a reference. */
enum status doubles_put_root(struct buffer *sql, const char *expression, bool any);

/* The row that stands for `id`: itself, unless it was merged. */
enum status doubles_root(struct replica *replica, const struct id *id, struct id *root,
                         struct error *err);

#endif
