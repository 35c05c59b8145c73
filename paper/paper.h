#ifndef PAPER_PAPER_H
#define PAPER_PAPER_H

/* Papers that branches hand in or keep: a layout out of the schema folder (schema/papers/, its form
 * is docs/papers.md), filled from the records by questions in SQL, or blank for pen and ink.
 *
 * Nothing here knows a table or a form. A paper is about one row (`of` names its table), or about a
 * period and an org as reports are. Owns no page; see page.h. */

#include <jansson.h>

#include "common/report.h"
#include "paper/page.h"

/* All layouts, by name: [{"name","zh","en","help":{"zh","en"},"of": table or absent, …}]. NULL: out
 * of memory. Gives. */
json_t *paper_list(void);
/* One of them, borrowed from the list; NULL: there is none. */
const json_t *paper_named(const json_t *list, const char *name);

struct paper_wish {
    const json_t *paper;
    struct report_book *book; /* open for the replica */
    struct replica *replica;
    struct report_question question; /* .row: what the paper is about */
    bool blank;                      /* nothing is asked of the records */
};
struct paper_made {
    struct page_made page;
    uint64_t rows; /* of records that stand on it; of a blank one 0 */
};
/* The paper as PDF, behind what `pdf` holds. STATUS_USAGE: it is about a row, and none is named.
 * STATUS_NOT_FOUND: no such row. STATUS_TOO_LARGE: too many pages. */
enum status paper_make(const struct paper_wish *wish, struct buffer *pdf, struct paper_made *made,
                       struct error *err);
/* The same of a report: wish->paper is its definition, `rows` its answer (common/report.h), under
 * the layout that all reports share. Borrows the rows; of a blank one they may be NULL. */
enum status paper_report(const struct paper_wish *wish, const json_t *rows, struct buffer *pdf,
                         struct paper_made *made, struct error *err);

#endif
