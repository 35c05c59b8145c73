#ifndef COMMON_SEALED_WORDS_H
#define COMMON_SEALED_WORDS_H

/* Searching in sealed texts without opening all of them each time, as a function of SQL.
 *
 * _sealed_words(QUERY, TABLE, ID, FIELD, VALUE, …) is what the values of a row read as, line by
 * line; NULL when none of them holds any word of QUERY, which is the same to _search (search.h).
 *
 * What was opened once leaves a *hint* in memory: which characters, and which pairs of neighbours,
 * the texts of a row have, as a Bloom filter of 512 bits. A word whose characters aren't all there
 * stands nowhere in them; where they are, the texts are opened and looked at. A hint is found by a
 * keyed hash of the row and the sealed values, so it needn't be told of changes. Nothing of this
 * is ever stored: hints go when the file is closed, or when the registry erases somebody. */

#include "common/replica.h"

#define SEALED_HINTS_MAX 262144 /* rows; 20 MiB */

/* Adds the function to the replica's connection. STATUS_STORAGE, STATUS_NO_MEMORY. */
enum status sealed_words_register(struct replica *replica, struct error *err);

#endif
