/* Happy path, on the loop: route found -> job to the desk; on the desk: body parsed, transaction
 * begun, handler, transaction ended; on the loop again: the answer as JSON. Failures become
 * {"error": sentence, "status": name} under the HTTP status that fits. Some routes never see the
 * desk: the stream of events, the wish to sync, and what concerns the lock. */

#include "client/api.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/view.h"

/* WORK_DOOR: on the loop, also while the folder is locked. WORK_FILE: writes what a file says. */
enum api_work { WORK_READ, WORK_WRITE, WORK_FILE, WORK_KEEP, WORK_STATUS, WORK_LOOP, WORK_DOOR };

struct api_route {
    enum web_method method;
    const char *path; /* below /api/; * is one part */
    union {
        api_handler *handle;
        api_loop_handler *on_loop; /* of WORK_LOOP and WORK_DOOR */
    };
    enum api_work work;
    int status; /* when it goes well */
};

static api_loop_handler sync_now, stream;

static const struct api_route routes[] = {
    {WEB_GET, "status", {api_status}, WORK_STATUS, 200},
    {WEB_GET, "schema", {api_schema}, WORK_READ, 200},
    {WEB_GET, "orgs", {api_orgs}, WORK_READ, 200},
    {WEB_GET, "due", {api_due}, WORK_READ, 200},
    {WEB_GET, "unsent", {api_unsent}, WORK_READ, 200},
    {WEB_GET, "conflicts", {api_conflicts}, WORK_READ, 200},
    {WEB_GET, "rows/*", {api_list}, WORK_READ, 200},
    {WEB_POST, "rows/*", {api_add}, WORK_WRITE, 201},
    {WEB_GET, "cells/*", {api_cells}, WORK_READ, 200},
    {WEB_GET, "duplicates", {api_duplicates}, WORK_READ, 200},
    {WEB_POST, "merge", {api_merge}, WORK_WRITE, 200},
    {WEB_POST, "unmerge", {api_unmerge}, WORK_WRITE, 200},
    {WEB_POST, "changes", {api_changes}, WORK_WRITE, 200},
    {WEB_GET, "reports", {api_reports}, WORK_READ, 200},
    {WEB_GET, "reports/*", {api_report}, WORK_READ, 200},
    {WEB_GET, "reminders", {api_reminders}, WORK_READ, 200},
    {WEB_POST, "import/*", {api_import}, WORK_FILE, 200},
    {WEB_POST, "export/*", {api_export}, WORK_KEEP, 200},
    {WEB_GET, "rows/*/*", {api_get}, WORK_READ, 200},
    {WEB_PATCH, "rows/*/*", {api_set}, WORK_WRITE, 200},
    {WEB_DELETE, "rows/*/*", {api_delete}, WORK_WRITE, 200},
    {WEB_GET, "rows/*/*/history", {api_history}, WORK_READ, 200},
    {WEB_GET, "rows/*/*/related", {api_related}, WORK_READ, 200},
    {WEB_POST, "rows/*/*/settle", {api_settle}, WORK_WRITE, 200},
    {WEB_GET, "drafts", {api_drafts}, WORK_KEEP, 200},
    {WEB_PUT, "drafts/*", {api_draft_save}, WORK_KEEP, 200},
    {WEB_DELETE, "drafts/*", {api_draft_delete}, WORK_KEEP, 200},
    {WEB_GET, "preferences", {api_preferences}, WORK_KEEP, 200},
    {WEB_PUT, "preferences", {api_preferences_save}, WORK_KEEP, 200},
    {WEB_POST, "sync", {.on_loop = sync_now}, WORK_LOOP, 202},
    {WEB_POST, "presence", {.on_loop = api_presence}, WORK_LOOP, 200},
    {WEB_POST, "lock", {.on_loop = api_lock}, WORK_DOOR, 202},
    {WEB_POST, "unlock", {.on_loop = api_unlock}, WORK_DOOR, 200},
    {WEB_GET, "events", {.on_loop = stream}, WORK_DOOR, 200}};

/* ---- routes ---- */

/* Compares part by part and notes what stands for each *. `path` is cut at its slashes. */
static bool match(const char *pattern, char *path, const char *parts[API_PARTS_MAX])
{
    size_t count = 0;
    for (;;) {
        size_t wanted = strcspn(pattern, "/"), found = strcspn(path, "/");
        bool any = wanted == 1 && *pattern == '*';
        if (found == 0 || (!any && (wanted != found || strncmp(pattern, path, found) != 0)))
            return false;
        if ((pattern[wanted] == '/') != (path[found] == '/'))
            return false;
        if (any && count < API_PARTS_MAX)
            parts[count++] = path;
        bool last = path[found] == '\0';
        path[found] = '\0';
        if (last)
            return true;
        pattern += wanted + 1;
        path += found + 1;
    }
}

