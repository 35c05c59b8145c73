/* Happy path: bind -> listen -> "ready" -> accept … -> a signal -> stop accepting, BYE to all ->
 * the storage thread finishes -> handles close -> the loop ends. Failures: over a limit the newest
 * connection is closed at once; peers that don't go within STOP_MS after the BYE are cut. */

#include "server/listener.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/invitation.h"
#include "common/mutant.h"
#include "server/connection.h"
#include "server/log.h"

#define CONNECTIONS_MAX 4000u
#define PER_ADDRESS_MAX 32u
#define BACKLOG 512
#define STOP_MS 3000

struct listener {
    struct listener_options options;
    struct connection_host host;
    uv_loop_t loop;
    uv_tcp_t tcp;
    uv_signal_t term, interrupt;
    uv_timer_t patience; /* runs while stopping */
    struct worker *worker;
    struct connection *connections;
    unsigned connections_count;
    bool stopping, worker_stopped;
};

/* ---- stopping ---- */

static void on_worker_closed(void *context)
{
    struct listener *listener = context;
    uv_close((uv_handle_t *)&listener->patience, NULL);
}

static void stop_worker_when_empty(struct listener *listener)
{
    if (!listener->stopping || listener->connections || listener->worker_stopped)
        return;
    listener->worker_stopped = true;
    worker_stop(listener->worker, on_worker_closed, listener);
}

static void on_patience_over(uv_timer_t *timer)
{
    struct listener *listener = timer->data;
    struct connection *next;
    for (struct connection *at = listener->connections; at; at = next) {
        next = connection_next(at);
        connection_stop(at, true);
    }
}

static void stop(struct listener *listener)
{
    if (listener->stopping)
        return;
    listener->stopping = true;
    log_event("stopping", "connections=%u", listener->connections_count);
    uv_close((uv_handle_t *)&listener->tcp, NULL);
    uv_close((uv_handle_t *)&listener->term, NULL);
    uv_close((uv_handle_t *)&listener->interrupt, NULL);
    uv_timer_start(&listener->patience, on_patience_over, STOP_MS, 0);
    struct connection *next;
    for (struct connection *at = listener->connections; at; at = next) {
        next = connection_next(at);
        connection_stop(at, false);
    }
    stop_worker_when_empty(listener);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop(handle->data);
}

/* ---- connections ---- */

static void on_gone(void *context, struct connection *connection)
{
    struct listener *listener = context;
    connection_unlink(connection, &listener->connections);
    listener->connections_count--;
    worker_connected(listener->worker, listener->connections_count);
    stop_worker_when_empty(listener);
}

static void on_news(void *context)
{
    struct listener *listener = context;
    struct connection *next;
    for (struct connection *at = listener->connections; at; at = next) {
        next = connection_next(at);
        connection_news(at);
    }
}

static unsigned count_address(const struct listener *listener, const char *address)
{
    unsigned count = 0;
    for (const struct connection *at = listener->connections; at; at = connection_next(at))
        count += strcmp(connection_address(at), address) == 0;
    return count;
}

/* Several people of one office share an address, and tests share loopback; nobody shares 33. */
static bool too_many(const struct listener *listener, const struct connection *connection)
{
    const char *address = connection_address(connection);
    if (listener->connections_count > listener->options.connections_max &&
        !MUTANT("t15-any-number-of-connections"))
        return true;
    if (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0)
        return false;
    return count_address(listener, address) > listener->options.per_address_max &&
           !MUTANT("t15-any-number-of-connections");
}

static void on_connection(uv_stream_t *server, int status)
{
    struct listener *listener = server->data;
    if (status < 0 || listener->stopping)
        return;
    struct connection *connection = connection_new(&listener->host);
    if (!connection)
        return;
    connection_link(connection, &listener->connections);
    listener->connections_count++;
    worker_connected(listener->worker, listener->connections_count);
    if (uv_accept(server, (uv_stream_t *)connection_handle(connection)) != 0) {
        connection_stop(connection, true);
        return;
    }
    connection_start(connection, uv_now(&listener->loop));
    if (too_many(listener, connection)) {
        log_event("refused", "peer=%s reason=too_many", connection_address(connection));
        connection_stop(connection, true);
    }
}

