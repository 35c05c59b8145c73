#ifndef COMMON_REPORT_TABLES_H
#define COMMON_REPORT_TABLES_H

/* What questions know beside the records (docs/reports.md): the orgs, devices and usual figures as
 * temporary tables, and SQL functions:
 *   _written(_mark)         when the oldest entry that stands behind a row was written
 *   _changed(_mark)         the same of the newest
 *   _written(feed, number)  the same of an entry; feed is main._feed.id
 * all by the writer's clock, "2026-11-01T09:30" in local time; NULL when the log hasn't the entry.
 * Internal to report_views.c. */

#include <jansson.h>

#include "common/replica.h"

/* Make and fill them; `rules` are the usual figures of the files. STATUS_STORAGE, STATUS_NO_MEMORY.
 * Some may be there after a failure: drop them. */
enum status report_tables_make(struct replica *replica, const json_t *rules, struct error *err);
void report_tables_drop(struct replica *replica);

#endif
