/* Happy path: accept -> hint and handshake -> read/write with storage answered inline -> over ->
 * the last write leaves -> close. A timer per connection ends who is silent; another looks for
 * what other processes wrote (LOCAL). On a signal, or another thread's goodbye: no more are
 * accepted, the sessions say goodbye. */

#include "client/listen.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "client/hail.h"
#include "common/invitation.h"
#include "protocol/peer_hint.h"

#define READ_BYTES 65536
#define LOOK_MS 300
#define UNSENT_BYTES_MAX (4u * 1024 * 1024) /* a peer that doesn't read is let go */

struct guest {
    struct listener *listener;
    uv_tcp_t tcp;
    uv_timer_t timer;
    struct session *session;
    struct storage_reply reply;
    struct guest *next;
    int handles_open, writes_open;
    bool over, closing;
};

struct listener {
    struct replica *replica;
    const struct listen_options *options;
    uv_loop_t loop;
    uv_tcp_t tcp;
    uv_timer_t look;
    uv_signal_t interrupt, term;
    uv_async_t goodbye;
    struct hail *hail; /* NULL: it can't be found, only named */
    struct guest *guests;
    unsigned guests_count;
    int64_t seen; /* of others' commits, see replica_news */
    bool stopping;
    char area[READ_BYTES];
};

struct write {
    uv_write_t request;
    struct guest *guest;
    char data[];
};

static void step(struct guest *guest, enum session_event_kind kind, struct bytes bytes);

/* ---- one guest's end ---- */

static void close_when_empty(struct listener *listener)
{
    if (listener->stopping && listener->guests_count == 0 &&
        !uv_is_closing((uv_handle_t *)&listener->look))
        uv_close((uv_handle_t *)&listener->look, NULL);
}

static void on_closed(uv_handle_t *handle)
{
    struct guest *guest = handle->data;
    struct listener *listener = guest->listener;
    if (--guest->handles_open > 0)
        return;
    for (struct guest **at = &listener->guests; *at; at = &(*at)->next)
        if (*at == guest) {
            *at = guest->next;
            break;
        }
    listener->guests_count--;
    if (listener->options->ended)
        listener->options->ended(listener->options->context, session_peer(guest->session),
                                 session_totals(guest->session));
    session_free(guest->session);
    storage_reply_release(&guest->reply);
    free(guest);
    close_when_empty(listener);
}

static void let_go(struct guest *guest)
{
    if (guest->closing)
        return;
    guest->closing = true;
    uv_close((uv_handle_t *)&guest->tcp, on_closed);
    uv_close((uv_handle_t *)&guest->timer, on_closed);
}

/* ---- bytes ---- */

static void on_write(uv_write_t *request, int status)
{
    struct write *write = (struct write *)request;
    struct guest *guest = write->guest;
    free(write);
    guest->writes_open--;
    if (status < 0 || (guest->over && guest->writes_open == 0))
        let_go(guest);
}

