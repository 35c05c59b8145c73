#ifndef COMMON_REPORT_H
#define COMMON_REPORT_H

/* Figures over the records, and who is due: questions in SQL, out of one file
 * (schema/reports.json, docs/reports.md). Nothing here knows what they ask.
 *
 * They are asked of the replica's own file, in temporary views: each table of the schema under its
 * name, without what was deleted or voided and with the column _org (a number); the tree of orgs as
 * _org_tree(number, id, name, kind, parent, depth) and _below(ancestor, org); the people with
 * devices as _user(id, name). Ids are blobs of 16 bytes; of a ref to any table they are the
 * last 16. A question may read, and nothing else. */

#include <jansson.h>

#include "common/replica.h"

struct report_book; /* opaque */
/* Make the views for one replica, inside the caller's view_begin … view_end. Gives. */
enum status report_book_open(struct report_book **book, struct replica *replica, struct error *err);
void report_book_free(struct report_book *book); /* NULL is fine */

/* All definitions: [{"name","zh","en","columns":[[name, zh, en, "table.field"?], …]}]. Borrowed. */
const json_t *report_definitions(const struct report_book *book);
/* One by its name; NULL: there is none. Borrowed. */
const json_t *report_definition(const struct report_book *book, const char *name);

struct report_period {
    const char *from, *to; /* local days "2026-11-01", both included */
    uint32_t org;          /* and all below it */
};
/* Rows as objects by column; ids as 32 hex digits. STATUS_NOT_FOUND: no such report.
 * STATUS_TOO_LARGE: it took too long. */
enum status report_run(struct report_book *book, const char *name,
                       const struct report_period *period, json_t **rows, struct error *err);
/* [{"kind","title","table","id","label","since","days"}], the longest due first. */
enum status report_due(struct report_book *book, const struct report_period *period, json_t **rows,
                       struct error *err);

#endif
