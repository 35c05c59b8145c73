#ifndef API_API_READ_H
#define API_API_READ_H

/* What pages read out of any replica, hub's or client's: forms of the answers in docs/openapi.json.
 * All are for WORK_READ. */

#include "api/api.h"
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
/* api_report.c. A file, reports/NAME/csv or xlsx, leaves the program: its host sees to it that what
 * names people ("people" of the answer) has its consent and is noted (common/consent.h). */
api_handler api_reports, api_report, api_report_file, api_reminders;
/* api_log.c */
api_handler api_audit, api_alarms, api_set_aside, api_schemas;
/* api_due.c */
api_handler api_due;

#endif
