#include "tests/bench/load.h"

#include <string.h>
#include <sys/resource.h>

#include "tests/bench/load_client.h"
#include "tests/bench/load_fleet.h"
#include "tests/link/relay.h"
#include "tests/support/must.h"

#define SENDERS 200 /* devices of branches of their own */
#define READERS 25  /* devices of one branch, and one more that writes */
#define SAVES 30    /* that are watched */
#define UNDER_WAY 48
#define POOR_BYTES_A_SECOND 4000 /* 32 kbit/s */
#define POOR_DELAY_MS 600        /* one way */
#define REST_MS 1000             /* until the hub's memory is read */
#define PAUSE_MS 400             /* between watched saves: the receipts of the last have come */
#define WATCHER_DISK_MS 300

enum { GROUP_SENDERS, GROUP_READERS, GROUP_PUSHER, GROUP_POOR, GROUPS };

struct load {
    struct load_size size;
    struct load_fleet fleet;
    struct load_group groups[GROUPS];
    struct load_store *first[GROUPS];
    uv_loop_t loop;
    uv_timer_t timer;
    struct watcher *watchers;
    unsigned started, settled, ended; /* clients */
    unsigned crowd;                   /* how many will watch */
    struct load_store *stores;        /* of these devices */
    size_t stores_count;
    uint64_t ended_ns;    /* when the last client's session was over */
    uint64_t saved_ns;    /* when the watched save left */
    unsigned saves, seen; /* that were watched; watchers that have the last of them */
    double *seen_ms;      /* each of them, of each save */
    size_t seen_count;
};

struct watcher {
    struct load *load;
    struct load_client *client;
    bool settled;
    unsigned seen; /* the last save that it has */
};

static struct load_client *start(struct load *load, struct load_store *store, bool watch,
                                 struct load_client_events events, void *context)
{
    struct load_client_options options = {.loop = &load->loop,
                                          .hub = load->fleet.address,
                                          .store = store,
                                          .watch = watch,
                                          .store_ms = watch ? WATCHER_DISK_MS : 0,
                                          .events = events,
                                          .context = context};
    memcpy(options.hub_key, load->fleet.hub_key, DH_KEY_BYTES);
    return load_client_start(&options);
}

static double seconds_since(uint64_t began_ns)
{
    return (double)(uv_hrtime() - began_ns) / 1e9;
}

