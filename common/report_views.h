#ifndef COMMON_REPORT_VIEWS_H
#define COMMON_REPORT_VIEWS_H

/* What the questions of a report book are asked of: temporary views beside the replica's own tables
 * and those of common/report_tables.h (docs/reports.md lists them).
 *
 * A view is made when the first question names it, and a kept one is filled when the first question
 * of the same days needs it: most questions need a few of some eighty. Nothing here knows what is
 * asked. Internal to report.c. */

#include <jansson.h>

#include "common/replica.h"
#include "common/report.h"

struct report_view; /* report_views.c */

/* {0} until it is opened. */
struct report_views {
    struct replica *replica; /* borrowed, as the file */
    const json_t *file;
    bool doubles;   /* some rows were merged (doubles.h) */
    bool tabled;    /* report_tables_make was called */
    json_t *places; /* of each view in `items`, by its name */
    struct report_view *items;
    size_t count;
};

/* `file`: all definitions. Makes nothing yet. STATUS_STORAGE, STATUS_NO_MEMORY. */
enum status report_views_open(struct report_views *views, struct replica *replica,
                              const json_t *file, struct error *err);
/* Takes away what was made. */
void report_views_close(struct report_views *views);

/* What is asked now, for views that look at it: _asked(first, last, org, me). STATUS_STORAGE. */
enum status report_views_ask(struct report_views *views, const struct report_question *question,
                             struct error *err);
enum report_views_made {
    REPORT_VIEWS_NAMED,
    REPORT_VIEWS_ALL /* for SQL over other views, which name them in their turn (table_views.h) */
};
/* What stands in `sql` can be asked for now, also what views of the files name in turn.
 * STATUS_STORAGE, STATUS_NO_MEMORY. */
enum status report_views_need(struct report_views *views, const char *sql,
                              enum report_views_made made, struct error *err);

/* The lines of a definition's SQL as one text, ended by a zero. STATUS_NO_MEMORY. */
enum status report_sql(const json_t *definition, struct buffer *sql, struct error *err);

#endif
