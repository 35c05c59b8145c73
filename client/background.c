/* Happy path: open the folder -> recall the hub -> link: connected, settled, settled … -> the pages
 * close: goodbye -> joined. Failures: unreachable, or lost on the way: pause (1 s, doubled up to
 * 60 s, jittered; a settled exchange begins anew), then again. Refused or a broken promise: the
 * same pauses, since somebody may mend it, but the state says so. */

#include "client/background.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "client/cleaning.h"
#include "client/folder.h"
#include "client/link.h"
#include "client/remember.h"
#include "client/revoked.h"
#include "common/wipe.h"

#define PAUSE_MIN_MS 1000u
#define PAUSE_MAX_MS 60000u

enum background_phase { NOT_JOINED, CONNECTING, CONNECTED, UNREACHABLE, REFUSED, FAILED };
static const char *const phase_names[] = {"not_joined",  "connecting", "connected",
                                          "unreachable", "refused",    "failed"};

struct background {
    const struct cli *cli;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what stands below */
    pthread_cond_t wake;
    bool stopping, hurry;
    enum background_phase phase;
    int64_t since_ms, settled_ms; /* settled_ms 0: never */
    uint64_t sent, received;
    struct error error;
    struct goodbye *goodbye;
    uv_async_t async;
    background_told *told;
    void *context;
    struct clock clock;
    struct replica *replica; /* of the thread alone */
    void (*closed)(void *context);
    void *closed_context;
};

/* ---- on the thread ---- */

static void turn_to(struct background *background, enum background_phase phase,
                    const struct error *why)
{
    pthread_mutex_lock(&background->lock);
    if (background->phase != phase)
        background->since_ms = clock_wall_ms(&background->clock);
    background->phase = phase;
    background->error = why ? *why : (struct error){0};
    pthread_mutex_unlock(&background->lock);
    uv_async_send(&background->async);
}

static void on_settled(void *context, const struct session_totals *totals)
{
    struct background *background = context;
    remember_sync(background->replica, NULL);
    pthread_mutex_lock(&background->lock);
    background->settled_ms = clock_wall_ms(&background->clock);
    background->sent = totals->sent;
    background->received = totals->received;
    pthread_mutex_unlock(&background->lock);
    turn_to(background, CONNECTED, NULL);
}

static enum background_phase phase_of(enum status status)
{
    switch (status) {
    case STATUS_OK: /* the hub said goodbye */
    case STATUS_UNREACHABLE:
        return UNREACHABLE;
    case STATUS_NOT_FOUND:
        return NOT_JOINED;
    case STATUS_DENIED:
        return REFUSED;
    default:
        return FAILED;
    }
}

/* One connection, as long as it lasts. */
static enum status connect_once(struct background *background, struct error *err)
{
    struct link_result result;
    char address[HUB_ADDRESS_BYTES];
    struct link_options options = {.watch = true,
                                   .attachments = SESSION_ATTACHMENTS_ASKED,
                                   .address = address,
                                   .settled = on_settled,
                                   .context = background,
                                   .goodbye = background->goodbye};
    if (!background->replica)
        TRY(folder_open(background->cli, false, &background->replica, err));
    TRY(recall_hub(background->replica, address, options.link_key, err));
    TRY(link_ready(background->replica, err));
    turn_to(background, CONNECTING, NULL);
    enum status status = link_run(background->replica, &options, &result, err);
    enum revoked left;
    if (status == STATUS_DENIED && result.totals.code == SESSION_REVOKED)
        revoked_obey(background->cli, background->replica, &left, NULL);
    return status;
}

/* Waits before the next try; false when the pages close. */
static bool pause_before_retry(struct background *background, unsigned attempt)
{
    struct timespec until;
    uint64_t most = (uint64_t)PAUSE_MIN_MS << (attempt < 6 ? attempt : 6);
    if (most > PAUSE_MAX_MS)
        most = PAUSE_MAX_MS;
    uint64_t ms = most / 2 + randombytes_uniform((uint32_t)(most / 2) + 1);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&background->lock);
    int code = 0;
    while (!background->stopping && !background->hurry && code == 0)
        code = pthread_cond_timedwait(&background->wake, &background->lock, &until);
    background->hurry = false;
    bool stopping = background->stopping;
    pthread_mutex_unlock(&background->lock);
    return !stopping;
}

