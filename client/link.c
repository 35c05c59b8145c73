/* Happy path: resolve -> connect -> session STARTED -> read/write with storage answered inline ->
 * over -> the last write leaves -> close. Watching: a timer looks for local changes (LOCAL) and the
 * session goes on; when it ends, reconnect after a pause.
 * Failures: cannot resolve or connect, or lost on the way -> STATUS_UNREACHABLE, or the next try.
 */

#include "client/link.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "client/lives.h"
#include "client/remember.h"
#include "common/invitation.h"
#include "common/messages.h"
#include "protocol/peer_hint.h"
#include "protocol/storage.h"

#define READ_BYTES 65536
#define LOOK_MS 300 /* how often a watching link looks for local changes */
#define CONNECT_MS 15000
#define PAUSE_MIN_MS 1000u
#define PAUSE_MAX_MS 60000u

struct link {
    struct replica *replica;
    const struct link_options *options;
    struct link_result *result;
    uv_loop_t loop;
    uv_tcp_t tcp;
    uv_timer_t timer, look;
    uv_signal_t interrupt, term;
    uv_async_t goodbye;
    uv_getaddrinfo_t resolve;
    uv_connect_t connect;
    struct session *session; /* NULL until we know whom we talk to */
    uint8_t hint[PEER_HINT_BYTES];
    size_t hint_size;
    struct storage_reply reply;
    struct error error;
    enum status status;
    uint64_t started_ms;
    int64_t seen;        /* of others' commits, see replica_news */
    uint32_t parts_told; /* of a snapshot */
    int writes_open;
    bool connected, over, tcp_open, closing, stopped;
    char area[READ_BYTES];
};

struct write {
    uv_write_t request;
    struct link *link;
    char data[];
};

static void step(struct link *link, enum session_event_kind kind, struct bytes bytes);

/* ---- ending one connection ---- */

static void on_tcp_closed(uv_handle_t *handle)
{
    ((struct link *)handle->data)->tcp_open = false;
}

static void end(struct link *link, enum status status)
{
    if (link->closing)
        return;
    link->closing = true;
    if (link->status == STATUS_OK)
        link->status = status;
    uv_timer_stop(&link->timer);
    uv_timer_stop(&link->look);
    if (link->tcp_open)
        uv_close((uv_handle_t *)&link->tcp, on_tcp_closed);
    uv_signal_stop(&link->interrupt);
    uv_signal_stop(&link->term);
}

/* What people at home in another trade can make something of. */
static const char *reason(int code)
{
    switch (code) {
    case UV_ECONNREFUSED:
        return tr("nothing listens there");
    case UV_ETIMEDOUT:
        return tr("no answer in time");
    case UV_ENETUNREACH:
    case UV_EHOSTUNREACH:
    case UV_ENETDOWN:
        return tr("no network leads there");
    case UV_ECONNRESET:
    case UV_EPIPE:
    case UV_EOF:
        return tr("the connection broke off");
    case UV_EAI_NONAME:
    case UV_EAI_AGAIN:
    case UV_EAI_FAIL:
        return tr("this name can't be found just now");
    default:
        return uv_strerror(code);
    }
}

static void unreachable(struct link *link, int code)
{
    error_set(&link->error, STATUS_UNREACHABLE,
              link->options->peer ? "cannot reach the device at '%s': %s"
                                  : "cannot reach the hub at '%s': %s",
              link->options->address, reason(code));
    end(link, STATUS_UNREACHABLE);
}

/* ---- writing ---- */

static void on_write(uv_write_t *request, int status)
{
    struct write *write = (struct write *)request;
    struct link *link = write->link;
    free(write);
    link->writes_open--;
    if (link->closing)
        return;
    if (status < 0)
        unreachable(link, status);
    else if (link->over && link->writes_open == 0)
        end(link, STATUS_OK);
}

