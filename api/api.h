#ifndef API_API_H
#define API_API_H

/* A JSON interface over a replica: from a request of a page to its answer.
 *
 * A program brings a table of routes and says which desk works on them; this room finds the route,
 * has its handler called on the desk's thread in a transaction of the route's kind, and sends the
 * answer from the loop. Failures become {"error": sentence, "status": name} under the HTTP status
 * that fits. Knows no account, no lock and no socket. Handlers that both programs use:
 * api/api_read.h. */

#include <jansson.h>

#include "api/desk.h"
#include "web/web_site.h"

#define API_PARTS_MAX 4

/* On the desk: READ in one view of the replica, WRITE in a transaction that is durable before the
 * answer leaves, FILE the same for a body that is a file, TAKE for such a body in transactions of
 * the handler's own, KEEP in none. On the loop, without a desk: LOOP; DOOR also where `admit` lets
 * nothing else in, DOOR_FILE the same for a body that is a file. STATUS: as KEEP, and the host adds
 * to the answer on the loop. */
enum api_work {
    WORK_READ,
    WORK_WRITE,
    WORK_FILE,
    WORK_TAKE,
    WORK_KEEP,
    WORK_STATUS,
    WORK_LOOP,
    WORK_DOOR,
    WORK_DOOR_FILE
};

struct api_call;
typedef enum status api_handler(struct api_call *call, struct error *err);
/* These answer by themselves, each call once: by api_answer, api_fail or a stream. */
typedef void api_loop_handler(struct api_call *call);

struct api_route {
    enum web_method method;
    const char *path; /* below /api/; * is one part. NULL ends the table */
    union {
        api_handler *handle;
        api_loop_handler *on_loop; /* of WORK_LOOP, WORK_DOOR and WORK_DOOR_FILE */
    };
    enum api_work work;
    int status; /* when it goes well */
};

struct api_host {
    const struct api_route *routes;
    /* May this call go on? On the loop, with the route known. Else it answers and gives false. */
    bool (*admit)(struct api_call *call);
    /* The desk for a call that needs one. */
    struct desk *(*desk)(struct api_call *call);
    /* On the desk, inside the route's transaction, before the handler. NULL: nothing. */
    api_handler *enter;
    /* On the desk, behind the route's transaction, where call->exports says that records leave in a
     * file: note it, or refuse. NULL: `leave` sees to it. */
    api_handler *export;
    /* On the loop, when the work is done: may the answer leave? Else the host answers later. */
    bool (*leave)(struct api_call *call);
    void *context;
};

struct api_call {
    struct desk_job job;
    const struct api_host *host;
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
    char file_name[256]; /* for the person's disk; "": it is shown */
    bool exports;        /* so many rows that name people stand in the file (common/consent.h) */
    uint64_t exported;
    bool wrote;         /* in transactions of its own */
    bool discard;       /* a write that was only tried: nothing of it stays */
    int status;         /* HTTP's */
    const char *cookie; /* to be set; valid until the answer has left. NULL: none */
    char who[64];       /* the host's own: in whose name, and as of which version */
    uint64_t version;
    bool expired; /* the host's own: `enter` found that it holds no more */
};

/* Take a request on the loop's thread; answers it, at once or later: 404 for what no route names.
 * `host` is borrowed. */
void api_handle(const struct api_host *host, struct web_call *web);

/* ---- on the loop ---- */

/* Send call->answer or call->file under call->status; the call is gone then. */
void api_answer(struct api_call *call);
void api_fail(struct api_call *call, enum status status, const struct error *err);
/* The connection gets events from now on; the call is gone. */
void api_stream(struct api_call *call);

/* Did it change the replica? */
bool api_wrote(const struct api_call *call);

/* ---- for the handlers ---- */

/* Parse the request's body into call->body; on the desk it is parsed already. STATUS_BAD_INPUT. */
enum status api_parse_body(struct api_call *call, struct error *err);
/* A text of the body: STATUS_BAD_INPUT when it is missing, unless `optional` (then NULL). */
enum status api_text(const struct api_call *call, const char *key, bool optional, const char **text,
                     struct error *err);
/* The parameter of this name; NULL: there is none. */
const char *api_parameter(const struct api_call *call, const char *name);
/* A whole number among the parameters, from range[0] to range[1]; unchanged without one.
 * STATUS_BAD_INPUT. */
enum status api_number(const struct api_call *call, const char *name, const int64_t range[2],
                       int64_t *number, struct error *err);
/* Put the titles of all refs of `row` into {"ref": "title"}. */
enum status api_titles(struct api_call *call, const struct schema_table *table, const json_t *row,
                       json_t *titles, struct error *err);

#endif