/* Finds the route for `call`; *other_method: the path is known, but not for this method. */
static bool find_route(struct api_call *call, bool *other_method)
{
    const char *path = web_request_path(call->request) + strlen("/api/");
    *other_method = false;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        strcpy(call->path, path);
        if (!match(routes[i].path, call->path, call->parts))
            continue;
        if (call->request->method == routes[i].method) {
            call->route = &routes[i];
            return true;
        }
        *other_method = true;
    }
    return false;
}

/* ---- what goes wrong ---- */

static int http_status(enum status status)
{
    switch (status) {
    case STATUS_BAD_INPUT:
    case STATUS_USAGE:
    case STATUS_UNKNOWN:
        return 400;
    case STATUS_TOO_LARGE:
        return 413;
    case STATUS_NOT_FOUND:
        return 404;
    case STATUS_EXISTS:
        return 409;
    case STATUS_DENIED:
        return 403;
    case STATUS_BUSY:
        return 503;
    case STATUS_DISK_FULL:
        return 507;
    default:
        return 500;
    }
}

static void fail(struct api_call *call, enum status status, const struct error *err)
{
    json_decref(call->answer);
    call->status = http_status(status);
    call->answer = json_pack("{ss ss}", "error", err->text, "status", status_name(status));
}

/* ---- on the desk ---- */

enum status api_parse_body(struct api_call *call, struct error *err)
{
    const struct buffer *body = &call->request->body;
    json_error_t problem;
    if (web_method_safe(call->request->method) || body->size == 0)
        return STATUS_OK;
    call->body = json_loadb((const char *)body->data, body->size, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(call->body))
        return error_set(err, STATUS_BAD_INPUT, "not a JSON object: %s",
                         call->body ? "" : problem.text);
    return STATUS_OK;
}

static enum status handle_write(struct api_call *call, struct error *err)
{
    TRY(replica_begin(call->replica, err));
    enum status status = call->route->handle(call, err);
    if (status == STATUS_OK && !call->discard)
        status = replica_commit(call->replica, err);
    else
        replica_rollback(call->replica);
    return status;
}

static enum status handle_read(struct api_call *call, struct error *err)
{
    TRY(view_begin(call->replica, err));
    enum status status = call->route->handle(call, err);
    view_end(call->replica);
    return status;
}

static bool writes(const struct api_call *call)
{
    return call->route->work == WORK_WRITE || call->route->work == WORK_FILE;
}

static void work(struct desk_job *job, struct replica *replica)
{
    struct api_call *call = (struct api_call *)job;
    struct error err = {0};
    call->replica = replica;
    call->status = call->route->status;
    enum status status = STATUS_OK;
    if (call->route->work != WORK_FILE)
        status = api_parse_body(call, &err);
    if (status == STATUS_OK && writes(call))
        status = handle_write(call, &err);
    else if (status == STATUS_OK && call->route->work == WORK_READ)
        status = handle_read(call, &err);
    else if (status == STATUS_OK)
        status = call->route->handle(call, &err);
    if (status != STATUS_OK)
        fail(call, status, &err);
}

/* ---- on the loop ---- */

static void call_free(struct api_call *call)
{
    json_decref(call->body);
    json_decref(call->answer);
    buffer_release(&call->file);
    free(call->path);
    free(call);
}

