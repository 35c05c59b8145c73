/* Signing in and out.
 *
 * Happy path: may this name and address try? -> the quick desk loads the account -> a thread of
 * libuv stretches the password -> the second factor, if there is one, is used up by the storage
 * thread -> a session and its cookie. Failures: whatever doesn't fit is told alike and counted, and
 * a name that doesn't exist costs as much time as one that does. */

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "server/console_state.h"
#include "server/log.h"

#define COOKIE_BYTES 256

struct login {
    struct desk_job job;
    uv_work_t work;
    struct task task;
    struct console *console;
    struct api_call *call;
    struct passphrase *secret;
    struct account account;
    char name[ACCOUNT_NAME_BYTES], code[8], address[64];
    uint64_t step;
    bool found;
    enum status status;
    struct error err;
};

/* ---- the end ---- */

static void login_free(struct login *login)
{
    login->console->logins--;
    passphrase_free(login->secret);
    account_release(&login->account);
    free(login);
}

static void deny(struct login *login)
{
    struct console *console = login->console;
    struct api_call *call = login->call;
    uint64_t now_ms = console_now_ms(console);
    bool wrong = login->status == STATUS_DENIED;
    if (wrong) {
        guesses_wrong(&console->guesses, login->name, now_ms);
        if (login->address[0])
            guesses_wrong(&console->guesses, login->address, now_ms);
    }
    log_event("console", "login=%s", wrong ? "refused" : "failed");
    language_begin(console_language(call->request));
    if (wrong)
        error_set(&login->err, STATUS_DENIED, "name or password is wrong");
    language_end();
    enum status status = login->status;
    struct error err = login->err;
    login_free(login);
    api_fail(call, status, &err);
}

static json_t *me(const char *name, enum role role)
{
    return json_pack("{ss ss}", "name", name, "role", role_name(role));
}

static void let_in(struct login *login)
{
    struct console *console = login->console;
    struct api_call *call = login->call;
    char token[CONSOLE_TOKEN_BYTES], cookie[COOKIE_BYTES];
    console_session_begin(&console->sessions, &login->account, console_now_ms(console), token);
    guesses_right(&console->guesses, login->name);
    if (login->address[0])
        guesses_right(&console->guesses, login->address);
    snprintf(cookie, sizeof cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s",
             console->cookie_name, token,
             web_site_by_https(console->site, call->request) ? "; Secure" : "");
    log_event("console", "login=ok role=%s", role_name(login->account.role));
    call->answer = me(login->account.name, login->account.role);
    call->cookie = cookie;
    login_free(login);
    api_answer(call);
    sodium_memzero(token, sizeof token);
    sodium_memzero(cookie, sizeof cookie);
}

/* ---- the second factor ---- */

static enum status use_code(struct task *task, struct hub *hub, struct error *err)
{
    struct login *login = (struct login *)((char *)task - offsetof(struct login, task));
    TRY(replica_begin(hub->replica, err));
    enum status status = account_use_totp(hub->replica, login->name, login->step, err);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}

static void on_code_used(struct task *task)
{
    struct login *login = (struct login *)((char *)task - offsetof(struct login, task));
    login->status = task->status;
    login->err = task->err;
    if (login->status == STATUS_OK)
        let_in(login);
    else
        deny(login);
}

static void ask_code(struct login *login)
{
    int64_t now = clock_wall_ms(&login->console->clock);
    if (!totp_fits(login->account.totp, login->code, now, &login->step) &&
        !MUTANT("console-any-code")) {
        login->status = STATUS_DENIED;
        deny(login);
        return;
    }
    login->task = (struct task){.work = use_code, .done = on_code_used};
    worker_do(login->console->options.worker, &login->task);
}

/* ---- the password ---- */

static void stretch(uv_work_t *work)
{
    struct login *login = work->data;
    login->status = account_check(&login->account, login->secret, &login->err);
}

static void on_stretched(uv_work_t *work, int code)
{
    struct login *login = work->data;
    if (code < 0)
        login->status = error_set(&login->err, STATUS_BUSY, "the hub is stopping");
    if (login->status != STATUS_OK)
        deny(login);
    else if (login->account.has_totp)
        ask_code(login);
    else
        let_in(login);
}

static void load(struct desk_job *job, struct replica *replica)
{
    struct login *login = (struct login *)job;
    login->status = account_load(replica, login->name, &login->account, &login->found, &login->err);
}

