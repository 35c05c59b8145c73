/* Happy path, on the loop: route found -> admitted -> job to the desk; on the desk: body parsed,
 * transaction begun, handler, transaction ended; on the loop again: the answer leaves. */

#include "api/api.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/json_read.h"
#include "common/view.h"

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
    const char *path = web_request_path(call->request);
    *other_method = false;
    if (strncmp(path, "/api/", strlen("/api/")) != 0)
        return false;
    path += strlen("/api/");
    for (const struct api_route *route = call->host->routes; route->path; route++) {
        strcpy(call->path, path);
        if (!match(route->path, call->path, call->parts))
            continue;
        if (call->request->method == route->method) {
            call->route = route;
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
    case STATUS_UNREACHABLE:
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
    call->file_type = NULL;
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
    if (json_read(&call->body, buffer_bytes(body), &problem, err) == STATUS_NO_MEMORY)
        return STATUS_NO_MEMORY;
    if (!json_is_object(call->body))
        return error_set(err, STATUS_BAD_INPUT, "not a JSON object: %s",
                         call->body ? "" : problem.text);
    return STATUS_OK;
}

static enum status handle(struct api_call *call, struct error *err)
{
    if (call->host->enter)
        TRY(call->host->enter(call, err));
    uint64_t shortages = json_shortages();
    TRY(call->route->handle(call, err));
    return json_whole(shortages, err);
}

static enum status handle_write(struct api_call *call, struct error *err)
{
    TRY(replica_begin(call->replica, err));
    enum status status = handle(call, err);
    if (status == STATUS_OK && !call->discard)
        status = replica_commit(call->replica, err);
    else
        replica_rollback(call->replica);
    return status;
}

static enum status handle_read(struct api_call *call, struct error *err)
{
    TRY(view_begin(call->replica, err));
    enum status status = handle(call, err);
    view_end(call->replica);
    return status;
}

static bool takes_file(const struct api_call *call)
{
    enum api_work work = call->route->work;
    return work == WORK_FILE || work == WORK_TAKE || work == WORK_DOOR_FILE;
}

static bool writes(const struct api_call *call)
{
    return call->route->work == WORK_WRITE || call->route->work == WORK_FILE;
}

bool api_wrote(const struct api_call *call)
{
    return (writes(call) || call->wrote) && !call->discard && call->status < 300;
}

static void work(struct desk_job *job, struct replica *replica)
{
    struct api_call *call = (struct api_call *)job;
    struct error err = {0};
    call->replica = replica;
    call->status = call->route->status;
    enum status status = STATUS_OK;
    if (!takes_file(call))
        status = api_parse_body(call, &err);
    if (status == STATUS_OK && writes(call))
        status = handle_write(call, &err);
    else if (status == STATUS_OK && call->route->work == WORK_READ)
        status = handle_read(call, &err);
    else if (status == STATUS_OK)
        status = handle(call, &err);
    if (status == STATUS_OK && call->exports && call->host->export)
        status = call->host->export(call, &err);
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

static void answer_file(struct api_call *call)
{
    struct web_reply reply = {.status = call->status,
                              .type = call->file_type,
                              .download = call->file_name[0] ? call->file_name : NULL,
                              .cookie = call->cookie,
                              .body = buffer_bytes(&call->file)};
    web_call_answer(call->web, &reply);
}

static void answer_json(struct api_call *call)
{
    char *text = call->answer ? json_dumps(call->answer, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    struct web_reply reply = {.status = text ? call->status : 500,
                              .type = "application/json",
                              .cookie = call->cookie,
                              .body = bytes_text(text ? text : "{}")};
    if (call->status == 405)
        reply.allow = "GET, POST, PUT, PATCH, DELETE";
    web_call_answer(call->web, &reply);
    free(text);
}

void api_answer(struct api_call *call)
{
    if (call->file_type)
        answer_file(call);
    else
        answer_json(call);
    call_free(call);
}

void api_fail(struct api_call *call, enum status status, const struct error *err)
{
    fail(call, status, err);
    api_answer(call);
}

void api_stream(struct api_call *call)
{
    web_call_stream(call->web);
    call_free(call);
}

static void on_done(struct desk_job *job)
{
    struct api_call *call = (struct api_call *)job;
    if (call->host->leave(call))
        api_answer(call);
}

static void turn_away(struct api_call *call, int status)
{
    call->status = status;
    call->answer = json_pack("{ss ss}", "error", web_status_text(status), "status",
                             status_name(status == 415 ? STATUS_BAD_INPUT : STATUS_NOT_FOUND));
    api_answer(call);
}

/* The door lets JSON and files in; which of them it must be is the route's word. */
static bool has_fitting_body(const struct api_call *call)
{
    const char *type = web_request_header(call->request, "content-type");
    bool file = type && strcasecmp(type, WEB_FILE_TYPE) == 0;
    return file == takes_file(call);
}

/* A route is known. */
static void dispatch(struct api_call *call)
{
    call->status = call->route->status;
    if (!call->host->admit(call))
        return;
    if (!web_method_safe(call->route->method) && !has_fitting_body(call)) {
        turn_away(call, 415);
        return;
    }
    if (call->route->work >= WORK_LOOP)
        call->route->on_loop(call);
    else
        desk_submit(call->host->desk(call), &call->job);
}

void api_handle(const struct api_host *host, struct web_call *web)
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
                              .host = host,
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

const char *api_parameter(const struct api_call *call, const char *name)
{
    return web_request_parameter(call->request, name, 0);
}

enum status api_number(const struct api_call *call, const char *name, const int64_t range[2],
                       int64_t *number, struct error *err)
{
    const char *text = api_parameter(call, name);
    char *end;
    if (!text)
        return STATUS_OK;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || value < range[0] || value > range[1])
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a number from %lld to %lld", name,
                         (long long)range[0], (long long)range[1]);
    *number = value;
    return STATUS_OK;
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
