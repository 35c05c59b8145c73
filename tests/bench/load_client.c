/* Happy path: connect -> session STARTED -> read/write with the store's answers, those to what
 * arrived after store_ms -> over -> the last write leaves -> close.
 * Failures: none is expected, and the bench stops. */

#include "tests/bench/load_client.h"
#include "tests/support/must.h"

#include <string.h>

#define READ_BYTES 65536

struct load_client {
    struct load_client_options options;
    struct session *session;
    struct load_reply reply;
    uv_tcp_t tcp;
    uv_timer_t timer, disk;
    uv_connect_t connect;
    unsigned handles, writes;
    bool over, closing;
};

struct write {
    uv_write_t request;
    struct load_client *client;
    char data[];
};

static char read_area[READ_BYTES]; /* the loop reads for one connection at a time */

static void step(struct load_client *client, struct session_event event);

/* ---- ending ---- */

static void on_closed(uv_handle_t *handle)
{
    struct load_client *client = handle->data;
    if (--client->handles > 0)
        return;
    if (client->options.events.over)
        client->options.events.over(client->options.context, client);
    session_free(client->session);
    load_reply_release(&client->reply);
    free(client);
}

static void close_handles(struct load_client *client)
{
    if (client->closing)
        return;
    client->closing = true;
    uv_close((uv_handle_t *)&client->tcp, on_closed);
    uv_close((uv_handle_t *)&client->timer, on_closed);
    uv_close((uv_handle_t *)&client->disk, on_closed);
}

/* ---- the wire ---- */

static void on_write(uv_write_t *request, int status)
{
    struct write *write = (struct write *)request;
    struct load_client *client = write->client;
    free(write);
    client->writes--;
    MUST_HOLD(status == 0 || client->over || client->closing);
    if (client->over && client->writes == 0)
        close_handles(client);
}

static void send_bytes(struct load_client *client, struct bytes bytes)
{
    struct write *write = malloc(sizeof *write + bytes.size);
    MUST_HOLD(write);
    write->client = client;
    memcpy(write->data, bytes.data, bytes.size);
    uv_buf_t buffer = uv_buf_init(write->data, (unsigned)bytes.size);
    MUST_HOLD(uv_write(&write->request, (uv_stream_t *)&client->tcp, &buffer, 1, on_write) == 0);
    client->writes++;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(read_area, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct load_client *client = stream->data;
    if (client->closing || size == 0)
        return;
    if (size < 0) {
        MUST_HOLD(client->over);
        close_handles(client);
        return;
    }
    step(client, (struct session_event){.kind = SESSION_BYTES,
                                        .bytes = bytes_of(buffer->base, (size_t)size)});
}

/* ---- the session ---- */

static void on_timer(uv_timer_t *timer)
{
    struct load_client *client = timer->data;
    if (!client->closing)
        step(client, (struct session_event){.kind = SESSION_TICK});
}

static void set_timer(struct load_client *client)
{
    uint64_t deadline = session_deadline_ms(client->session);
    uint64_t now = uv_now(client->options.loop);
    if (deadline == UINT64_MAX)
        uv_timer_stop(&client->timer);
    else
        uv_timer_start(&client->timer, on_timer, deadline > now ? deadline - now : 1, 0);
}

static void on_disk(uv_timer_t *timer)
{
    struct load_client *client = timer->data;
    if (!client->closing)
        step(client,
             (struct session_event){.kind = SESSION_ANSWER, .answer = &client->reply.answer});
}

/* True when the answer is there at once. */
static bool answer(struct load_client *client, const struct session_question *question)
{
    const struct load_client_options *options = &client->options;
    bool store = question->ask == ASK_STORE;
    load_store_answer(options->store, question, &client->reply);
    if (store && options->events.arrived)
        options->events.arrived(options->context, client);
    if (!store || options->store_ms == 0)
        return true;
    uv_timer_start(&client->disk, on_disk, (uint64_t)rand() % options->store_ms + 1, 0);
    return false;
}

static void step(struct load_client *client, struct session_event event)
{
    struct session_update update;
    for (;;) {
        event.now_ms = uv_now(client->options.loop);
        MUST(session_step(client->session, &event, &update, err));
        if (update.send.size > 0)
            send_bytes(client, update.send);
        client->over |= update.over;
        if (update.settled && client->options.events.settled)
            client->options.events.settled(client->options.context, client);
        if (!update.question || !answer(client, update.question))
            break;
        event = (struct session_event){.kind = SESSION_ANSWER, .answer = &client->reply.answer};
    }
    if (client->over && client->writes == 0)
        close_handles(client);
    else if (!client->closing)
        set_timer(client);
}

static void on_connect(uv_connect_t *request, int status)
{
    struct load_client *client = request->data;
    MUST_HOLD(status == 0);
    uv_tcp_nodelay(&client->tcp, 1);
    uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read);
    step(client, (struct session_event){.kind = SESSION_STARTED});
}

/* ---- for the driver ---- */

struct load_client *load_client_start(const struct load_client_options *options)
{
    struct load_client *client = calloc(1, sizeof *client);
    MUST_HOLD(client);
    client->options = *options;
    client->handles = 3;
    struct session_options session = {.role = SESSION_INITIATOR,
                                      .network = options->store->network,
                                      .local = options->store->dh,
                                      .sign = options->store->sign,
                                      .watch = options->watch};
    memcpy(session.remote, options->hub_key, DH_KEY_BYTES);
    MUST(session_new(&client->session, &session, err));
    uv_tcp_init(options->loop, &client->tcp);
    uv_timer_init(options->loop, &client->timer);
    uv_timer_init(options->loop, &client->disk);
    client->tcp.data = client->timer.data = client->disk.data = client->connect.data = client;
    MUST_HOLD(uv_tcp_connect(&client->connect, &client->tcp, (const struct sockaddr *)&options->hub,
                             on_connect) == 0);
    return client;
}

void load_client_news(struct load_client *client)
{
    step(client, (struct session_event){.kind = SESSION_LOCAL});
}

void load_client_stop(struct load_client *client)
{
    if (!client->over && !client->closing)
        step(client, (struct session_event){.kind = SESSION_STOP});
}

const struct session_totals *load_client_totals(const struct load_client *client)
{
    return session_totals(client->session);
}

struct load_store *load_client_store(const struct load_client *client)
{
    return client->options.store;
}
