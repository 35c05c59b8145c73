#ifndef COMMON_REPORT_H
#define COMMON_REPORT_H

/* Figures over the records, who is due, and records that contradict one another: questions in SQL,
 * out of the files of one folder (schema/reports/, docs/reports.md). Nothing here knows what they
 * ask.
 *
 * They are asked of the replica's own file, in temporary views: each table of the schema under its
 * name, without what was deleted or voided, and what common/report_views.h adds. Ids are blobs of
 * 16 bytes; of a ref to any table they are the last 16. A question may read, and nothing else. */

#include <jansson.h>

#include "common/replica.h"

struct report_book; /* opaque */
/* Make the views for one replica, inside the caller's view_begin … view_end. Gives. One book of a
 * replica at a time. */
enum status report_book_open(struct report_book **book, struct replica *replica, struct error *err);
void report_book_free(struct report_book *book); /* NULL is fine */

/* All definitions, by name: [{"name","zh","en","help":{"zh","en"},
 * "columns":[[name, zh, en, "table.field"?], …]}]. Borrowed. */
const json_t *report_definitions(const struct report_book *book);
/* One by its name; NULL: there is none. Borrowed. */
const json_t *report_definition(const struct report_book *book, const char *name);

struct report_question {
    const char *from, *to; /* local days "2026-11-01", both included */
    uint32_t org;          /* and all below it */
    enum role role;        /* who asks: some reminders are for the bureau only */
    const struct id *me;   /* the person who asks; NULL: nobody in particular */
    const struct id *row;  /* what a question is about that asks for one row (:row); NULL: none */
    bool by_hand;          /* somebody typed it: it may look at temporary views and tables only */
};
/* Rows as objects by column; ids as 32 hex digits. STATUS_NOT_FOUND: no such report.
 * STATUS_TOO_LARGE: it took too long. */
enum status report_run(struct report_book *book, const char *name,
                       const struct report_question *question, json_t **rows, struct error *err);
/* The same as the text of a JSON array and the end of a line, replacing `text`. */
enum status report_run_text(struct report_book *book, const char *name,
                            const struct report_question *question, struct buffer *text,
                            struct error *err);
/* The same for a definition {"name", "sql": […]} that isn't of the book. */
enum status report_ask(struct report_book *book, const json_t *definition,
                       const struct report_question *question, json_t **rows, struct error *err);
/* [{"kind","title","table","id","label","since","days"}], the longest due first. */
enum status report_due(struct report_book *book, const struct report_question *question,
                       json_t **rows, struct error *err);
/* What contradicts what, computed now from the rows:
 * [{"kind","title","meanwhile","table","id","label","since","days"}], kind by kind. "meanwhile"
 * says what every replica shows until somebody has put it right. */
enum status report_check(struct report_book *book, const struct report_question *question,
                         json_t **rows, struct error *err);

#endif