/* ---- starting ---- */

static enum status bind_address(struct listener *listener, const char *host, uint16_t port,
                                struct error *err)
{
    struct sockaddr_storage address;
    int code = uv_ip4_addr(host, port, (struct sockaddr_in *)&address);
    if (code < 0)
        code = uv_ip6_addr(host, port, (struct sockaddr_in6 *)&address);
    if (code < 0)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a numeric address to listen on", host);
    code = uv_tcp_bind(&listener->tcp, (struct sockaddr *)&address, 0);
    if (code == 0)
        code = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
    if (code < 0)
        return error_set(err, STATUS_STORAGE, "cannot listen on '%s' port %u: %s", host,
                         (unsigned)port, uv_strerror(code));
    return STATUS_OK;
}

static void print_ready(struct listener *listener, const char *host)
{
    struct sockaddr_storage address;
    int size = (int)sizeof address;
    unsigned port = 0;
    if (uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&address, &size) == 0)
        port = address.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&address)->sin_port)
                                            : ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    bool v6 = strchr(host, ':') != NULL;
    printf("ready listen=%s%s%s:%u http=-\n", v6 ? "[" : "", host, v6 ? "]" : "", port);
    fflush(stdout);
    log_event("ready", "port=%u", port);
}

static void init_handles(struct listener *listener)
{
    uv_loop_init(&listener->loop);
    uv_tcp_init(&listener->loop, &listener->tcp);
    uv_timer_init(&listener->loop, &listener->patience);
    uv_signal_init(&listener->loop, &listener->term);
    uv_signal_init(&listener->loop, &listener->interrupt);
    listener->tcp.data = listener;
    listener->patience.data = listener;
    listener->term.data = listener;
    listener->interrupt.data = listener;
}

static void close_handles(struct listener *listener)
{
    uv_close((uv_handle_t *)&listener->tcp, NULL);
    uv_close((uv_handle_t *)&listener->patience, NULL);
    uv_close((uv_handle_t *)&listener->term, NULL);
    uv_close((uv_handle_t *)&listener->interrupt, NULL);
}

static enum status serve(struct listener *listener, struct hub *hub, struct error *err)
{
    char host[INVITATION_ADDRESS_MAX + 1];
    uint16_t port;
    enum status status = address_split(listener->options.address, host, &port, err);
    if (status == STATUS_OK)
        status = bind_address(listener, host, port, err);
    if (status == STATUS_OK)
        status = worker_start(&listener->worker, &listener->loop, hub, on_news, listener, err);
    if (status != STATUS_OK) {
        close_handles(listener);
        uv_run(&listener->loop, UV_RUN_DEFAULT);
        return status;
    }
    listener->host.worker = listener->worker;
    uv_signal_start(&listener->term, on_signal, SIGTERM);
    uv_signal_start(&listener->interrupt, on_signal, SIGINT);
    print_ready(listener, host);
    uv_run(&listener->loop, UV_RUN_DEFAULT);
    worker_free(listener->worker);
    return STATUS_OK;
}

enum status listener_run(struct hub *hub, const struct listener_options *options, struct error *err)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    signal(SIGPIPE, SIG_IGN);
    listener->options = *options;
    if (!listener->options.connections_max)
        listener->options.connections_max = CONNECTIONS_MAX;
    if (!listener->options.per_address_max)
        listener->options.per_address_max = PER_ADDRESS_MAX;
    init_handles(listener);
    listener->host = (struct connection_host){.loop = &listener->loop,
                                              .network = *replica_network(hub->replica),
                                              .link = replica_identity(hub->replica)->dh,
                                              .gone = on_gone,
                                              .context = listener};
    enum status status = serve(listener, hub, err);
    uv_loop_close(&listener->loop);
    dh_key_release(&listener->host.link);
    free(listener);
    return status;
}
