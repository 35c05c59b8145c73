/* Happy path: accept -> connect to the hub -> read at either end -> line_put -> timer -> line_take
 * -> write at the other end … until both have closed and all has come out -> close.
 * Failures: the hub can't be reached, the line is cut -> both ends see the end of the stream. */

#include "tests/link/relay.h"

#include <stdlib.h>
#include <string.h>

#define BACKLOG 512
#define READ_BYTES 65536
#define KERNEL_BYTES 8192 /* so that a sender doesn't take the kernel's memory for the line */

struct pair;

struct pair_end {
    struct pair *pair;
    uv_tcp_t tcp;
    bool open, reading;
    bool heard_end, told_end; /* it has closed; it was told that the other has */
};

struct pair {
    struct relay *relay;
    struct pair *next, *previous;
    struct line line;
    struct pair_end ends[LINE_ENDS];
    uv_connect_t connect;
    uv_timer_t timer;
    uint64_t number, began_us, last_us;
    unsigned handles;
    bool connected, closing;
};

struct relay {
    uv_loop_t *loop;
    uv_tcp_t tcp;
    struct relay_options options;
    struct pair *pairs;
    struct relay_total total;
};

struct write {
    uv_write_t request;
    char data[LINE_PIECE_BYTES];
};

static char read_area[READ_BYTES]; /* the loop reads for one connection at a time */

static uint64_t now_us(void)
{
    return uv_hrtime() / 1000;
}

/* ---- the end of a pair ---- */

static void tell(struct pair *pair)
{
    struct relay *relay = pair->relay;
    struct relay_total *total = &relay->total;
    const struct line_counts *counts = &pair->line.counts;
    total->cuts += counts->cut;
    total->to_hub += counts->to_hub;
    total->to_client += counts->to_client;
    total->stalls += counts->stalls;
    total->corrupted += counts->corrupted;
    if (counts->flights > total->flights)
        total->flights = counts->flights;
    struct relay_ended ended = {pair->number, *counts, (pair->last_us - pair->began_us) / 1000};
    if (relay->options.ended)
        relay->options.ended(relay->options.context, &ended);
}

static void on_pair_closed(struct pair *pair)
{
    if (--pair->handles > 0)
        return;
    tell(pair);
    if (pair->next)
        pair->next->previous = pair->previous;
    *(pair->previous ? &pair->previous->next : &pair->relay->pairs) = pair->next;
    line_release(&pair->line);
    free(pair);
}

static void on_tcp_closed(uv_handle_t *handle)
{
    on_pair_closed(((struct pair_end *)handle->data)->pair);
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_pair_closed(handle->data);
}

/* Without a reset: that would take back what has come out and an end hasn't read yet. */
static void close_pair(struct pair *pair)
{
    if (pair->closing)
        return;
    pair->closing = true;
    uv_close((uv_handle_t *)&pair->timer, on_timer_closed);
    for (unsigned i = 0; i < LINE_ENDS; i++)
        uv_close((uv_handle_t *)&pair->ends[i].tcp, on_tcp_closed);
}

/* ---- what comes out ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(read_area, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer);

/* An end is read as long as its line has room. */
static void set_reading(struct pair *pair)
{
    for (unsigned i = 0; i < LINE_ENDS && !pair->closing; i++) {
        struct pair_end *end = &pair->ends[i];
        enum line_end to = i == LINE_HUB ? LINE_CLIENT : LINE_HUB;
        bool wanted = pair->connected && !end->heard_end && !line_full(&pair->line, to);
        if (wanted == end->reading)
            continue;
        end->reading = wanted;
        if (wanted)
            uv_read_start((uv_stream_t *)&end->tcp, on_alloc, on_read);
        else
            uv_read_stop((uv_stream_t *)&end->tcp);
    }
}

static void on_write(uv_write_t *request, int status)
{
    (void)status; /* a broken end is seen by reading, too */
    free(request);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    free(request);
}

static int hand_over_end(struct pair_end *end)
{
    uv_shutdown_t *request = malloc(sizeof *request);
    if (!request)
        return UV_ENOMEM;
    end->told_end = true;
    if (uv_shutdown(request, (uv_stream_t *)&end->tcp, on_shutdown) < 0)
        free(request); /* it has gone already */
    return 0;
}

static int hand_over(struct pair_end *end, const struct line_piece *piece)
{
    if (piece->end)
        return hand_over_end(end);
    struct write *write = malloc(sizeof *write);
    if (!write)
        return UV_ENOMEM;
    memcpy(write->data, piece->data, piece->size);
    uv_buf_t buffer = uv_buf_init(write->data, (unsigned)piece->size);
    int code = uv_write(&write->request, (uv_stream_t *)&end->tcp, &buffer, 1, on_write);
    if (code < 0)
        free(write);
    return code;
}

static void on_timer(uv_timer_t *timer);

