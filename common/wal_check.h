#ifndef COMMON_WAL_CHECK_H
#define COMMON_WAL_CHECK_H

/* Does SQLite's write-ahead log hold together? When a process dies, what it saved last stands there
 * alone. SQLite reads it up to the first frame whose sum doesn't fit and drops the rest without a
 * word, since it can't tell a write that was cut off from a damaged one. We can't either, but we
 * can say that there was something.
 *
 * Looks only at a log that no process is using. Follows "The WAL File Format" of SQLite's file
 * format page. */

#include <stdbool.h>

/* `path` is the database's; its log lies beside it. True: frames that belonged to the log are
 * dropped when it is opened. */
bool wal_is_torn(const char *path);
/* Is another connection of this or another process using the database? */
bool database_in_use(const char *path);
/* Keeps others out until the descriptor is closed; -1: it is in use, or isn't there. */
int database_lock(const char *path);

#endif
