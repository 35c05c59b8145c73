#ifndef COMMON_QUESTION_MAPS_H
#define COMMON_QUESTION_MAPS_H

/* Sets and maps in memory for the questions of reports, as functions of SQL. A question looks at
 * every attendance of a year, and asks of each whether its event is one of these, or what that
 * person's community is: a hash answers in a quarter of the time that an index of SQLite's takes.
 *
 * Aggregates, which give the number of what they made:
 *   _set(key…)              all keys
 *   _greatest(value, key…)  to each key the greatest of its values
 *   _sums(number, key…)     to each key the sum of its whole numbers
 *   _different(value, key…) to each key how many different values
 * Functions of such a number:
 *   _has(made, key…)        1 or 0
 *   _of(made, key…)         the value; NULL for a key that isn't there
 *   _size(made)             how many keys
 * And a table: SELECT key, second, third, value FROM _entries(made), as they came.
 * A key is one value or several, compared by type and bytes, without collations; one that has a
 * NULL is never put in, nor found. Values are whole numbers, texts or bytes, compared as SQLite
 * does. What was made lives until the question is over. A map knows what was looked for last: who
 * goes through rows in the order of their keys hashes each key once. */

#include <sqlite3.h>

#include "common/bytes.h"

#define QUESTION_KEYS_MAX 3 /* of a key, that _entries shows */

struct question_maps; /* question_maps.c */

/* Adds the functions to a connection. STATUS_NO_MEMORY. */
enum status question_maps_open(struct question_maps **maps, sqlite3 *database, struct error *err);
/* Entry `at` of a map that was made; false behind the last one. For question_entries.c. */
struct question_entry {
    struct bytes key;  /* its values one behind the other */
    struct bytes text; /* the value; nothing: `number` is it */
    int64_t number;
};
bool question_entry_at(const struct question_maps *maps, int64_t made, size_t at,
                       struct question_entry *entry);
/* The first of such values as a result; nothing where there is none. */
void question_value_give(struct bytes values, sqlite3_context *context);
/* Go on to the next one. */
void question_value_skip(struct bytes *values);
/* The table _entries (question_entries.c). STATUS_NO_MEMORY. */
enum status question_entries_open(struct question_maps *maps, sqlite3 *database, struct error *err);

/* Forgets what was made; the functions stay. */
void question_maps_clear(struct question_maps *maps);
/* Takes the functions away; no statement may use them any more. NULL is fine. */
void question_maps_close(struct question_maps *maps, sqlite3 *database);

#endif