static void on_loaded(struct desk_job *job)
{
    struct login *login = (struct login *)job;
    login->work.data = login;
    if (login->status != STATUS_OK)
        deny(login);
    else
        uv_queue_work(login->console->loop, &login->work, stretch, on_stretched);
}

/* ---- asking ---- */

/* Behind a proxy the last address that X-Forwarded-For names is the one that the proxy saw; below
 * the console's own TLS it is who called. What else comes without one comes from this machine,
 * where the name alone counts. */
static void read_address(const struct api_call *call, char address[64])
{
    const struct console *console = console_of(call);
    const char *forwarded = web_request_header(call->request, "x-forwarded-for");
    const char *last = forwarded ? strrchr(forwarded, ',') : NULL;
    char peer[WEB_ADDRESS_BYTES];
    address[0] = '\0';
    if (console->tls) {
        web_call_address(call->web, peer);
        snprintf(address, 64, "address %.50s", peer);
    }
    if (!forwarded || !web_site_proxied(console->site, call->request))
        return;
    last = last ? last + 1 : forwarded;
    last += strspn(last, " ");
    snprintf(address, 64, "address %.50s", last);
}

static enum status read_body(struct login *login, struct api_call *call, struct error *err)
{
    const char *name, *secret, *code;
    TRY(api_parse_body(call, err));
    TRY(api_text(call, "name", false, &name, err));
    TRY(api_text(call, "secret", false, &secret, err));
    TRY(api_text(call, "code", true, &code, err));
    if (!account_name_valid(name) || (code && strlen(code) >= sizeof login->code))
        return error_set(err, STATUS_DENIED, "name or password is wrong");
    snprintf(login->name, sizeof login->name, "%s", name);
    snprintf(login->code, sizeof login->code, "%s", code ? code : "");
    return passphrase_from_text(&login->secret, secret, err);
}

/* Jansson's own copy of the password. */
static void forget_body(struct api_call *call)
{
    const char *secret = json_string_value(json_object_get(call->body, "secret"));
    if (secret)
        sodium_memzero((char *)(uintptr_t)secret, strlen(secret));
    json_decref(call->body);
    call->body = NULL;
}

static uint64_t wait_of(struct login *login)
{
    struct console *console = login->console;
    uint64_t now_ms = console_now_ms(console);
    uint64_t wait_ms = guesses_wait_ms(&console->guesses, login->name, now_ms);
    uint64_t address_ms =
        login->address[0] ? guesses_wait_ms(&console->guesses, login->address, now_ms) : 0;
    return wait_ms > address_ms ? wait_ms : address_ms;
}

void console_login(struct api_call *call)
{
    struct console *console = console_of(call);
    struct error err = {0};
    struct login *login = calloc(1, sizeof *login);
    if (!login || console->logins >= CONSOLE_LOGINS_MAX) {
        free(login);
        error_set(&err, STATUS_BUSY, "too many sign in at once: try again");
        api_fail(call, STATUS_BUSY, &err);
        return;
    }
    console->logins++;
    *login = (struct login){.job = {.work = load, .done = on_loaded}};
    login->console = console;
    login->call = call;
    read_address(call, login->address);
    enum status status = read_body(login, call, &err);
    forget_body(call);
    uint64_t wait_ms = status == STATUS_OK ? wait_of(login) : 0;
    if (status == STATUS_OK && wait_ms == 0) {
        desk_submit(console->quick, &login->job);
        return;
    }
    login_free(login);
    if (status != STATUS_OK) {
        api_fail(call, status, &err);
        return;
    }
    call->status = 429;
    language_begin(console_language(call->request));
    call->answer = json_pack("{ss ss sI}", "error", tr("too many wrong passwords: wait"), "status",
                             "busy", "wait_ms", (json_int_t)wait_ms);
    language_end();
    api_answer(call);
}

void console_logout(struct api_call *call)
{
    struct console *console = console_of(call);
    char cookie[COOKIE_BYTES];
    console_session_end(console_session_of(console, call->request));
    snprintf(cookie, sizeof cookie, "%s=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0",
             console->cookie_name);
    call->cookie = cookie;
    call->answer = json_object();
    api_answer(call);
}

/* Who is signed in; a page asks this first, so that nobody isn't a failure. */
void console_me(struct api_call *call)
{
    const struct console_session *session = console_session_of(console_of(call), call->request);
    call->answer =
        session ? me(session->name, session->role) : json_pack("{sn sn}", "name", "role");
    api_answer(call);
}
