/* Happy path: bind -> listen -> "ready" -> accept … -> a signal -> stop accepting, BYE to all ->
 * the storage thread finishes -> handles close -> the loop ends. Failures: over a limit the oldest
 * stranger is cut, or the newest one when it is the only one; peers that don't go within STOP_MS
 * after the BYE are cut. */

#include "server/listener.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

#include "common/invitation.h"
#include "common/messages.h"
#include "common/mutant.h"
#include "server/connection.h"
#include "server/console.h"
#include "server/late.h"
#include "server/log.h"
#include "server/running.h"

#define CONNECTIONS_MAX 4000u
#define PER_ADDRESS_MAX 32u
#define PER_DEVICE_MAX 4u
#define GREEDY_BYTES_MAX (8u * 1024 * 1024) /* of half frames above their share, all together */
#define FILES_BESIDE 64u                    /* open files that aren't connections */
#define BACKLOG 512
#define KNOWN_SLOTS 1024u
#define STOP_MS 3000

struct listener {
    struct listener_options options;
    struct connection_host host;
    struct link_ring links;
    uv_loop_t loop;
    uv_tcp_t tcp;
    uv_signal_t term, interrupt;
    uv_timer_t patience; /* runs while stopping */
    struct worker *worker;
    /* Newest first. Known ones by roster index, so that neither a new connection nor a device that
     * comes again makes us look through all. */
    struct connection *strangers, *known[KNOWN_SLOTS];
    unsigned connections_count, known_count;
    uint64_t accepted, sessions, shed; /* ever */
    struct running running;
    struct console *console; /* NULL: none, or closed */
    bool stopping, worker_stopped;
};

/* ---- all of them ---- */

static void each_of(struct connection *list, void (*act)(struct connection *connection))
{
    struct connection *next;
    for (struct connection *at = list; at; at = next) {
        next = connection_next(at);
        act(at);
    }
}

static void each(struct listener *listener, void (*act)(struct connection *connection))
{
    each_of(listener->strangers, act);
    for (unsigned i = 0; i < KNOWN_SLOTS; i++)
        each_of(listener->known[i], act);
}

/* Where a connection stands, by who it is. */
static struct connection **list_of(struct listener *listener, const struct connection *connection)
{
    uint32_t device = connection_device(connection);
    return device ? &listener->known[device % KNOWN_SLOTS] : &listener->strangers;
}

static void cut(struct connection *connection)
{
    connection_stop(connection, true);
}

static void say_goodbye(struct connection *connection)
{
    connection_stop(connection, false);
}

/* ---- stopping ---- */

static void on_worker_closed(void *context)
{
    struct listener *listener = context;
    uv_close((uv_handle_t *)&listener->patience, NULL);
}

static void stop_worker_when_empty(struct listener *listener)
{
    if (!listener->stopping || listener->connections_count > 0 || listener->console ||
        listener->worker_stopped)
        return;
    listener->worker_stopped = true;
    worker_stop(listener->worker, on_worker_closed, listener);
}

static void on_console_closed(void *context)
{
    struct listener *listener = context;
    listener->console = NULL;
    stop_worker_when_empty(listener);
}

static void on_patience_over(uv_timer_t *timer)
{
    each(timer->data, cut);
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
    worker_hurry(listener->worker);
    each(listener, say_goodbye);
    if (listener->console)
        console_close(listener->console, on_console_closed, listener);
    stop_worker_when_empty(listener);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop(handle->data);
}

/* ---- connections ---- */

static void tell(const struct listener *listener)
{
    running_tell(&listener->running,
                 (struct running_counts){listener->known_count,
                                         listener->connections_count - listener->known_count});
}

static void on_gone(void *context, struct connection *connection)
{
    struct listener *listener = context;
    connection_unlink(connection, list_of(listener, connection));
    listener->connections_count--;
    if (connection_device(connection) != 0)
        listener->known_count--;
    tell(listener);
    stop_worker_when_empty(listener);
}

static void on_news(void *context)
{
    struct listener *listener = context;
    each(listener, connection_news);
    if (listener->console)
        console_news(listener->console);
}

/* ---- limits ---- */

/* The strangers, all and those of one address; the list begins with the newest, so that the last
 * one found is the oldest. */
struct strangers {
    struct connection *oldest, *oldest_here, *oldest_greedy;
    unsigned here;
};

