/* Happy path: start -> read (through the cover) -> request complete: stop reading -> asked() ->
 * answer -> write -> written: bytes that came behind are fed, then read again. A stream is answered
 * once and then gets events and, when quiet, heartbeats. Failures: a request that breaks a rule is
 * refused and the line closed after the write; lost, too slow or refusing to read: closed at
 * once. */

#include "web/web_line.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "web/web_parser.h"

#define READ_BYTES 16384
#define WRITE_MS 30000

struct web_call {
    struct web_line *line;
};

enum line_state { LINE_READING, LINE_ANSWERING, LINE_WRITING, LINE_STREAMING };

struct web_line {
    uv_tcp_t tcp;
    uv_timer_t timer;
    const struct web_line_host *host;
    struct web_covered *covered; /* NULL: it has no cover */
    bool heard;                  /* something readable came through it */
    struct web_parser *parser;
    struct buffer behind; /* came after the request that is being answered */
    struct web_call call;
    enum line_state state;
    bool last; /* close after the write */
    bool closing;
    int handles_open;
    struct web_line *before, *next;
    char area[READ_BYTES];
};

struct line_write {
    uv_write_t request;
    struct web_line *line;
    bool said; /* by the program; else by the cover alone */
    char data[];
};

static void take(struct web_line *line, struct bytes in);
static void read_on(struct web_line *line);

/* ---- ending ---- */

static void free_when_over(struct web_line *line)
{
    if (line->handles_open > 0 || line->state == LINE_ANSWERING)
        return;
    line->host->gone(line->host->context, line);
    if (line->covered)
        line->host->cover->free(line->covered);
    web_parser_free(line->parser);
    buffer_release(&line->behind);
    free(line);
}

static void on_closed(uv_handle_t *handle)
{
    struct web_line *line = handle->data;
    line->handles_open--;
    free_when_over(line);
}

void web_line_close(struct web_line *line)
{
    if (line->closing)
        return;
    line->closing = true;
    uv_close((uv_handle_t *)&line->timer, on_closed);
    uv_close((uv_handle_t *)&line->tcp, on_closed);
}

static void on_too_slow(uv_timer_t *timer)
{
    web_line_close(timer->data);
}

static void set_deadline(struct web_line *line, uint64_t ms)
{
    uv_timer_start(&line->timer, on_too_slow, ms, 0);
}

/* ---- writing ---- */

static void on_written(uv_write_t *request, int status)
{
    struct line_write *write = (struct line_write *)request;
    struct web_line *line = write->line;
    bool said = write->said;
    free(write);
    if (line->closing || (!said && status == 0))
        return;
    if (status < 0 || line->last) {
        web_line_close(line);
        return;
    }
    if (line->state == LINE_WRITING)
        read_on(line);
}

/* As they go over the network. */
static void put(struct web_line *line, struct bytes bytes, bool said)
{
    struct line_write *write = malloc(sizeof *write + bytes.size);
    if (!write) {
        web_line_close(line);
        return;
    }
    write->line = line;
    write->said = said;
    memcpy(write->data, bytes.data, bytes.size);
    uv_buf_t buffer = uv_buf_init(write->data, (unsigned)bytes.size);
    if (uv_write(&write->request, (uv_stream_t *)&line->tcp, &buffer, 1, on_written) < 0) {
        free(write);
        web_line_close(line);
    }
}

static void write_bytes(struct web_line *line, struct bytes bytes)
{
    const struct web_cover *cover = line->host->cover;
    struct buffer sealed = {0};
    if (!line->covered) {
        put(line, bytes, true);
        return;
    }
    enum status status = cover->seal(line->covered, bytes, &sealed);
    if (status == STATUS_OK && line->last)
        status = cover->end(line->covered, &sealed);
    if (status == STATUS_OK)
        put(line, buffer_bytes(&sealed), true);
    else
        web_line_close(line);
    buffer_release(&sealed);
}

static void write_reply(struct web_line *line, const struct web_reply *reply)
{
    struct buffer out = {0};
    line->last = !reply->keep_alive;
    if (web_reply_write(reply, &out) == STATUS_OK) {
        set_deadline(line, WRITE_MS);
        write_bytes(line, buffer_bytes(&out));
    } else {
        web_line_close(line);
    }
    buffer_release(&out);
}

static void turn_away(struct web_line *line, int status)
{
    const char *text = web_status_text(status);
    struct web_reply reply = {
        .status = status, .type = "text/plain; charset=utf-8", .body = bytes_text(text)};
    uv_read_stop((uv_stream_t *)&line->tcp);
    line->state = LINE_WRITING;
    write_reply(line, &reply);
}

/* ---- the program's side ---- */

const struct web_request *web_call_request(const struct web_call *call)
{
    return web_parser_request(call->line->parser);
}

/* Back from the program; false: the line went away meanwhile. */
static bool answered(struct web_line *line, enum line_state next)
{
    line->state = next;
    if (!line->closing)
        return true;
    free_when_over(line);
    return false;
}

void web_call_answer(struct web_call *call, const struct web_reply *reply)
{
    struct web_line *line = call->line;
    const struct web_request *request = web_parser_request(line->parser);
    struct web_reply full = *reply;
    if (!answered(line, LINE_WRITING))
        return;
    full.head_only = request->method == WEB_HEAD;
    full.keep_alive = request->keep_alive && reply->status < 500;
    write_reply(line, &full);
}

static void on_quiet(uv_timer_t *timer)
{
    web_line_tell(timer->data, bytes_text(":\n\n"));
}