void api_answer(struct api_call *call)
{
    char *text = call->answer ? json_dumps(call->answer, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    struct web_reply reply = {.status = text ? call->status : 500,
                              .type = "application/json",
                              .body = bytes_text(text ? text : "{}")};
    if (call->file_type && call->status == 200) {
        reply.status = 200;
        reply.type = call->file_type;
        reply.body = buffer_bytes(&call->file);
    }
    if (call->status == 405)
        reply.allow = "GET, POST, PUT, PATCH, DELETE";
    web_call_answer(call->web, &reply);
    free(text);
    call_free(call);
}

void api_fail(struct api_call *call, enum status status, const struct error *err)
{
    fail(call, status, err);
    api_answer(call);
}

static void on_done(struct desk_job *job)
{
    struct api_call *call = (struct api_call *)job;
    struct background *background = office_background(call->api->office);
    /* What belongs to the loop's rooms is added here; they may have been closed meanwhile. */
    if (call->route->work == WORK_STATUS && call->status == 200) {
        json_object_set_new(call->answer, "lock", api_lock_state(call->api));
        if (background)
            json_object_set_new(call->answer, "sync", background_state(background));
        else
            api_is_locked(call);
    }
    /* Another window may show what this one changed. */
    if (writes(call) && !call->discard && call->status < 300)
        web_site_tell(call->api->site, "changed", bytes_text("{}"));
    api_answer(call);
}

static void stream(struct api_call *call)
{
    web_call_stream(call->web);
    call_free(call);
}

static void sync_now(struct api_call *call)
{
    struct background *background = office_background(call->api->office);
    background_try(background);
    call->answer = background_state(background);
    api_answer(call);
}

static void turn_away(struct api_call *call, int status)
{
    call->status = status;
    call->answer = json_pack("{ss ss}", "error", web_status_text(status), "status",
                             status_name(status == 503   ? STATUS_NO_MEMORY
                                         : status == 415 ? STATUS_BAD_INPUT
                                                         : STATUS_NOT_FOUND));
    api_answer(call);
}

/* The door lets JSON and files in; which of them it must be is the route's word. */
static bool has_fitting_body(const struct api_call *call)
{
    const char *type = web_request_header(call->request, "content-type");
    bool file = type && strcasecmp(type, WEB_FILE_TYPE) == 0;
    return file == (call->route->work == WORK_FILE);
}

/* A route is known. Pages read again by themselves, so that only other methods tell of a person. */
static void dispatch(struct api_call *call)
{
    struct office *office = call->api->office;
    bool is_open = office_is_open(office);
    call->status = call->route->status;
    if (!is_open && call->route->work != WORK_DOOR) {
        api_is_locked(call);
        api_answer(call);
        return;
    }
    if (!web_method_safe(call->route->method) && !has_fitting_body(call)) {
        turn_away(call, 415);
        return;
    }
    if (!web_method_safe(call->route->method))
        office_person(office);
    if (call->route->work == WORK_LOOP || call->route->work == WORK_DOOR)
        call->route->on_loop(call);
    else
        desk_submit(office_desk(office), &call->job);
}

void api_handle(struct api *api, struct web_call *web)
{
    bool other_method;
    struct web_reply busy = {.status = 503, .type = "text/plain"};
    struct api_call *call = calloc(1, sizeof *call);
    char *path = call ? strdup(web_request_path(web_call_request(web))) : NULL;
    if (!path) {
        free(call);
        web_call_answer(web, &busy);
        return;
    }
    *call = (struct api_call){.job = {.work = work, .done = on_done},
                              .api = api,
                              .web = web,
                              .request = web_call_request(web),
                              .path = path};
    if (!find_route(call, &other_method))
        turn_away(call, other_method ? 405 : 404);
    else
        dispatch(call);
}

/* ---- for the handlers ---- */

enum status api_text(const struct api_call *call, const char *key, bool optional, const char **text,
                     struct error *err)
{
    const json_t *value = json_object_get(call->body, key);
    *text = json_string_value(value);
    if (*text || (optional && (!value || json_is_null(value))))
        return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT, "'%s' is not a text", key);
}

static enum status add_title(struct api_call *call, const struct schema_field *field,
                             const json_t *ref, json_t *titles, struct error *err)
{
    const char *text = json_string_value(ref);
    char *title;
    if (!text || json_object_get(titles, text))
        return STATUS_OK;
    TRY(view_title(call->replica, field, text, &title, err));
    if (title)
        json_object_set_new(titles, text, json_string(title));
    free(title);
    return STATUS_OK;
}

enum status api_titles(struct api_call *call, const struct schema_table *table, const json_t *row,
                       json_t *titles, struct error *err)
{
    for (size_t i = 0; i < table->fields_count; i++) {
        const struct schema_field *field = &table->fields[i];
        const json_t *value = json_object_get(row, field->name);
        if (field->type != FIELD_REF && field->type != FIELD_REF_ANY)
            continue;
        if (json_is_string(value))
            TRY(add_title(call, field, value, titles, err));
        for (size_t e = 0; e < json_array_size(value); e++)
            TRY(add_title(call, field, json_array_get(value, e), titles, err));
    }
    return STATUS_OK;
}
