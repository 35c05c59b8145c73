#ifndef COMMON_REPORT_ROW_H
#define COMMON_REPORT_ROW_H

/* A row that a question gives, as an object by column: a tree of Jansson for who goes on with it,
 * or the text that Jansson would print of it (compact) for who only hands it on; of 40,000 rows
 * that takes a quarter of the time. Ids are 32 hex digits, other blobs null. Internal to report.c.
 */

#include <jansson.h>
#include <sqlite3.h>

#include "common/bytes.h"

json_t *report_row_json(sqlite3_stmt *row);
/* Appends. STATUS_NO_MEMORY. */
enum status report_row_put(sqlite3_stmt *row, struct buffer *text);

#endif