/* Who hasn't knocked goes before who has, and the older one first. */
static struct connection *first_to_go(struct connection *newer, struct connection *older)
{
    bool spared = newer && connection_has_knocked(older) && !connection_has_knocked(newer);
    return spared ? newer : older;
}

static struct strangers find_strangers(const struct listener *listener, const char *address)
{
    struct strangers found = {0};
    for (struct connection *at = listener->strangers; at; at = connection_next(at)) {
        if (connection_leaving(at))
            continue;
        found.oldest = first_to_go(found.oldest, at);
        if (connection_greedy_bytes(at) > 0)
            found.oldest_greedy = at;
        if (!address || strcmp(connection_address(at), address) != 0)
            continue;
        found.oldest_here = first_to_go(found.oldest_here, at);
        found.here++;
    }
    return found;
}

static void shed(struct listener *listener, struct connection *connection, const char *reason)
{
    listener->shed++;
    if (log_within(&listener->host.log_limit))
        log_event("shed", "peer=%s reason=%s", connection_address(connection), reason);
    connection_stop(connection, true);
}

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* People of one office share an address, but each is a stranger for a moment only. What stands on
 * the hub's own machine, a relay, speaks for many. */
static void make_room(struct listener *listener, struct connection *newest)
{
    const char *address = connection_address(newest);
    unsigned per_address = listener->options.per_address_max;
    if (per_address == 0)
        per_address = is_loopback(address) ? UINT32_MAX : PER_ADDRESS_MAX;
    struct strangers strangers = find_strangers(listener, address);
    if (MUTANT("t15-any-number-of-connections"))
        return;
    if (strangers.here > per_address)
        shed(listener, strangers.oldest_here, "address");
    else if (listener->connections_count > listener->options.connections_max)
        shed(listener, strangers.oldest, "full");
}

static void on_greedy(void *context)
{
    struct listener *listener = context;
    if (listener->host.greedy_bytes > GREEDY_BYTES_MAX)
        shed(listener, find_strangers(listener, NULL).oldest_greedy, "half_frames");
}

static void on_known(void *context, struct connection *connection)
{
    struct listener *listener = context;
    struct connection *oldest = NULL;
    unsigned count = 0;
    connection_unlink(connection, &listener->strangers);
    connection_link(connection, list_of(listener, connection));
    listener->known_count++;
    listener->sessions++;
    tell(listener);
    for (struct connection *at = connection; at; at = connection_next(at)) {
        if (connection_device(at) != connection_device(connection) || connection_leaving(at))
            continue;
        oldest = at;
        count++;
    }
    if (count <= listener->options.per_device_max)
        return;
    listener->shed++;
    log_event("shed", "device=%u reason=device", connection_device(connection));
    connection_stop(oldest, false);
}

