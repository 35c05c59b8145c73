/* Happy path: read -> a first whole frame -> session_step(BYTES) -> question to the storage thread
 * -> its answer -> session_step(ANSWER) -> write … until the session is over -> the last write
 * leaves
 * -> close. Failures: no first frame in time -> close; a read error or end of file ->
 * session_step(LOST); a slow reader -> the session is told to load nothing, until on_write sees the
 * queue drained; a peer that takes nothing for silence_ms -> close; the timer ->
 * session_step(TICK).
 */

#include "server/connection.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/log.h"

#define READ_BYTES 65536

struct connection {
    struct connection_host *host;
    uv_tcp_t tcp;
    uv_timer_t timer;
    struct session *session; /* NULL until the first frame is whole */
    struct buffer early;     /* of that frame */
    struct job job;
    struct connection *next, *previous;
    uint64_t started_ms;
    uint64_t moved_ms;   /* when the unsent bytes were last seen to shrink, or begun */
    size_t unsent_bytes; /* as last seen */
    int handles_open;
    int writes_open;
    bool job_out; /* the storage thread has our job */
    bool known;   /* the listener was told who it is */
    bool congested, reading, over, closing;
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
    if (!connection->known && !log_within(&connection->host->log_limit))
        return;
    if (!connection->session) {
        log_event("stranger", "peer=%s bytes_in=%zu ms=%llu", connection->address,
                  connection->early.size,
                  (unsigned long long)(uv_now(connection->host->loop) - connection->started_ms));
        return;
    }
    const struct session_totals *totals = session_totals(connection->session);
    char reason[sizeof totals->reason]; /* may be the peer's words: they can't end the quotes */
    snprintf(reason, sizeof reason, "%s", totals->reason);
    for (char *at = reason; *at; at++)
        if (*at == '"')
            *at = '\'';
    log_event("session",
              "peer=%s device=%u code=%d sent=%llu received=%llu applied=%llu aside=%llu "
              "refused=%llu bytes_in=%llu bytes_out=%llu ms=%llu%s%s%s",
              connection->address, session_peer(connection->session), (int)totals->code,
              (unsigned long long)totals->sent, (unsigned long long)totals->received,
              (unsigned long long)totals->applied, (unsigned long long)totals->aside,
              (unsigned long long)totals->refused, (unsigned long long)totals->bytes_in,
              (unsigned long long)totals->bytes_out,
              (unsigned long long)(uv_now(connection->host->loop) - connection->started_ms),
              reason[0] ? " reason=\"" : "", reason, reason[0] ? "\"" : "");
}

static void free_when_done(struct connection *connection)
{
    if (connection->handles_open > 0 || connection->job_out)
        return;
    report(connection);
    connection->host->gone(connection->host->context, connection);
    connection->host->greedy_bytes -= connection_greedy_bytes(connection);
    buffer_release(&connection->early);
    session_free(connection->session);
    storage_reply_release(&connection->job.reply);
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

static size_t unsent(const struct connection *connection)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&connection->tcp);
}

/* When the peer has taken nothing for too long; UINT64_MAX: nothing waits for it. */
static uint64_t stuck_at_ms(struct connection *connection)
{
    size_t size = unsent(connection);
    if (connection->unsent_bytes == 0 || size < connection->unsent_bytes)
        connection->moved_ms = uv_now(connection->host->loop);
    connection->unsent_bytes = size;
    return size > 0 ? connection->moved_ms + connection->host->silence_ms : UINT64_MAX;
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
    stuck_at_ms(connection);
    if (connection->congested && unsent(connection) < CONNECTION_QUEUE_BYTES_MAX) {
        struct session_event event = {.kind = SESSION_TICK};
        step(connection, &event);
    }
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
    connection->host->bytes_out += bytes.size;
    connection->writes_open++;
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(read_area, READ_BYTES);
}