static void set_timer(struct pair *pair)
{
    uint64_t due = UINT64_MAX, now = now_us();
    for (unsigned to = 0; to < LINE_ENDS; to++)
        if (line_due_us(&pair->line, to) < due)
            due = line_due_us(&pair->line, to);
    if (pair->closing || due == UINT64_MAX)
        return;
    uv_update_time(pair->relay->loop);
    uv_timer_start(&pair->timer, on_timer, due > now ? (due - now + 999) / 1000 : 0, 0);
}

static void deliver(struct pair *pair)
{
    const struct line_piece *piece;
    for (unsigned to = 0; to < LINE_ENDS; to++)
        while ((piece = line_take(&pair->line, to, now_us()))) {
            pair->last_us = now_us();
            if (hand_over(&pair->ends[to], piece) < 0) {
                close_pair(pair);
                return;
            }
        }
    bool both = pair->ends[LINE_CLIENT].told_end && pair->ends[LINE_HUB].told_end;
    if (pair->line.counts.cut || both)
        close_pair(pair);
    set_reading(pair);
    set_timer(pair);
}

static void on_timer(uv_timer_t *timer)
{
    struct pair *pair = timer->data;
    if (!pair->closing)
        deliver(pair);
}

/* ---- what goes in ---- */

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct pair_end *end = stream->data;
    struct pair *pair = end->pair;
    enum line_end to = end == &pair->ends[LINE_HUB] ? LINE_CLIENT : LINE_HUB;
    if (pair->closing || size == 0)
        return;
    bool put;
    if (size > 0) {
        put = line_put(&pair->line, to, bytes_of(buffer->base, (size_t)size), now_us());
    } else {
        end->heard_end = true;
        put = line_put_end(&pair->line, to, now_us());
    }
    if (put)
        deliver(pair);
    else
        close_pair(pair);
}

/* ---- connections ---- */

static void on_connect(uv_connect_t *request, int status)
{
    struct pair *pair = request->data;
    if (pair->closing)
        return;
    if (status < 0) {
        pair->relay->total.unreached++;
        close_pair(pair);
        return;
    }
    pair->connected = true;
    for (unsigned i = 0; i < LINE_ENDS; i++) {
        int size = KERNEL_BYTES;
        uv_recv_buffer_size((uv_handle_t *)&pair->ends[i].tcp, &size);
        uv_tcp_nodelay(&pair->ends[i].tcp, 1);
    }
    set_reading(pair);
}

static struct pair *pair_new(struct relay *relay)
{
    struct pair *pair = calloc(1, sizeof *pair);
    if (!pair)
        return NULL;
    pair->relay = relay;
    pair->number = ++relay->total.connections;
    pair->began_us = pair->last_us = now_us();
    line_init(&pair->line, &relay->options.manner, pair->number, pair->began_us);
    for (unsigned i = 0; i < LINE_ENDS; i++) {
        pair->ends[i].pair = pair;
        uv_tcp_init(relay->loop, &pair->ends[i].tcp);
        pair->ends[i].tcp.data = &pair->ends[i];
    }
    uv_timer_init(relay->loop, &pair->timer);
    pair->timer.data = pair->connect.data = pair;
    pair->handles = LINE_ENDS + 1;
    pair->next = relay->pairs;
    if (pair->next)
        pair->next->previous = pair;
    relay->pairs = pair;
    return pair;
}

static void on_connection(uv_stream_t *server, int status)
{
    struct relay *relay = server->data;
    struct pair *pair = status < 0 ? NULL : pair_new(relay);
    if (!pair)
        return;
    if (uv_accept(server, (uv_stream_t *)&pair->ends[LINE_CLIENT].tcp) != 0 ||
        uv_tcp_connect(&pair->connect, &pair->ends[LINE_HUB].tcp,
                       (const struct sockaddr *)&relay->options.hub, on_connect) != 0)
        close_pair(pair);
}

/* ---- life ---- */

int relay_open(struct relay **out, uv_loop_t *loop, const struct relay_options *options)
{
    struct relay *relay = calloc(1, sizeof *relay);
    if (!relay)
        return UV_ENOMEM;
    relay->loop = loop;
    relay->options = *options;
    uv_tcp_init(loop, &relay->tcp);
    relay->tcp.data = relay;
    int code = uv_tcp_bind(&relay->tcp, (const struct sockaddr *)&options->listen, 0);
    if (code == 0)
        code = uv_listen((uv_stream_t *)&relay->tcp, BACKLOG, on_connection);
    if (code == 0) {
        *out = relay;
        return 0;
    }
    uv_close((uv_handle_t *)&relay->tcp, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    free(relay);
    return code;
}

unsigned relay_port(const struct relay *relay)
{
    struct sockaddr_storage name;
    int size = (int)sizeof name;
    if (uv_tcp_getsockname(&relay->tcp, (struct sockaddr *)&name, &size) != 0)
        return 0;
    return name.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&name)->sin_port)
                                     : ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
}

const struct relay_total *relay_total(const struct relay *relay)
{
    return &relay->total;
}

void relay_close(struct relay *relay)
{
    uv_close((uv_handle_t *)&relay->tcp, NULL);
    for (struct pair *at = relay->pairs; at; at = at->next)
        close_pair(at);
}

void relay_free(struct relay *relay)
{
    free(relay);
}