void web_call_stream(struct web_call *call)
{
    struct web_line *line = call->line;
    struct web_reply reply = {
        .status = 200, .type = "text/event-stream", .keep_alive = true, .stream = true};
    if (!answered(line, LINE_STREAMING))
        return;
    write_reply(line, &reply);
    if (line->closing)
        return;
    uv_timer_start(&line->timer, on_quiet, WEB_HEARTBEAT_MS, WEB_HEARTBEAT_MS);
    read_on(line); /* only to see it go */
}

bool web_line_streams(const struct web_line *line)
{
    return line->state == LINE_STREAMING && !line->closing;
}

bool web_line_strange(const struct web_line *line)
{
    return line->covered && !line->heard && !line->closing;
}

void web_call_address(const struct web_call *call, char text[WEB_ADDRESS_BYTES])
{
    struct sockaddr_storage name;
    int size = sizeof name;
    text[0] = '\0';
    if (uv_tcp_getpeername(&call->line->tcp, (struct sockaddr *)&name, &size) == 0)
        uv_ip_name((struct sockaddr *)&name, text, WEB_ADDRESS_BYTES);
}

void web_line_tell(struct web_line *line, struct bytes event)
{
    if (!web_line_streams(line))
        return;
    if (uv_stream_get_write_queue_size((uv_stream_t *)&line->tcp) > WEB_UNSENT_MAX)
        web_line_close(line);
    else
        write_bytes(line, event);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct web_line *line = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(line->area, READ_BYTES);
}

static void hear(struct web_line *line, struct bytes in)
{
    if (line->state == LINE_READING && !line->closing && in.size > 0)
        take(line, in);
}

static void uncover(struct web_line *line, struct bytes in)
{
    struct buffer plain = {0}, out = {0};
    enum status status = line->host->cover->open(line->covered, in, &plain, &out);
    line->heard |= plain.size > 0;
    if (out.size > 0)
        put(line, buffer_bytes(&out), false);
    if (status == STATUS_OK)
        hear(line, buffer_bytes(&plain));
    else
        web_line_close(line);
    if (plain.data)
        sodium_memzero(plain.data, plain.size);
    buffer_release(&plain);
    buffer_release(&out);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct web_line *line = stream->data;
    if (line->closing || size == 0)
        return;
    if (size < 0) {
        web_line_close(line);
        return;
    }
    if (line->covered)
        uncover(line, bytes_of(buffer->base, (size_t)size));
    else
        hear(line, bytes_of(buffer->base, (size_t)size));
    sodium_memzero(line->area, (size_t)size); /* it may hold a passphrase */
}

/* Feed what came; when a request is complete, the rest waits in `behind`. */
static void take(struct web_line *line, struct bytes in)
{
    size_t taken;
    bool waited = web_parser_waiting(line->parser);
    enum web_progress progress = web_parser_feed(line->parser, in, &taken);
    if (progress == WEB_REFUSED) {
        turn_away(line, web_parser_refusal(line->parser));
        return;
    }
    if (progress == WEB_MORE) {
        if (!waited && web_parser_waiting(line->parser))
            set_deadline(line, WEB_REQUEST_MS);
        return;
    }
    uv_read_stop((uv_stream_t *)&line->tcp);
    uv_timer_stop(&line->timer);
    if (buffer_append(&line->behind, in.data + taken, in.size - taken) != STATUS_OK) {
        web_line_close(line);
        return;
    }
    line->state = LINE_ANSWERING;
    line->host->asked(line->host->context, &line->call);
}

/* After an answer: first what came behind the request, then the socket. */
static void read_on(struct web_line *line)
{
    struct buffer behind = line->behind;
    if (line->state == LINE_STREAMING) {
        uv_read_start((uv_stream_t *)&line->tcp, on_alloc, on_read);
        return;
    }
    line->behind = (struct buffer){0};
    line->state = LINE_READING;
    web_parser_next(line->parser);
    set_deadline(line, WEB_IDLE_MS);
    if (uv_read_start((uv_stream_t *)&line->tcp, on_alloc, on_read) < 0)
        web_line_close(line);
    else if (behind.size > 0)
        take(line, buffer_bytes(&behind));
    if (behind.data)
        sodium_memzero(behind.data, behind.size);
    buffer_release(&behind);
}

/* ---- life ---- */

struct web_line *web_line_new(const struct web_line_host *host)
{
    struct web_line *line = calloc(1, sizeof *line);
    if (!line)
        return NULL;
    if (host->cover)
        line->covered = host->cover->begin(host->cover->context);
    if ((host->cover && !line->covered) ||
        web_parser_new(&line->parser, WEB_BODY_BYTES_MAX, NULL) != STATUS_OK) {
        if (line->covered)
            host->cover->free(line->covered);
        free(line);
        return NULL;
    }
    line->host = host;
    line->call.line = line;
    uv_tcp_init(host->loop, &line->tcp);
    uv_timer_init(host->loop, &line->timer);
    line->tcp.data = line->timer.data = line;
    line->handles_open = 2;
    return line;
}

uv_tcp_t *web_line_tcp(struct web_line *line)
{
    return &line->tcp;
}

void web_line_start(struct web_line *line)
{
    uv_tcp_nodelay(&line->tcp, 1);
    set_deadline(line, line->covered ? WEB_HANDSHAKE_MS : WEB_REQUEST_MS);
    if (uv_read_start((uv_stream_t *)&line->tcp, on_alloc, on_read) < 0)
        web_line_close(line);
}

void web_line_link(struct web_line *line, struct web_line **first)
{
    line->before = NULL;
    line->next = *first;
    if (*first)
        (*first)->before = line;
    *first = line;
}

void web_line_unlink(struct web_line *line, struct web_line **first)
{
    if (line->before)
        line->before->next = line->next;
    else
        *first = line->next;
    if (line->next)
        line->next->before = line->before;
}

struct web_line *web_line_next(const struct web_line *line)
{
    return line->next;
}