static void send_bytes(struct link *link, struct bytes bytes)
{
    struct write *write = malloc(sizeof *write + bytes.size);
    if (!write) {
        end(link, error_set(&link->error, STATUS_NO_MEMORY, "out of memory"));
        return;
    }
    write->link = link;
    memcpy(write->data, bytes.data, bytes.size);
    uv_buf_t buffer = uv_buf_init(write->data, (unsigned)bytes.size);
    int code = uv_write(&write->request, (uv_stream_t *)&link->tcp, &buffer, 1, on_write);
    if (code < 0) {
        free(write);
        unreachable(link, code);
        return;
    }
    link->writes_open++;
}

/* ---- the session ---- */

/* The hub gave us our place in the roster: from now on we can sign receipts. */
static enum status take_identity(struct link *link)
{
    uint32_t device = session_enrolled_as(link->session);
    if (device == 0 || replica_identity(link->replica)->device == device)
        return STATUS_OK;
    struct identity identity = *replica_identity(link->replica);
    identity.device = device;
    enum status status = replica_set_identity(link->replica, &identity, &link->error);
    sodium_memzero(&identity, sizeof identity);
    return status;
}

static void tell_progress(struct link *link)
{
    const struct session_totals *totals = session_totals(link->session);
    if (!link->options->progress || totals->snapshot_parts_here == link->parts_told)
        return;
    link->parts_told = totals->snapshot_parts_here;
    link->options->progress(link->options->context, totals);
}

static bool keep_going(struct link *link, const struct session_update *update)
{
    if (update->send.size > 0)
        send_bytes(link, update->send);
    if (take_identity(link) != STATUS_OK)
        end(link, link->error.status);
    tell_progress(link);
    if (update->settled && link->options->settled && !link->closing)
        link->options->settled(link->options->context, session_totals(link->session));
    if (update->over || update->settled)
        remember_beacon(link->replica, session_beacon(link->session), NULL);
    if (update->over) {
        link->over = true;
        uv_read_stop((uv_stream_t *)&link->tcp);
        if (link->writes_open == 0)
            end(link, STATUS_OK);
    }
    return !link->closing && !link->over;
}

static void on_timer(uv_timer_t *timer)
{
    struct link *link = timer->data;
    if (!link->connected || !link->session) {
        unreachable(link, UV_ETIMEDOUT);
        return;
    }
    step(link, SESSION_TICK, (struct bytes){0});
}

static void set_timer(struct link *link)
{
    uint64_t deadline = session_deadline_ms(link->session);
    uint64_t now = uv_now(&link->loop);
    if (deadline == UINT64_MAX)
        uv_timer_stop(&link->timer);
    else
        uv_timer_start(&link->timer, on_timer, deadline > now ? deadline - now : 1, 0);
}

/* One event, and storage's answers to all questions that follow from it. */
static void step(struct link *link, enum session_event_kind kind, struct bytes bytes)
{
    struct session_event event = {.kind = kind, .bytes = bytes};
    struct session_update update;
    for (;;) {
        uv_update_time(&link->loop);
        event.now_ms = uv_now(&link->loop);
        update = (struct session_update){0};
        if (session_step(link->session, &event, &update, &link->error) != STATUS_OK) {
            end(link, link->error.status);
            return;
        }
        if (!keep_going(link, &update))
            return;
        if (!update.question)
            break;
        enum status status =
            storage_answer(link->replica, update.question, NULL, &link->reply, &link->error);
        /* On a full disk the session takes nothing in, but goes on sending. */
        if (status != STATUS_OK && status != STATUS_DISK_FULL)
            link->status = status;
        event = (struct session_event){.kind = SESSION_ANSWER, .answer = &link->reply.answer};
    }
    set_timer(link);
}

