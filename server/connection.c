/* Happy path: read -> session_step(BYTES) -> question to the storage thread -> its answer ->
 * session_step(ANSWER) -> write … until the session is over -> the last write leaves -> close.
 * Failures: a read error or end of file -> session_step(LOST); a slow reader -> answers wait until
 * the queue drains, and the session's silence deadline ends it; the timer -> session_step(TICK). */

#include "server/connection.h"

#include <stdlib.h>
#include <string.h>

#include "server/log.h"

#define READ_BYTES 65536

struct connection {
    struct connection_host *host;
    uv_tcp_t tcp;
    uv_timer_t timer;
    struct session *session;
    struct job job;
    struct connection *next, *previous;
    uint64_t started_ms;
    int handles_open;
    int writes_open;
    bool job_out;      /* the storage thread has our job */
    bool answer_waits; /* it came back while the peer reads too slowly */
    bool reading, over, closing;
    char address[64];
};

struct write {
    uv_write_t request;
    struct connection *connection;
    size_t size;
    char data[];
};

static char read_area[READ_BYTES]; /* the loop reads for one connection at a time */

static void step(struct connection *connection, struct session_event *event);

/* ---- ending ---- */

static void report(struct connection *connection)
{
    const struct session_totals *totals = session_totals(connection->session);
    log_event("session",
              "peer=%s device=%u code=%d sent=%llu received=%llu applied=%llu aside=%llu "
              "refused=%llu bytes_in=%llu bytes_out=%llu ms=%llu%s%s%s",
              connection->address, session_peer(connection->session), (int)totals->code,
              (unsigned long long)totals->sent, (unsigned long long)totals->received,
              (unsigned long long)totals->applied, (unsigned long long)totals->aside,
              (unsigned long long)totals->refused, (unsigned long long)totals->bytes_in,
              (unsigned long long)totals->bytes_out,
              (unsigned long long)(uv_now(connection->host->loop) - connection->started_ms),
              totals->reason[0] ? " reason=\"" : "", totals->reason, totals->reason[0] ? "\"" : "");
}

static void free_when_done(struct connection *connection)
{
    if (connection->handles_open > 0 || connection->job_out)
        return;
    report(connection);
    session_free(connection->session);
    storage_reply_release(&connection->job.reply);
    connection->host->gone(connection->host->context, connection);
    free(connection);
}

static void on_close(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    connection->handles_open--;
    free_when_done(connection);
}

static void close_handles(struct connection *connection)
{
    if (connection->closing)
        return;
    connection->closing = true;
    uv_close((uv_handle_t *)&connection->tcp, on_close);
    uv_close((uv_handle_t *)&connection->timer, on_close);
}

/* ---- writing ---- */

static void deliver_answer(struct connection *connection)
{
    connection->answer_waits = false;
    struct session_event event = {.kind = SESSION_ANSWER, .answer = &connection->job.reply.answer};
    step(connection, &event);
}

static void on_write(uv_write_t *request, int status)
{
    struct write *write = (struct write *)request;
    struct connection *connection = write->connection;
    free(write);
    connection->writes_open--;
    if (connection->closing)
        return;
    if (status < 0 || (connection->over && connection->writes_open == 0)) {
        close_handles(connection);
        return;
    }
    if (connection->answer_waits &&
        uv_stream_get_write_queue_size((uv_stream_t *)&connection->tcp) <
            CONNECTION_QUEUE_BYTES_MAX)
        deliver_answer(connection);
}

static void send_bytes(struct connection *connection, struct bytes bytes)
{
    struct write *write = malloc(sizeof *write + bytes.size);
    if (!write) {
        close_handles(connection);
        return;
    }
    write->connection = connection;
    write->size = bytes.size;
    memcpy(write->data, bytes.data, bytes.size);
    uv_buf_t buffer = uv_buf_init(write->data, (unsigned)bytes.size);
    if (uv_write(&write->request, (uv_stream_t *)&connection->tcp, &buffer, 1, on_write) < 0) {
        free(write);
        close_handles(connection);
        return;
    }
    connection->writes_open++;
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(read_area, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;
    if (connection->closing || size == 0)
        return;
    struct session_event event = {.kind = SESSION_LOST};
    if (size > 0) {
        event.kind = SESSION_BYTES;
        event.bytes = bytes_of(buffer->base, (size_t)size);
    }
    step(connection, &event);
    if (size < 0)
        close_handles(connection);
}

static void set_reading(struct connection *connection, bool wanted)
{
    if (wanted == connection->reading || connection->closing)
        return;
    connection->reading = wanted;
    if (wanted)
        uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read);
    else
        uv_read_stop((uv_stream_t *)&connection->tcp);
}