/* The whole first frame has come: now it is worth a session. */
static void begin_session(struct connection *connection)
{
    const struct connection_host *host = connection->host;
    const struct buffer *early = &connection->early;
    size_t size = (size_t)early->data[0] << 8 | early->data[1];
    struct session_options options = {.role = SESSION_RESPONDER,
                                      .network = host->network,
                                      .handshake_ms = host->handshake_ms,
                                      .silence_ms = host->silence_ms};
    /* Who knocks for none of our keys gets no answer, and no session. */
    bool welcome = link_ring_choose(host->links, &host->network, bytes_of(early->data + 2, size),
                                    &options.local) &&
                   session_new(&connection->session, &options, NULL) == STATUS_OK;
    sodium_memzero(&options, sizeof options);
    if (!welcome) {
        close_handles(connection);
        return;
    }
    struct session_event started = {.kind = SESSION_STARTED};
    struct session_event event = {.kind = SESSION_BYTES, .bytes = buffer_bytes(&connection->early)};
    step(connection, &started);
    if (!connection->closing)
        step(connection, &event);
    connection->host->greedy_bytes -= connection_greedy_bytes(connection);
    buffer_release(&connection->early);
}

static void take_early(struct connection *connection, struct bytes bytes)
{
    struct buffer *early = &connection->early;
    size_t greedy = connection_greedy_bytes(connection);
    if (early->size + bytes.size > 2 + FRAME_BYTES_MAX ||
        buffer_append_bytes(early, bytes) != STATUS_OK) {
        close_handles(connection);
        return;
    }
    connection->host->greedy_bytes += connection_greedy_bytes(connection) - greedy;
    size_t frame = early->size >= 2 ? (size_t)early->data[0] << 8 | early->data[1] : 1;
    if (frame == 0 || frame > FRAME_BYTES_MAX)
        close_handles(connection); /* that isn't our protocol */
    else if (early->size >= 2 + frame)
        begin_session(connection);
    else if (connection_greedy_bytes(connection) > greedy)
        connection->host->greedy(connection->host->context);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;
    if (connection->closing || size == 0)
        return;
    connection->host->bytes_in += size > 0 ? (uint64_t)size : 0;
    if (!connection->session) {
        if (size < 0)
            close_handles(connection);
        else
            take_early(connection, bytes_of(buffer->base, (size_t)size));
        return;
    }
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
    if (!connection->session || uv_now(connection->host->loop) >= stuck_at_ms(connection)) {
        close_handles(connection);
        return;
    }
    struct session_event event = {.kind = SESSION_TICK};
    step(connection, &event);
}

static void set_timer(struct connection *connection)
{
    uint64_t deadline = connection->session
                            ? session_deadline_ms(connection->session)
                            : connection->started_ms + connection->host->handshake_ms;
    uint64_t stuck = stuck_at_ms(connection);
    uint64_t now = uv_now(connection->host->loop);
    if (stuck < deadline)
        deadline = stuck;
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
    struct session_event event = {.kind = SESSION_ANSWER, .answer = &job->reply.answer};
    step(connection, &event);
}

static void follow(struct connection *connection, const struct session_update *update)
{
    if (update->send.size > 0)
        send_bytes(connection, update->send);
    if (connection->closing)
        return;
    if (update->question && !connection->job_out) {
        connection->job_out = true;
        connection->job.question = update->question;
        connection->job.device = session_peer(connection->session);
        worker_submit(connection->host->worker, &connection->job);
    }
    connection->over = connection->over || update->over;
    set_reading(connection, !update->pause && !connection->over &&
                                unsent(connection) < CONNECTION_QUEUE_BYTES_FULL);
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
    event->congested = connection->congested = unsent(connection) >= CONNECTION_QUEUE_BYTES_MAX;
    if (session_step(connection->session, event, &update, &err) != STATUS_OK) {
        log_error("session", &err);
        close_handles(connection);
        return;
    }
    follow(connection, &update);
    if (!connection->known && !connection->closing && session_peer(connection->session) != 0) {
        connection->known = true;
        connection->host->known(connection->host->context, connection);
    }
}

/* ---- life ---- */

struct connection *connection_new(struct connection_host *host)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
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
    set_reading(connection, true);
    set_timer(connection);
}

void connection_news(struct connection *connection)
{
    if (connection->closing || connection->over || !connection->session)
        return;
    struct session_event event = {.kind = SESSION_LOCAL};
    step(connection, &event);
}

void connection_stop(struct connection *connection, bool at_once)
{
    if (at_once || !connection->session) {
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

bool connection_leaving(const struct connection *connection)
{
    return connection->closing;
}

bool connection_has_knocked(const struct connection *connection)
{
    return connection->session != NULL;
}

size_t connection_greedy_bytes(const struct connection *connection)
{
    size_t size = connection->early.capacity;
    return size > CONNECTION_EARLY_SHARE ? size : 0;
}

uint32_t connection_device(const struct connection *connection)
{
    return connection->known ? session_peer(connection->session) : 0;
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