/* Whose hint it is: one of those in the registry. */
static bool find_peer(struct link *link, struct session_options *session)
{
    const struct registry *registry = replica_registry(link->replica);
    const struct network *network = replica_network(link->replica);
    if (link->options->enrolling)
        return peer_hint_fits(link->hint, network, session->remote);
    for (size_t i = 0; i < registry_devices_count(registry); i++) {
        const struct certificate *certificate = &registry_device_at(registry, i)->certificate;
        if (!peer_hint_fits(link->hint, network, certificate->dh_key))
            continue;
        session->peer = certificate->device;
        memcpy(session->remote, certificate->dh_key, DH_KEY_BYTES);
        return true;
    }
    return false;
}

static enum status start_session(struct link *link)
{
    const struct link_options *options = link->options;
    const struct identity *self = replica_identity(link->replica);
    struct session_options session = {.role = SESSION_INITIATOR,
                                      .network = *replica_network(link->replica),
                                      .local = self->dh,
                                      .peer = options->peer_device,
                                      .discreet = options->discreet,
                                      .watch = options->watch,
                                      .attachments = options->attachments,
                                      .budget_bytes = options->budget_bytes,
                                      .program = JINQIU_VERSION,
                                      .enrolling = options->enrolling,
                                      .sign = self->sign};
    memcpy(session.remote, options->link_key, DH_KEY_BYTES);
    memcpy(session.token, options->token, sizeof session.token);
    session.clock_s = options->peer ? 0 : recall_clock_due_s(link->replica);
    enum status status = STATUS_OK;
    if (options->peer && !find_peer(link, &session))
        status = error_set(&link->error, STATUS_DENIED,
                           "who listens at '%s' is no device of this network that we know",
                           options->address);
    if (status == STATUS_OK)
        status = session_new(&link->session, &session, &link->error);
    sodium_memzero(&session, sizeof session);
    return status;
}

/* Bytes of the hint are taken off; then the session begins. */
static void take_hint(struct link *link, struct bytes *bytes)
{
    size_t left = PEER_HINT_BYTES - link->hint_size;
    size_t size = bytes->size < left ? bytes->size : left;
    memcpy(link->hint + link->hint_size, bytes->data, size);
    link->hint_size += size;
    *bytes = bytes_of(bytes->data + size, bytes->size - size);
    if (link->hint_size < PEER_HINT_BYTES)
        return;
    if (start_session(link) != STATUS_OK) {
        end(link, link->error.status);
        return;
    }
    step(link, SESSION_STARTED, (struct bytes){0});
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct link *link = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(link->area, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct link *link = stream->data;
    if (link->closing || size == 0)
        return;
    struct bytes bytes = bytes_of(buffer->base, size > 0 ? (size_t)size : 0);
    if (size > 0 && !link->session)
        take_hint(link, &bytes);
    if (size > 0) {
        if (bytes.size > 0 && !link->closing)
            step(link, SESSION_BYTES, bytes);
        return;
    }
    if (link->session)
        step(link, SESSION_LOST, (struct bytes){0});
    if (!link->closing)
        unreachable(link, (int)size);
}

static void on_look(uv_timer_t *timer)
{
    struct link *link = timer->data;
    bool news = false, changed;
    enum status status = replica_news(link->replica, &link->seen, &news, &link->error);
    if (status == STATUS_OK && news)
        status = replica_refresh(link->replica, &changed, &link->error);
    if (status != STATUS_OK)
        end(link, status);
    else if (news)
        step(link, SESSION_LOCAL, (struct bytes){0});
}

static void say_goodbye(struct link *link)
{
    if (link->closing)
        return;
    link->stopped = true;
    if (link->connected && link->session)
        step(link, SESSION_STOP, (struct bytes){0});
    else
        end(link, STATUS_OK);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    say_goodbye(handle->data);
}

static void on_goodbye(uv_async_t *async)
{
    say_goodbye(async->data);
}

/* ---- connecting ---- */

static void on_connect(uv_connect_t *request, int status)
{
    struct link *link = request->data;
    if (link->closing)
        return;
    if (status < 0) {
        unreachable(link, status);
        return;
    }
    link->connected = true;
    uv_tcp_nodelay(&link->tcp, 1);
    uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read);
    if (link->options->watch) {
        replica_news(link->replica, &link->seen, &(bool){false}, NULL);
        uv_timer_start(&link->look, on_look, LOOK_MS, LOOK_MS);
    }
    if (link->session)
        step(link, SESSION_STARTED, (struct bytes){0});
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct link *link = request->data;
    if (link->closing) {
        uv_freeaddrinfo(found);
        return;
    }
    if (status == 0)
        status = uv_tcp_connect(&link->connect, &link->tcp, found->ai_addr, on_connect);
    uv_freeaddrinfo(found);
    if (status < 0)
        unreachable(link, status);
}