static void send_bytes(struct guest *guest, struct bytes bytes)
{
    struct write *write = malloc(sizeof *write + bytes.size);
    if (!write || uv_stream_get_write_queue_size((uv_stream_t *)&guest->tcp) > UNSENT_BYTES_MAX) {
        free(write);
        let_go(guest);
        return;
    }
    write->guest = guest;
    memcpy(write->data, bytes.data, bytes.size);
    uv_buf_t buffer = uv_buf_init(write->data, (unsigned)bytes.size);
    if (uv_write(&write->request, (uv_stream_t *)&guest->tcp, &buffer, 1, on_write) < 0) {
        free(write);
        let_go(guest);
        return;
    }
    guest->writes_open++;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct guest *guest = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(guest->listener->area, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct guest *guest = stream->data;
    if (guest->closing || size == 0)
        return;
    if (size > 0) {
        step(guest, SESSION_BYTES, bytes_of(buffer->base, (size_t)size));
        return;
    }
    step(guest, SESSION_LOST, (struct bytes){0});
    let_go(guest);
}

/* ---- the session ---- */

static void on_timer(uv_timer_t *timer)
{
    step(timer->data, SESSION_TICK, (struct bytes){0});
}

static void set_timer(struct guest *guest)
{
    uint64_t deadline = session_deadline_ms(guest->session);
    uint64_t now = uv_now(&guest->listener->loop);
    if (guest->closing || deadline == UINT64_MAX)
        uv_timer_stop(&guest->timer);
    else
        uv_timer_start(&guest->timer, on_timer, deadline > now ? deadline - now : 1, 0);
}

static bool keep_going(struct guest *guest, const struct session_update *update)
{
    if (update->send.size > 0)
        send_bytes(guest, update->send);
    if (update->over && !guest->closing) {
        guest->over = true;
        uv_read_stop((uv_stream_t *)&guest->tcp);
        if (guest->writes_open == 0)
            let_go(guest);
    }
    return !guest->closing && !guest->over;
}

static void step(struct guest *guest, enum session_event_kind kind, struct bytes bytes)
{
    struct listener *listener = guest->listener;
    struct session_event event = {.kind = kind, .bytes = bytes};
    struct session_update update;
    if (guest->closing || guest->over)
        return;
    for (;;) {
        uv_update_time(&listener->loop);
        event.now_ms = uv_now(&listener->loop);
        update = (struct session_update){0};
        if (session_step(guest->session, &event, &update, NULL) != STATUS_OK) {
            let_go(guest);
            return;
        }
        if (!keep_going(guest, &update))
            return;
        if (!update.question)
            break;
        /* A failure is in the answer, and ends the session. */
        storage_answer(listener->replica, update.question, listener->options->host, &guest->reply,
                       NULL);
        event = (struct session_event){.kind = SESSION_ANSWER, .answer = &guest->reply.answer};
    }
    set_timer(guest);
}

static void on_look(uv_timer_t *timer)
{
    struct listener *listener = timer->data;
    bool news = false, changed;
    if (replica_news(listener->replica, &listener->seen, &news, NULL) != STATUS_OK || !news ||
        replica_refresh(listener->replica, &changed, NULL) != STATUS_OK)
        return;
    for (struct guest *at = listener->guests; at; at = at->next)
        step(at, SESSION_LOCAL, (struct bytes){0});
}

/* ---- accepting ---- */

static struct guest *guest_new(struct listener *listener)
{
    const struct identity *self = replica_identity(listener->replica);
    struct session_options session = {.role = SESSION_RESPONDER,
                                      .network = *replica_network(listener->replica),
                                      .local = self->dh};
    struct guest *guest = calloc(1, sizeof *guest);
    if (guest && session_new(&guest->session, &session, NULL) != STATUS_OK) {
        free(guest);
        guest = NULL;
    }
    dh_key_release(&session.local);
    if (!guest)
        return NULL;
    guest->listener = listener;
    guest->handles_open = 2;
    uv_tcp_init(&listener->loop, &guest->tcp);
    uv_timer_init(&listener->loop, &guest->timer);
    guest->tcp.data = guest->timer.data = guest;
    guest->next = listener->guests;
    listener->guests = guest;
    listener->guests_count++;
    return guest;
}

static void greet(struct guest *guest)
{
    const struct replica *replica = guest->listener->replica;
    uint8_t hint[PEER_HINT_BYTES];
    peer_hint_make(replica_network(replica), replica_identity(replica)->dh.public_key, hint);
    send_bytes(guest, bytes_of(hint, sizeof hint));
}

static void on_connection(uv_stream_t *server, int status)
{
    struct listener *listener = server->data;
    if (status < 0 || listener->stopping)
        return;
    struct guest *guest = guest_new(listener);
    if (!guest)
        return;
    if (uv_accept(server, (uv_stream_t *)&guest->tcp) != 0 ||
        listener->guests_count > LISTEN_CONNECTIONS_MAX) {
        let_go(guest);
        return;
    }
    uv_tcp_nodelay(&guest->tcp, 1);
    uv_read_start((uv_stream_t *)&guest->tcp, on_alloc, on_read);
    greet(guest);
    step(guest, SESSION_STARTED, (struct bytes){0});
}

/* The handles that lead here, and those that bring guests. */
static void close_doors(struct listener *listener)
{
    goodbye_take(listener->options->goodbye, NULL);
    hail_close(listener->hail);
    uv_close((uv_handle_t *)&listener->tcp, NULL);
    uv_close((uv_handle_t *)&listener->interrupt, NULL);
    uv_close((uv_handle_t *)&listener->term, NULL);
    uv_close((uv_handle_t *)&listener->goodbye, NULL);
}

static void stop(struct listener *listener)
{
    struct guest *next;
    if (listener->stopping)
        return;
    listener->stopping = true;
    close_doors(listener);
    for (struct guest *at = listener->guests; at; at = next) {
        next = at->next;
        step(at, SESSION_STOP, (struct bytes){0});
    }
    close_when_empty(listener);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop(handle->data);
}

static void on_goodbye(uv_async_t *async)
{
    stop(async->data);
}

/* ---- life ---- */

/* Without it others have to be told the address, no more. */
static void be_found(struct listener *listener, const char *host, uint16_t port)
{
    const struct replica *replica = listener->replica;
    struct hail_options options = {replica_network(replica),
                                   replica_identity(replica)->dh.public_key, host, port};
    listener->hail = hail_open(&listener->loop, &options);
}

static enum status bind_address(struct listener *listener, char *ready, size_t size,
                                struct error *err)
{
    char host[INVITATION_ADDRESS_MAX + 1];
    uint16_t port;
    struct sockaddr_storage address;
    int length = (int)sizeof address;
    TRY(address_split(listener->options->address, host, &port, err));
    int code = uv_ip4_addr(host, port, (struct sockaddr_in *)&address);
    if (code < 0)
        code = uv_ip6_addr(host, port, (struct sockaddr_in6 *)&address);
    if (code < 0)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a numeric address to listen on", host);
    code = uv_tcp_bind(&listener->tcp, (struct sockaddr *)&address, 0);
    if (code == 0)
        code = uv_listen((uv_stream_t *)&listener->tcp, LISTEN_CONNECTIONS_MAX, on_connection);
    if (code == 0)
        code = uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&address, &length);
    if (code < 0)
        return error_set(err, STATUS_UNREACHABLE, "cannot listen on '%s' port %u: %s", host,
                         (unsigned)port, uv_strerror(code));
    /* The port stands at one place in both kinds of address. */
    port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    be_found(listener, host, port);
    snprintf(ready, size, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, (unsigned)port);
    return STATUS_OK;
}