static void on_connection(uv_stream_t *server, int status)
{
    struct listener *listener = server->data;
    if (status < 0 || listener->stopping)
        return;
    struct connection *connection = connection_new(&listener->host);
    if (!connection)
        return;
    connection_link(connection, &listener->strangers);
    listener->connections_count++;
    listener->accepted++;
    tell(listener);
    if (uv_accept(server, (uv_stream_t *)connection_handle(connection)) != 0) {
        connection_stop(connection, true);
        return;
    }
    connection_start(connection, uv_now(&listener->loop));
    make_room(listener, connection);
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

static void figures(void *context, struct console_figures *out)
{
    const struct listener *listener = context;
    *out = (struct console_figures){
        .known = listener->known_count,
        .strangers = listener->connections_count - listener->known_count,
        .accepted = listener->accepted,
        .sessions = listener->sessions,
        .shed = listener->shed,
        .bytes_in = listener->host.bytes_in,
        .bytes_out = listener->host.bytes_out,
    };
}

static bool connected(void *context, uint32_t device)
{
    const struct listener *listener = context;
    const struct connection *at = listener->known[device % KNOWN_SLOTS];
    while (at && (connection_device(at) != device || connection_leaving(at)))
        at = connection_next(at);
    return at != NULL;
}

static enum status open_console(struct listener *listener, const struct hub *hub, struct error *err)
{
    struct console_options options = {.address = listener->options.http,
                                      .tls = listener->options.tls,
                                      .name = listener->options.http_name,
                                      .metrics_token = listener->options.metrics_token,
                                      .listen = listener->options.address,
                                      .worker = listener->worker,
                                      .hub = hub->options,
                                      .figures = figures,
                                      .connected = connected,
                                      .context = listener};
    return options.address ? console_open(&listener->console, &listener->loop, &options, err)
                           : STATUS_OK;
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
    printf("ready listen=%s%s%s:%u http=%s\n", v6 ? "[" : "", host, v6 ? "]" : "", port,
           listener->console ? console_address(listener->console) : "-");
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

/* A hub that didn't run for a while has its link keys and its beacon to renew first. */
static enum status begin_day(struct hub *hub, struct link_ring *links, struct error *err)
{
    TRY(replica_begin(hub->replica, err));
    enum status status = late_raise_beacon(hub, err);
    if (status == STATUS_OK)
        status = replica_commit(hub->replica, err);
    else
        replica_rollback(hub->replica);
    hub->links = links;
    return status == STATUS_OK ? link_ring_load(links, hub, err) : status;
}

static enum status serve(struct listener *listener, struct hub *hub, struct error *err)
{
    char host[INVITATION_ADDRESS_MAX + 1];
    uint16_t port;
    enum status status = address_split(listener->options.address, host, &port, err);
    if (status == STATUS_OK)
        status = bind_address(listener, host, port, err);
    if (status == STATUS_OK)
        status = begin_day(hub, &listener->links, err);
    if (status == STATUS_OK)
        status = worker_start(&listener->worker, &listener->loop, hub, on_news, listener, err);
    if (status == STATUS_OK) {
        listener->host.worker = listener->worker;
        status = open_console(listener, hub, err);
        if (status != STATUS_OK)
            stop(listener);
    } else {
        close_handles(listener);
    }
    if (status != STATUS_OK) {
        uv_run(&listener->loop, UV_RUN_DEFAULT);
        worker_free(listener->worker);
        return status;
    }
    uv_signal_start(&listener->term, on_signal, SIGTERM);
    uv_signal_start(&listener->interrupt, on_signal, SIGINT);
    language_set(LANGUAGE_EN); /* from here on sentences go to the log */
    print_ready(listener, host);
    uv_run(&listener->loop, UV_RUN_DEFAULT);
    worker_free(listener->worker);
    return STATUS_OK;
}

/* As many files as the system lets us open, and no more connections than that. */
static void fit_connections(struct listener_options *options)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < (rlim_t)options->connections_max + FILES_BESIDE) {
        options->connections_max = files.rlim_cur > 2 * FILES_BESIDE
                                       ? (unsigned)files.rlim_cur - FILES_BESIDE
                                       : FILES_BESIDE;
        log_event("limit", "open_files=%llu connections=%u", (unsigned long long)files.rlim_cur,
                  options->connections_max);
    }
}

static void set_options(struct listener *listener, const struct listener_options *options)
{
    listener->options = *options;
    if (listener->options.connections_max == 0)
        listener->options.connections_max = CONNECTIONS_MAX;
    if (listener->options.per_device_max == 0)
        listener->options.per_device_max = PER_DEVICE_MAX;
    if (listener->options.handshake_ms == 0)
        listener->options.handshake_ms = SESSION_HANDSHAKE_MS;
    if (listener->options.silence_ms == 0)
        listener->options.silence_ms = SESSION_SILENCE_MS;
    fit_connections(&listener->options);
}

enum status listener_run(struct hub *hub, const struct listener_options *options, struct error *err)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status = running_open(&listener->running, options->directory, err);
    if (status != STATUS_OK) {
        free(listener);
        return status;
    }
    signal(SIGPIPE, SIG_IGN);
    set_options(listener, options);
    init_handles(listener);
    link_ring_start(&listener->links);
    listener->host = (struct connection_host){.loop = &listener->loop,
                                              .network = *replica_network(hub->replica),
                                              .links = &listener->links,
                                              .handshake_ms = listener->options.handshake_ms,
                                              .silence_ms = listener->options.silence_ms,
                                              .greedy = on_greedy,
                                              .known = on_known,
                                              .gone = on_gone,
                                              .context = listener};
    status = serve(listener, hub, err);
    uv_loop_close(&listener->loop);
    link_ring_release(&listener->links);
    running_close(&listener->running);
    free(listener);
    return status;
}