static void on_rested(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void rest(struct load *load, uint64_t ms)
{
    uv_timer_start(&load->timer, on_rested, ms, 0);
    uv_run(&load->loop, UV_RUN_DEFAULT);
}

/* ---- sessions one after the other, some at a time ---- */

static void on_session_over(void *context, struct load_client *client);

static void next_session(struct load *load)
{
    unsigned at = load->started++;
    struct load_store *store = load->first[GROUP_SENDERS] + at % SENDERS;
    store->written += LOAD_VISITS;
    start(load, store, false, (struct load_client_events){.over = on_session_over}, load);
}

static void on_session_over(void *context, struct load_client *client)
{
    struct load *load = context;
    const struct load_store *store = load_client_store(client);
    MUST_HOLD(load_client_totals(client)->code == SESSION_DONE);
    MUST_HOLD(frontier_get(&store->held, &store->feed) == store->written);
    load->ended++;
    if (load->started < load->size.sessions)
        next_session(load);
}

static void measure_sessions(struct load *load, struct load_figures *figures)
{
    uint64_t began = uv_hrtime();
    double cpu_s = load_fleet_hub_cpu_s(&load->fleet);
    load->started = load->ended = 0;
    while (load->started < UNDER_WAY && load->started < load->size.sessions)
        next_session(load);
    uv_run(&load->loop, UV_RUN_DEFAULT);
    MUST_HOLD(load->ended == load->size.sessions);
    cpu_s = load_fleet_hub_cpu_s(&load->fleet) - cpu_s;
    figures->sessions_a_second = load->ended / seconds_since(began);
    figures->session_cpu_ms = cpu_s * 1e3 / load->ended;
}

static void on_sent_all(void *context, struct load_client *client)
{
    struct load *load = context;
    const struct load_store *store = load_client_store(client);
    MUST_HOLD(load_client_totals(client)->code == SESSION_DONE);
    load->ended = frontier_get(&store->held, &store->feed) == store->written;
}

static double measure_push(struct load *load)
{
    struct load_store *store = load->first[GROUP_PUSHER];
    uint64_t began = uv_hrtime();
    store->written = load->size.push;
    load->ended = 0;
    start(load, store, false, (struct load_client_events){.over = on_sent_all}, load);
    uv_run(&load->loop, UV_RUN_DEFAULT);
    MUST_HOLD(load->ended == 1);
    return load->size.push / seconds_since(began);
}

/* ---- over a poor line ---- */

static void on_line_ended(void *context, const struct relay_ended *ended)
{
    struct load_figures *figures = context;
    figures->poor_limit_s =
        (double)ended->counts.to_hub / POOR_BYTES_A_SECOND + 2 * 2 * POOR_DELAY_MS / 1e3;
}

static void on_through(void *context, struct load_client *client)
{
    struct load *load = context;
    on_sent_all(load, client);
    load->ended_ns = uv_hrtime();
    uv_stop(&load->loop);
}

static void measure_poor(struct load *load, struct load_figures *figures)
{
    struct load_store *store = load->first[GROUP_POOR];
    struct sockaddr_in hub = load->fleet.address;
    struct relay_options options = {.manner = {1, .bytes_per_s = POOR_BYTES_A_SECOND,
                                               .delay_ms = POOR_DELAY_MS, .stall_percent = 2,
                                               .stall_ms = 1000},
                                    .ended = on_line_ended,
                                    .context = figures};
    struct relay *relay;
    memcpy(&options.hub, &hub, sizeof hub);
    memcpy(&options.listen, &hub, sizeof hub);
    ((struct sockaddr_in *)&options.listen)->sin_port = 0;
    MUST_HOLD(relay_open(&relay, &load->loop, &options) == 0);
    load->fleet.address.sin_port = htons((uint16_t)relay_port(relay));
    store->written = LOAD_VISITS;
    load->ended = 0;
    uint64_t began = uv_hrtime();
    start(load, store, false, (struct load_client_events){.over = on_through}, load);
    uv_run(&load->loop, UV_RUN_DEFAULT);
    MUST_HOLD(load->ended == 1);
    figures->poor_s = (double)(load->ended_ns - began) / 1e9;
    rest(load, 2 * POOR_DELAY_MS); /* its goodbye reaches the hub */
    relay_close(relay);
    uv_run(&load->loop, UV_RUN_DEFAULT);
    relay_free(relay);
    load->fleet.address = hub;
}

/* ---- many that watch ---- */

static void next_watcher(struct load *load);

static void on_settled(void *context, struct load_client *client)
{
    struct watcher *watcher = context;
    struct load *load = watcher->load;
    (void)client;
    if (watcher->settled)
        return;
    watcher->settled = true;
    load->settled++;
    next_watcher(load);
    if (load->settled == load->crowd)
        uv_stop(&load->loop);
}

static void on_arrived(void *context, struct load_client *client)
{
    struct watcher *watcher = context;
    struct load *load = watcher->load;
    (void)client;
    if (watcher->seen == load->saves)
        return;
    watcher->seen = load->saves;
    load->seen_ms[load->seen_count++] = seconds_since(load->saved_ns) * 1e3;
    if (++load->seen == load->crowd)
        uv_stop(&load->loop);
}

static void next_watcher(struct load *load)
{
    static const struct load_client_events events = {.settled = on_settled, .arrived = on_arrived};
    if (load->started == load->crowd)
        return;
    struct watcher *watcher = &load->watchers[load->started];
    struct load_store *store = load->stores + load->started % load->stores_count;
    *watcher = (struct watcher){.load = load};
    load->started++;
    watcher->client = start(load, store, true, events, watcher);
}

/* So many clients connect, some at a time, until each has all that there is. */
static void gather(struct load *load, struct load_store *stores, size_t count, unsigned crowd)
{
    load->watchers = calloc(crowd, sizeof *load->watchers);
    MUST_HOLD(load->watchers);
    load->stores = stores;
    load->stores_count = count;
    load->crowd = crowd;
    load->started = load->settled = 0;
    for (unsigned i = 0; i < UNDER_WAY; i++)
        next_watcher(load);
    uv_run(&load->loop, UV_RUN_DEFAULT);
    MUST_HOLD(load->settled == crowd);
}

static void disperse(struct load *load)
{
    for (unsigned i = 0; i < load->started; i++)
        load_client_stop(load->watchers[i].client);
    uv_run(&load->loop, UV_RUN_DEFAULT);
    free(load->watchers);
    load->watchers = NULL;
}

static void measure_idle(struct load *load, struct load_figures *figures)
{
    double before = load_fleet_hub_bytes(&load->fleet);
    gather(load, load->first[GROUP_SENDERS], SENDERS, load->size.idle);
    rest(load, REST_MS);
    figures->idle_bytes = load_fleet_hub_bytes(&load->fleet);
    figures->idle_bytes_each = (figures->idle_bytes - before) / load->size.idle;
    disperse(load);
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void measure_seen(struct load *load, struct load_figures *figures)
{
    struct load_store *store = load->first[GROUP_READERS]; /* the one that writes */
    load->seen_ms = calloc((size_t)load->size.watchers * SAVES, sizeof *load->seen_ms);
    MUST_HOLD(load->seen_ms);
    gather(load, store + 1, READERS, load->size.watchers);
    struct load_client *writer = start(load, store, true, (struct load_client_events){0}, load);
    rest(load, REST_MS);
    for (load->saves = 1; load->saves <= SAVES; load->saves++) {
        load->seen = 0;
        load->saved_ns = uv_hrtime();
        store->written++;
        load_client_news(writer);
        uv_run(&load->loop, UV_RUN_DEFAULT);
        MUST_HOLD(load->seen == load->crowd);
        rest(load, PAUSE_MS);
    }
    load_client_stop(writer);
    disperse(load);
    qsort(load->seen_ms, load->seen_count, sizeof *load->seen_ms, by_size);
    figures->seen_p50_ms = load->seen_ms[load->seen_count / 2];
    figures->seen_p99_ms = load->seen_ms[load->seen_count * 99 / 100];
    free(load->seen_ms);
}

/* ---- all of it ---- */

static void raise_open_files(void)
{
    struct rlimit files;
    MUST_HOLD(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static void make_fleet(struct load *load)
{
    const struct load_size *size = &load->size;
    bool senders = size->sessions > 0 || size->idle > 0;
    load->groups[GROUP_SENDERS] = (struct load_group){
        senders ? SENDERS : 0, (size->sessions + SENDERS - 1) / SENDERS, LOAD_VISITS, false};
    load->groups[GROUP_READERS] =
        (struct load_group){size->watchers ? READERS + 1 : 0, SAVES, 1, true};
    load->groups[GROUP_PUSHER] = (struct load_group){size->push ? 1 : 0, 1, size->push, true};
    load->groups[GROUP_POOR] = (struct load_group){1, 1, LOAD_VISITS, true};
    load_fleet_make(&load->fleet, load->groups, GROUPS);
    load->first[0] = load->fleet.stores;
    for (unsigned i = 1; i < GROUPS; i++)
        load->first[i] = load->first[i - 1] + load->groups[i - 1].devices;
}

struct load_figures load_measure(const char *hub, const struct load_size *size)
{
    struct load load = {.size = *size};
    struct load_figures figures = {0};
    raise_open_files();
    make_fleet(&load);
    uv_loop_init(&load.loop);
    uv_timer_init(&load.loop, &load.timer);
    load_fleet_start(&load.fleet, hub);
    measure_poor(&load, &figures);
    if (size->push)
        figures.push_a_second = measure_push(&load);
    if (size->sessions)
        measure_sessions(&load, &figures);
    if (size->watchers)
        measure_seen(&load, &figures);
    load_fleet_stop(&load.fleet);
    if (size->idle) { /* of a hub that has done nothing else */
        load_fleet_start(&load.fleet, hub);
        measure_idle(&load, &figures);
    }
    uv_close((uv_handle_t *)&load.timer, NULL);
    uv_run(&load.loop, UV_RUN_DEFAULT);
    uv_loop_close(&load.loop);
    load_fleet_release(&load.fleet);
    return figures;
}
