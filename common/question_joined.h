#ifndef COMMON_QUESTION_JOINED_H
#define COMMON_QUESTION_JOINED_H

/* Names in one line, as an aggregate of SQL for the questions of reports:
 *   _joined(separator, most, text, tie)
 * the first `most` of the texts in the order of their bytes, alike ones in that of `tie`, with the
 * separator between them; NULL when there is none. SQLite's group_concat has no bound, and puts
 * what it shall order into a tree, value by value. Knows nothing of what it joins. */

#include <sqlite3.h>

#include "common/error.h"

/* Adds the function to a connection. STATUS_NO_MEMORY. */
enum status question_joined_open(sqlite3 *database, struct error *err);
/* Takes it away; no statement may use it any more. */
void question_joined_close(sqlite3 *database);

#endif
