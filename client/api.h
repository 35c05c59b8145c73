#ifndef CLIENT_API_H
#define CLIENT_API_H

/* The JSON interface of the local pages (docs/openapi.json): from a request to an answer.
 *
 * Routes stand in one table (api.c). Work is done on the desk's thread by handlers, each in a
 * transaction of its route's kind; the answer goes out on the loop. Handlers know no socket. While
 * the folder is locked nothing reaches the desk (client/office.h, api_lock.c). */

#include <jansson.h>

#include "client/office.h"
#include "common/view.h"
#include "web/web_site.h"

#define API_PARTS_MAX 4

struct api {
    struct office *office;
    struct web_site *site;
};

struct api_call {
    struct desk_job job;
    struct api *api;
    struct web_call *web;
    const struct web_request *request;
    const struct api_route *route;
    struct replica *replica;
    char *path;                       /* cut into the parts */
    const char *parts[API_PARTS_MAX]; /* what stands for each * of the route */
    json_t *body;                     /* an object; NULL: none */
    json_t *answer;
    struct buffer file; /* the answer instead, when `file_type` says so */
    const char *file_type;
    bool discard; /* a write that was only tried: nothing of it stays */
    int status;   /* HTTP's */
};

/* Take a request on the loop's thread; answers it, at once or later. */
void api_handle(struct api *api, struct web_call *web);

/* ---- for what needs no desk: on the loop ---- */

/* These answer by themselves, each call once: with one of the three below. */
typedef void api_loop_handler(struct api_call *call);
/* Send call->answer under call->status; the call is gone then. */
void api_answer(struct api_call *call);
void api_fail(struct api_call *call, enum status status, const struct error *err);
/* Parse the request's body into call->body. STATUS_BAD_INPUT. */
enum status api_parse_body(struct api_call *call, struct error *err);

/* api_lock.c */
api_loop_handler api_lock, api_unlock, api_presence;
/* The answer to everything else while the folder is locked. */
void api_is_locked(struct api_call *call);
/* What the status says of the lock. Gives. */
json_t *api_lock_state(struct api *api);

/* ---- for the handlers ---- */

typedef enum status api_handler(struct api_call *call, struct error *err);

/* A text of the body: STATUS_BAD_INPUT when it is missing, unless `optional` (then NULL). */
enum status api_text(const struct api_call *call, const char *key, bool optional, const char **text,
                     struct error *err);
/* Put the rows that a list of {"table","id"} speaks of into the answer: "rows", each under
 * "table:id", and "titles". */
enum status api_add_rows(struct api_call *call, const json_t *list, struct error *err);
/* Put the titles of all refs of `row` into {"ref": "title"}. */
enum status api_titles(struct api_call *call, const struct schema_table *table, const json_t *row,
                       json_t *titles, struct error *err);

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
api_handler api_schema, api_orgs, api_status, api_list, api_get, api_history, api_related,
    api_conflicts, api_unsent;
/* api_write.c */
api_handler api_add, api_set, api_delete, api_settle;
/* api_keep.c */
api_handler api_drafts, api_draft_save, api_draft_delete, api_preferences, api_preferences_save;
/* api_due.c */
api_handler api_due;
/* api_cells.c */
api_handler api_cells;
/* api_merge.c */
api_handler api_duplicates, api_merge, api_unmerge;
/* api_changes.c */
api_handler api_changes;
/* api_report.c */
api_handler api_reports, api_report, api_reminders;
/* api_import.c, api_export.c */
api_handler api_import, api_export;

#endif