/* ---- the session ---- */

static void on_timer(uv_timer_t *timer)
{
    struct connection *connection = timer->data;
    if (connection->closing)
        return;
    struct session_event event = {.kind = SESSION_TICK};
    step(connection, &event);
}

static void set_timer(struct connection *connection)
{
    uint64_t deadline = session_deadline_ms(connection->session);
    uint64_t now = uv_now(connection->host->loop);
    if (connection->closing || deadline == UINT64_MAX) {
        uv_timer_stop(&connection->timer);
        return;
    }
    uv_timer_start(&connection->timer, on_timer, deadline > now ? deadline - now : 1, 0);
}

static void on_job_done(struct job *job)
{
    struct connection *connection = job->owner;
    connection->job_out = false;
    if (connection->closing) {
        free_when_done(connection);
        return;
    }
    if (uv_stream_get_write_queue_size((uv_stream_t *)&connection->tcp) >=
        CONNECTION_QUEUE_BYTES_MAX) {
        connection->answer_waits = true;
        return;
    }
    deliver_answer(connection);
}

static void follow(struct connection *connection, const struct session_update *update)
{
    if (update->send.size > 0)
        send_bytes(connection, update->send);
    if (connection->closing)
        return;
    if (update->question && !connection->job_out && !connection->answer_waits) {
        connection->job_out = true;
        connection->job.question = update->question;
        connection->job.device = session_peer(connection->session);
        worker_submit(connection->host->worker, &connection->job);
    }
    connection->over = connection->over || update->over;
    set_reading(connection, !update->pause && !connection->over);
    if (connection->over && connection->writes_open == 0)
        close_handles(connection);
    else
        set_timer(connection);
}

static void step(struct connection *connection, struct session_event *event)
{
    struct session_update update = {0};
    struct error err = {0};
    event->now_ms = uv_now(connection->host->loop);
    if (session_step(connection->session, event, &update, &err) != STATUS_OK) {
        log_error("session", &err);
        close_handles(connection);
        return;
    }
    follow(connection, &update);
}

/* ---- life ---- */

struct connection *connection_new(struct connection_host *host)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    struct session_options options = {
        .role = SESSION_RESPONDER, .network = host->network, .local = host->link};
    if (session_new(&connection->session, &options, NULL) != STATUS_OK) {
        free(connection);
        return NULL;
    }
    connection->host = host;
    connection->job.owner = connection;
    connection->job.done = on_job_done;
    uv_tcp_init(host->loop, &connection->tcp);
    uv_timer_init(host->loop, &connection->timer);
    connection->tcp.data = connection;
    connection->timer.data = connection;
    connection->handles_open = 2;
    return connection;
}

uv_tcp_t *connection_handle(struct connection *connection)
{
    return &connection->tcp;
}

void connection_start(struct connection *connection, uint64_t now_ms)
{
    struct sockaddr_storage name;
    int size = (int)sizeof name;
    connection->started_ms = now_ms;
    uv_tcp_nodelay(&connection->tcp, 1);
    if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&name, &size) == 0)
        uv_ip_name((struct sockaddr *)&name, connection->address, sizeof connection->address);
    struct session_event event = {.kind = SESSION_STARTED};
    step(connection, &event);
}

void connection_news(struct connection *connection)
{
    if (connection->closing || connection->over)
        return;
    struct session_event event = {.kind = SESSION_LOCAL};
    step(connection, &event);
}

void connection_stop(struct connection *connection, bool at_once)
{
    if (at_once) {
        close_handles(connection);
        return;
    }
    if (connection->closing)
        return;
    struct session_event event = {.kind = SESSION_STOP};
    step(connection, &event);
}

const char *connection_address(const struct connection *connection)
{
    return connection->address;
}

struct connection *connection_next(const struct connection *connection)
{
    return connection->next;
}

void connection_link(struct connection *connection, struct connection **list)
{
    connection->next = *list;
    connection->previous = NULL;
    if (*list)
        (*list)->previous = connection;
    *list = connection;
}

void connection_unlink(struct connection *connection, struct connection **list)
{
    if (connection->previous)
        connection->previous->next = connection->next;
    else if (*list == connection)
        *list = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    connection->next = connection->previous = NULL;
}