static void start(struct link *link)
{
    char host[INVITATION_ADDRESS_MAX + 1], port_text[8];
    uint16_t port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    if (address_split(link->options->address, host, &port, &link->error) != STATUS_OK) {
        end(link, link->error.status);
        return;
    }
    snprintf(port_text, sizeof port_text, "%u", (unsigned)port);
    int code = uv_getaddrinfo(&link->loop, &link->resolve, on_resolved, host, port_text, &hints);
    if (code < 0)
        unreachable(link, code);
    else
        uv_timer_start(&link->timer, on_timer, CONNECT_MS, 0);
}

/* ---- life of one connection ---- */

static void open_handles(struct link *link)
{
    uv_loop_init(&link->loop);
    uv_tcp_init(&link->loop, &link->tcp);
    uv_timer_init(&link->loop, &link->timer);
    uv_timer_init(&link->loop, &link->look);
    uv_signal_init(&link->loop, &link->interrupt);
    uv_signal_init(&link->loop, &link->term);
    link->tcp.data = link->timer.data = link->look.data = link;
    link->interrupt.data = link->term.data = link;
    link->resolve.data = link->connect.data = link;
    link->tcp_open = true;
    uv_async_init(&link->loop, &link->goodbye, on_goodbye);
    link->goodbye.data = link;
    goodbye_take(link->options->goodbye, &link->goodbye);
    if (link->options->goodbye)
        return;
    uv_signal_start(&link->interrupt, on_signal, SIGINT);
    uv_signal_start(&link->term, on_signal, SIGTERM);
}

static void close_handles(struct link *link)
{
    goodbye_take(link->options->goodbye, NULL);
    uv_close((uv_handle_t *)&link->goodbye, NULL);
    uv_close((uv_handle_t *)&link->timer, NULL);
    uv_close((uv_handle_t *)&link->look, NULL);
    uv_close((uv_handle_t *)&link->interrupt, NULL);
    uv_close((uv_handle_t *)&link->term, NULL);
    uv_run(&link->loop, UV_RUN_DEFAULT);
    uv_loop_close(&link->loop);
}

/* How the session ended, as a status. */
static enum status verdict(struct link *link)
{
    const struct session_totals *totals = session_totals(link->session);
    if (link->status != STATUS_OK)
        return link->status;
    switch (totals->code) {
    case SESSION_DONE:
        return link->options->peer ? STATUS_OK
                                   : remember_done(link->replica, session_lineage(link->session),
                                                   totals->held, &link->error);
    case SESSION_UNKNOWN_DEVICE:
    case SESSION_REVOKED:
    case SESSION_BAD_TOKEN:
    case SESSION_WAITS:
        return error_set(&link->error, STATUS_DENIED,
                         link->options->peer ? "the other device refused: %s"
                                             : "the hub refused: %s",
                         tr(session_code_text(totals->code)));
    case SESSION_AGAIN:
        return error_set(&link->error, STATUS_BUSY, "the hub can't answer now: %s",
                         tr(session_code_text(totals->code)));
    case SESSION_FORKED:
        return error_set(&link->error, STATUS_FORKED, "%s", tr(session_code_text(totals->code)));
    case SESSION_FULL:
    case SESSION_BUSY:
    case SESSION_STOPPING:
        return error_set(&link->error, STATUS_UNREACHABLE, "the hub can't answer now: %s",
                         tr(session_code_text(totals->code)));
    default:
        return error_set(&link->error, STATUS_PROTOCOL, "the session ended early: %s %s",
                         tr(session_code_text(totals->code)), totals->reason);
    }
}

