/* The routes of the console (docs/openapi-console.json): who may ask what, and what is noted of it.
 *
 * Nothing but signing in works without a session. An auditor only reads. Handlers on a desk first
 * look whether the account is still as it was when its session began. */

#include <stdio.h>
#include <string.h>

#include "common/mutant.h"
#include "server/console_state.h"

static const struct api_route routes[] = {
    {WEB_POST, "login", {.on_loop = console_login}, WORK_DOOR, 200},
    {WEB_GET, "me", {.on_loop = console_me}, WORK_DOOR, 200},
    {WEB_POST, "logout", {.on_loop = console_logout}, WORK_DOOR, 200},
    {WEB_GET, "events", {.on_loop = api_stream}, WORK_LOOP, 200},
    {WEB_GET, "status", {console_status}, WORK_READ, 200},
    {WEB_GET, "schema", {api_schema}, WORK_READ, 200},
    {WEB_GET, "orgs", {api_orgs}, WORK_READ, 200},
    {WEB_GET, "devices", {console_devices}, WORK_READ, 200},
    {WEB_GET, "accounts", {console_accounts}, WORK_READ, 200},
    {WEB_GET, "reports", {api_reports}, WORK_READ, 200},
    {WEB_GET, "reports/*", {api_report}, WORK_READ, 200},
    {WEB_GET, "reports/*/*", {api_report_file}, WORK_READ, 200},
    {WEB_GET, "papers", {api_papers}, WORK_READ, 200},
    {WEB_GET, "papers/*", {api_paper}, WORK_READ, 200},
    {WEB_GET, "reminders", {api_reminders}, WORK_READ, 200},
    {WEB_GET, "audit", {api_audit}, WORK_READ, 200},
    {WEB_GET, "alarms", {api_alarms}, WORK_READ, 200},
    {WEB_GET, "set-aside", {api_set_aside}, WORK_READ, 200},
    {WEB_GET, "schemas", {api_schemas}, WORK_READ, 200},
    {WEB_POST, "invitations", {.on_loop = console_invite}, WORK_LOOP, 201},
    {WEB_POST, "devices/*/revoke", {.on_loop = console_revoke}, WORK_LOOP, 200},
    {WEB_GET, "conflicts", {api_conflicts}, WORK_READ, 200},
    {WEB_GET, "marks/*", {api_marks}, WORK_READ, 200},
    {WEB_GET, "marks/*/*", {api_marks_of}, WORK_READ, 200},
    {WEB_GET, "rows/*", {api_list}, WORK_READ, 200},
    {WEB_POST, "rows/*", {.on_loop = console_add}, WORK_LOOP, 201},
    {WEB_GET, "rows/*/*", {api_get}, WORK_READ, 200},
    {WEB_GET, "rows/*/*/history", {api_history}, WORK_READ, 200},
    {WEB_GET, "rows/*/*/related", {api_related}, WORK_READ, 200},
    {.path = NULL}};

/* ---- who asks ---- */

struct console_session *console_session_of(struct console *console,
                                           const struct web_request *request)
{
    char token[CONSOLE_TOKEN_BYTES];
    if (web_request_header_count(request, "cookie") != 1 ||
        !web_request_cookie(request, console->cookie_name, token, sizeof token))
        return NULL;
    uint64_t now_ms = console_now_ms(console);
    struct console_session *session = console_session_find(&console->sessions, token, now_ms);
    /* A page that nobody touches reads on by itself, and says so. */
    if (session && !web_request_header(request, "jinqiu-unattended"))
        console_session_touch(session, now_ms);
    return session;
}

static bool turn_away(struct api_call *call, int status, const char *sentence)
{
    call->status = status;
    call->answer = json_pack("{ss ss}", "error", sentence, "status",
                             status == 401 ? "signed_out" : status_name(STATUS_DENIED));
    api_answer(call);
    return false;
}

static bool admit(struct api_call *call)
{
    struct console *console = console_of(call);
    if (call->route->work == WORK_DOOR)
        return true;
    const struct console_session *session = console_session_of(console, call->request);
    language_begin(console_language(call->request));
    const char *nobody = tr("nobody is signed in"), *reads = tr("this account only reads");
    language_end();
    if (!session && !MUTANT("console-without-session"))
        return turn_away(call, 401, nobody);
    if (!session)
        return true;
    if (session->role != ROLE_BUREAU && !web_method_safe(call->route->method) &&
        !MUTANT("console-auditor-writes"))
        return turn_away(call, 403, reads);
    memcpy(call->who, session->name, sizeof session->name);
    call->version = session->version;
    return true;
}