static void open_handles(struct listener *listener)
{
    uv_loop_init(&listener->loop);
    uv_tcp_init(&listener->loop, &listener->tcp);
    uv_timer_init(&listener->loop, &listener->look);
    uv_signal_init(&listener->loop, &listener->interrupt);
    uv_signal_init(&listener->loop, &listener->term);
    listener->tcp.data = listener->look.data = listener;
    uv_async_init(&listener->loop, &listener->goodbye, on_goodbye);
    listener->interrupt.data = listener->term.data = listener->goodbye.data = listener;
    goodbye_take(listener->options->goodbye, &listener->goodbye);
}

static void serve(struct listener *listener, const char *address)
{
    if (!listener->options->goodbye) {
        uv_signal_start(&listener->interrupt, on_signal, SIGINT);
        uv_signal_start(&listener->term, on_signal, SIGTERM);
    }
    replica_news(listener->replica, &listener->seen, &(bool){false}, NULL);
    uv_timer_start(&listener->look, on_look, LOOK_MS, LOOK_MS);
    if (listener->options->ready)
        listener->options->ready(listener->options->context, address);
    uv_run(&listener->loop, UV_RUN_DEFAULT);
}

enum status listen_run(struct replica *replica, const struct listen_options *options,
                       struct error *err)
{
    char address[INVITATION_ADDRESS_MAX + 16];
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    listener->replica = replica;
    listener->options = options;
    signal(SIGPIPE, SIG_IGN);
    open_handles(listener);
    enum status status = bind_address(listener, address, sizeof address, err);
    if (status == STATUS_OK) {
        serve(listener, address);
    } else {
        close_doors(listener);
        uv_close((uv_handle_t *)&listener->look, NULL);
        uv_run(&listener->loop, UV_RUN_DEFAULT);
    }
    uv_loop_close(&listener->loop);
    free(listener);
    return status;
}