static bool is_stopping(struct background *background)
{
    pthread_mutex_lock(&background->lock);
    bool stopping = background->stopping;
    pthread_mutex_unlock(&background->lock);
    return stopping;
}

static int64_t settled_at(struct background *background)
{
    pthread_mutex_lock(&background->lock);
    int64_t settled_ms = background->settled_ms;
    pthread_mutex_unlock(&background->lock);
    return settled_ms;
}

static void *run(void *argument)
{
    struct background *background = argument;
    for (unsigned attempt = 0;; attempt++) {
        struct error err = {0};
        int64_t before = settled_at(background);
        enum status status = connect_once(background, &err);
        if (is_stopping(background))
            break;
        if (background->replica)
            cleaning_after_session(background->replica, false);
        turn_to(background, phase_of(status), status == STATUS_OK ? NULL : &err);
        if (settled_at(background) != before)
            attempt = 0;
        if (!pause_before_retry(background, attempt))
            break;
    }
    replica_close(background->replica);
    wipe_stack(); /* the next thread may get this stack */
    return NULL;
}

/* ---- on the loop ---- */

static void on_async(uv_async_t *handle)
{
    struct background *background = handle->data;
    if (background->told)
        background->told(background->context);
}

static void on_closed(uv_handle_t *handle)
{
    struct background *background = handle->data;
    void (*closed)(void *) = background->closed;
    void *context = background->closed_context;
    pthread_mutex_destroy(&background->lock);
    pthread_cond_destroy(&background->wake);
    goodbye_free(background->goodbye);
    free(background);
    if (closed)
        closed(context);
}

static void init_locks(struct background *background)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&background->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&background->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status background_open(struct background **out, uv_loop_t *loop, const struct cli *cli,
                            background_told *told, void *context, struct error *err)
{
    struct background *background = calloc(1, sizeof *background);
    *out = NULL;
    if (!background)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    background->cli = cli;
    background->told = told;
    background->context = context;
    background->clock = clock_system();
    background->phase = CONNECTING;
    background->since_ms = clock_wall_ms(&background->clock);
    background->goodbye = goodbye_new();
    init_locks(background);
    uv_async_init(loop, &background->async, on_async);
    background->async.data = background;
    if (!background->goodbye || pthread_create(&background->thread, NULL, run, background) != 0) {
        uv_close((uv_handle_t *)&background->async, on_closed);
        return error_set(err, STATUS_NO_MEMORY, "cannot start the syncing thread");
    }
    *out = background;
    return STATUS_OK;
}

void background_try(struct background *background)
{
    pthread_mutex_lock(&background->lock);
    background->hurry = true;
    pthread_cond_signal(&background->wake);
    pthread_mutex_unlock(&background->lock);
}

static json_t *time_json(int64_t wall_ms)
{
    char text[32];
    time_format(wall_ms, text);
    return json_string(text);
}

json_t *background_state(struct background *background)
{
    pthread_mutex_lock(&background->lock);
    const char *error = background->error.text;
    json_t *state =
        json_pack("{ss so ss? so sI sI}", "state", phase_names[background->phase], "since",
                  time_json(background->since_ms), "error", *error ? error : NULL, "settled",
                  background->settled_ms ? time_json(background->settled_ms) : json_null(), "sent",
                  (json_int_t)background->sent, "received", (json_int_t)background->received);
    pthread_mutex_unlock(&background->lock);
    return state;
}

void background_close(struct background *background, void (*closed)(void *context), void *context)
{
    pthread_mutex_lock(&background->lock);
    background->stopping = true;
    pthread_cond_signal(&background->wake);
    pthread_mutex_unlock(&background->lock);
    goodbye_say(background->goodbye);
    pthread_join(background->thread, NULL);
    background->told = NULL;
    background->closed = closed;
    background->closed_context = context;
    uv_close((uv_handle_t *)&background->async, on_closed);
}