/* What reads much waits for its own kind. */
static struct desk *desk(struct api_call *call)
{
    api_handler *handle = call->route->handle;
    bool slow = handle == api_paper || handle == api_report || handle == api_report_file ||
                handle == api_reports || handle == api_reminders || handle == api_audit ||
                handle == api_alarms || handle == api_marks || handle == api_marks_of ||
                handle == console_status || handle == console_devices;
    return slow ? console_of(call)->slow : console_of(call)->quick;
}

enum language console_language(const struct web_request *request)
{
    return language_from_name(web_request_header(request, "accept-language"));
}

/* On the desk. */
static enum status enter(struct api_call *call, struct error *err)
{
    language_begin(console_language(call->request));
    enum status status = account_require(call->replica, call->who, call->version, err);
    call->expired = status == STATUS_DENIED;
    return status;
}

/* ---- what was shown ---- */

static void note(struct api_call *call, const char *table, uint64_t rows, const char *id)
{
    struct access_item look = {.action = "read", .rows = rows};
    if (rows == 0 && !id)
        return;
    snprintf(look.who, sizeof look.who, "%s", call->who);
    snprintf(look.table, sizeof look.table, "%s", table);
    access_notes_add(&console_of(call)->notes, &look, id);
}

/* The rows that an answer holds under "table:id". */
static void note_rows_of(struct api_call *call)
{
    const char *key;
    json_t *row;
    char table[64];
    json_object_foreach(json_object_get(call->answer, "rows"), key, row)
    {
        size_t size = strcspn(key, ":");
        snprintf(table, sizeof table, "%.*s", (int)size, key);
        note(call, table, 0, json_string_value(json_object_get(row, "id")));
    }
}

/* Figures without names are nobody's record. */
static void note_shown(struct api_call *call)
{
    api_handler *handle = call->route->handle;
    if (handle == api_get || handle == api_history || handle == api_related)
        note(call, call->parts[0], 0, call->parts[1]);
    else if (handle == api_list)
        note(call, call->parts[0], json_array_size(json_object_get(call->answer, "rows")), NULL);
    else if (handle == api_report && json_is_true(json_object_get(call->answer, "people")))
        note(call, call->parts[0], json_array_size(json_object_get(call->answer, "rows")), NULL);
    else if (handle == api_reminders)
        note(call, "reminders", json_array_size(json_object_get(call->answer, "reminders")), NULL);
    else if (handle == api_set_aside)
        note(call, "set_aside", json_array_size(json_object_get(call->answer, "set_aside")), NULL);
    else if (handle == api_conflicts)
        note_rows_of(call);
}

static void add_connected(struct api_call *call)
{
    const struct console_options *options = &console_of(call)->options;
    json_t *device;
    size_t i;
    json_array_foreach(json_object_get(call->answer, "devices"), i, device)
    {
        uint32_t index = (uint32_t)json_integer_value(json_object_get(device, "index"));
        bool here = options->connected(options->context, index);
        json_object_set_new(device, "connected", json_boolean(here));
    }
}

/* What only the loop knows. */
static void add_running(struct api_call *call)
{
    const struct console *console = console_of(call);
    struct console_figures figures;
    if (call->route->handle == console_devices)
        add_connected(call);
    if (call->route->handle != console_status)
        return;
    console->options.figures(console->options.context, &figures);
    json_object_set_new(call->answer, "connected", json_integer(figures.known));
    json_object_set_new(call->answer, "strangers", json_integer(figures.strangers));
    json_object_set_new(
        call->answer, "uptime_s",
        json_integer((json_int_t)((console_now_ms(console) - console->began_ms) / 1000)));
    json_object_set_new(call->answer, "listen", json_string(console->options.listen));
}

static bool leave(struct api_call *call)
{
    struct console *console = console_of(call);
    if (call->expired) {
        console_session_end_version(&console->sessions, call->version);
        call->status = 401;
        json_object_set_new(call->answer, "status", json_string("signed_out"));
    } else if (call->status < 300 && call->exports) {
        console_export(call); /* it may need a second person, and is noted before it leaves */
        return false;
    } else if (call->status < 300) {
        note_shown(call);
        add_running(call);
    }
    return true;
}

void console_api_init(struct console *console)
{
    console->api = (struct api_host){.routes = routes,
                                     .admit = admit,
                                     .desk = desk,
                                     .enter = enter,
                                     .leave = leave,
                                     .context = console};
}
