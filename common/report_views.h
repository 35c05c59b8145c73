#ifndef COMMON_REPORT_VIEWS_H
#define COMMON_REPORT_VIEWS_H

/* What the questions of a report book are asked of: temporary tables and views beside the replica's
 * own (docs/reports.md lists them), and SQL functions:
 *   _written(_mark)         when the oldest entry that stands behind a row was written
 *   _changed(_mark)         the same of the newest
 *   _written(feed, number)  the same of an entry; feed is main._feed.id
 * all by the writer's clock, "2026-11-01T09:30" in local time; NULL when the log hasn't the entry.
 * Nothing here knows what is asked. Internal to report.c. */

#include <jansson.h>

#include "common/replica.h"
#include "common/report.h"

/* Starts empty. */
struct report_views {
    struct buffer drops; /* the SQL that takes away what was made, also before a failure */
    struct buffer fills; /* the SQL that fills the kept views */
};

/* Make them for the replica. `file`: all definitions. STATUS_STORAGE, STATUS_NO_MEMORY. */
enum status report_views_make(struct report_views *views, struct replica *replica,
                              const json_t *file, struct error *err);
void report_views_drop(struct report_views *views, struct replica *replica);

/* What is asked now, for views that look at it: _asked(first, last, org, me). The views that the
 * files call kept are computed here, once for a whole list of questions. STATUS_STORAGE. */
enum status report_views_ask(struct report_views *views, struct replica *replica,
                             const struct report_question *question, struct error *err);

/* The lines of a definition's SQL as one text, ended by a zero. STATUS_NO_MEMORY. */
enum status report_sql(const json_t *definition, struct buffer *sql, struct error *err);

#endif
