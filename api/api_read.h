#ifndef API_API_READ_H
#define API_API_READ_H

/* What pages read out of any replica, hub's or client's: forms of the answers in docs/openapi.json.
 * All are for WORK_READ. */

#include "api/api.h"
#include "common/report_wish.h"
#include "common/view.h"

/* What a list is asked for: search, order and conditions. Borrows from the call's request. */
#define API_WHERES_MAX 60
#define API_NAME_BYTES 64
struct api_query {
    struct view_query query;
    struct view_where wheres[API_WHERES_MAX];
    char names[API_WHERES_MAX][API_NAME_BYTES];
};
enum status api_read_query(struct api_call *call, struct api_query *asked, struct error *err);

/* api_read.c */
api_handler api_schema, api_orgs, api_list, api_get, api_history, api_related, api_conflicts;
/* Put the rows that a list of {"table","id"} speaks of into the answer: {"rows","titles"}. */
enum status api_add_rows(struct api_call *call, const json_t *list, struct error *err);
/* api_report.c. Of a file, reports/NAME/csv, xlsx or pdf, the call says what of it is an export
 * (call->exports). */
api_handler api_reports, api_report, api_report_file, api_reminders;
/* What is asked: the period and the org among the parameters. */
enum status api_report_wish(struct api_call *call, struct report_wish *wish, struct error *err);
/* A step with the book of the call's replica. */
typedef enum status api_book_step(struct api_call *call, struct report_book *book,
                                  struct error *err);
enum status api_with_book(struct api_call *call, api_book_step *step, struct error *err);
/* api_paper.c */
api_handler api_papers, api_paper;
/* api_log.c */
api_handler api_audit, api_alarms, api_set_aside, api_schemas;
/* api_due.c */
api_handler api_due;
/* api_marks.c */
api_handler api_marks, api_marks_of;

#endif