static enum status try_once(struct replica *replica, const struct link_options *options,
                            struct link_result *result, bool *stopped, struct error *err)
{
    struct link *link = calloc(1, sizeof *link);
    if (!link)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    link->replica = replica;
    link->options = options;
    enum status status = options->peer ? STATUS_OK : start_session(link);
    if (status == STATUS_OK) {
        uint64_t begin = uv_hrtime();
        open_handles(link);
        start(link);
        while (!link->closing)
            uv_run(&link->loop, UV_RUN_ONCE);
        close_handles(link);
        if (link->session)
            result->totals = *session_totals(link->session);
        result->ms = (uv_hrtime() - begin) / 1000000;
        result->unanswered = link->connected && result->totals.bytes_in == 0;
        status = link->session ? verdict(link) : link->status;
    }
    *stopped = link->stopped;
    if (status != STATUS_OK && err)
        *err = link->error;
    session_free(link->session);
    storage_reply_release(&link->reply);
    free(link);
    return status;
}

/* A link key lives for a quarter of a year, and a hub that came back from a backup may lack the
 * newest. The key of its certificate is always answered to; with it we say less at first. */
static enum status run_once(struct replica *replica, const struct link_options *options,
                            struct link_result *result, bool *stopped, struct error *err)
{
    enum status status = try_once(replica, options, result, stopped, err);
    const struct device *hub = registry_device(replica_registry(replica), DEVICE_HUB);
    if (status != STATUS_UNREACHABLE || !result->unanswered || *stopped || options->peer ||
        options->enrolling || !hub)
        return status;
    struct link_options discreet = *options;
    discreet.discreet = true;
    memcpy(discreet.link_key, hub->certificate.dh_key, DH_KEY_BYTES);
    return try_once(replica, &discreet, result, stopped, err);
}

/* Waits before the next try; false when a signal ended the wait. */
static bool pause_before_retry(unsigned attempt)
{
    uint64_t most = (uint64_t)PAUSE_MIN_MS << (attempt < 6 ? attempt : 6);
    if (most > PAUSE_MAX_MS)
        most = PAUSE_MAX_MS;
    uint64_t ms = most / 2 + randombytes_uniform((uint32_t)(most / 2) + 1);
    sigset_t set;
    struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    bool waited = sigtimedwait(&set, NULL, &time) < 0;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return waited;
}

enum status link_ready(const struct replica *replica, struct error *err)
{
    if (replica_identity(replica)->device != 0)
        return STATUS_OK;
    return error_set(err, STATUS_DENIED, "this device has no keys: it was revoked or never joined");
}

enum status link_run(struct replica *replica, const struct link_options *options,
                     struct link_result *result, struct error *err)
{
    *result = (struct link_result){0};
    unsigned lives = 0;
    if (!options->enrolling)
        TRY(link_ready(replica, err));
    signal(SIGPIPE, SIG_IGN);
    for (unsigned attempt = 0;; attempt++) {
        bool stopped = false;
        enum status status = run_once(replica, options, result, &stopped, err);
        bool again = false;
        if (status == STATUS_BUSY && lives++ < LIVES_SESSIONS_MAX)
            continue;
        if (!stopped && !options->peer && (status == STATUS_OK || status == STATUS_FORKED))
            status = lives_settle(replica, status, &again, err);
        if (again && lives++ < LIVES_SESSIONS_MAX)
            continue;
        if (options->goodbye)
            return stopped ? STATUS_OK : status;
        if (!options->watch || stopped || (status != STATUS_OK && status != STATUS_UNREACHABLE))
            return stopped ? STATUS_OK : status;
        if (status == STATUS_OK || result->totals.round_trips > 0)
            attempt = 0;
        if (!pause_before_retry(attempt))
            return STATUS_OK;
    }
}
