/* Happy path of an errand: asked for -> thread: opens the folder, runs, closes it -> over -> the
 * loop is told and joins the thread. Failures are the errand's error. Closing says goodbye to both
 * and waits for them. */

#include "client/neighbours.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/admit.h"
#include "client/exchange.h"
#include "client/folder.h"
#include "client/hail.h"
#include "client/listen.h"
#include "common/invitation.h"
#include "common/wipe.h"

enum errand_state { IDLE, RUNNING, DONE, FAILED };
static const char *const state_names[] = {"idle", "running", "done", "failed"};

struct errand {
    struct neighbours *home;
    enum status (*work)(struct errand *errand, struct replica *replica, struct error *err);
    /* Of the loop's thread: */
    pthread_t thread;
    struct goodbye *goodbye; /* NULL: there is no thread */
    /* Guarded by the lock: */
    enum errand_state state;
    char address[INVITATION_ADDRESS_MAX + 1];
    int64_t since_ms;
    uint64_t sent, received, met;
    struct error error;
    /* Whom it admitted last; "" in digits: nobody. */
    char admitted[PERSON_NAME_BYTES_MAX + 1];
    enum role admitted_role;
    char digits[ADMIT_DIGITS];
};

struct neighbours {
    const struct cli *cli;
    pthread_mutex_t lock;
    struct errand listening, meeting;
    struct clock clock;
    uv_async_t async;
    neighbours_told *told;
    void *context;
    void (*closed)(void *context);
    void *closed_context;
};

/* ---- on an errand's thread ---- */

static void turn_to(struct errand *errand, enum errand_state state, const struct error *why)
{
    struct neighbours *home = errand->home;
    pthread_mutex_lock(&home->lock);
    errand->state = state;
    errand->since_ms = clock_wall_ms(&home->clock);
    errand->error = why ? *why : (struct error){0};
    pthread_mutex_unlock(&home->lock);
    uv_async_send(&home->async);
}

static void count(struct errand *errand, const struct session_totals *totals)
{
    pthread_mutex_lock(&errand->home->lock);
    errand->sent += totals->sent;
    errand->received += totals->received;
    errand->met++;
    pthread_mutex_unlock(&errand->home->lock);
    uv_async_send(&errand->home->async);
}

static void on_ready(void *context, const char *address)
{
    struct errand *errand = context;
    const char *colon = strrchr(address, ':');
    char place[HAIL_PLACE_BYTES];
    hail_place((uint16_t)strtoul(colon + 1, NULL, 10), place);
    pthread_mutex_lock(&errand->home->lock);
    snprintf(errand->address, sizeof errand->address, "%s", place);
    pthread_mutex_unlock(&errand->home->lock);
    uv_async_send(&errand->home->async);
}

static void on_ended(void *context, uint32_t device, const struct session_totals *totals)
{
    if (device != 0)
        count(context, totals);
}

static void on_admitted(void *context, const struct device *device, const char *digits)
{
    struct errand *errand = context;
    const struct certificate *certificate = &device->certificate;
    pthread_mutex_lock(&errand->home->lock);
    snprintf(errand->admitted, sizeof errand->admitted, "%s", certificate->person_name);
    snprintf(errand->digits, sizeof errand->digits, "%s", digits);
    errand->admitted_role = certificate->role;
    pthread_mutex_unlock(&errand->home->lock);
    uv_async_send(&errand->home->async);
}

static enum status listen_here(struct errand *errand, struct replica *replica, struct error *err)
{
    struct admit_told told = {on_admitted, errand};
    struct storage_host host = {.enrol = admit_enrol, .context = &told};
    struct listen_options options = {.address = NEIGHBOURS_ADDRESS,
                                     .host = &host,
                                     .ready = on_ready,
                                     .ended = on_ended,
                                     .context = errand,
                                     .goodbye = errand->goodbye};
    enum status status = listen_run(replica, &options, err);
    if (status != STATUS_UNREACHABLE)
        return status;
    options.address = "0.0.0.0:0";
    return listen_run(replica, &options, err);
}

static enum status meet(struct errand *errand, struct replica *replica, struct error *err)
{
    struct link_result result;
    struct link_options options = {.address = errand->address,
                                   .peer = true,
                                   .attachments = SESSION_ATTACHMENTS_ASKED,
                                   .goodbye = errand->goodbye};
    TRY(exchange_run(replica, &options, &result, err));
    count(errand, &result.totals);
    if (result.totals.split_view)
        return error_set(err, STATUS_FORKED,
                         "the hub has shown this device and the other two different registries: "
                         "the proof is in 'set-aside', tell the bureau");
    return STATUS_OK;
}

static void *run(void *argument)
{
    struct errand *errand = argument;
    struct replica *replica = NULL;
    struct error err = {0};
    enum status status = folder_open(errand->home->cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = link_ready(replica, &err);
    if (status == STATUS_OK)
        status = errand->work(errand, replica, &err);
    replica_close(replica);
    wipe_stack(); /* the next thread may get this stack */
    turn_to(errand, status == STATUS_OK ? DONE : FAILED, &err);
    return NULL;
}

/* ---- on the loop ---- */

static enum errand_state state_of(struct errand *errand)
{
    pthread_mutex_lock(&errand->home->lock);
    enum errand_state state = errand->state;
    pthread_mutex_unlock(&errand->home->lock);
    return state;
}

static void join(struct errand *errand)
{
    if (!errand->goodbye)
        return;
    pthread_join(errand->thread, NULL);
    goodbye_free(errand->goodbye);
    errand->goodbye = NULL;
}

/* Wait for it; also one that is over, and not joined yet. */
static void end(struct errand *errand)
{
    if (errand->goodbye)
        goodbye_say(errand->goodbye);
    join(errand);
}

static enum status begin(struct errand *errand, const char *address, struct error *err)
{
    struct neighbours *home = errand->home;
    join(errand);
    errand->goodbye = goodbye_new();
    snprintf(errand->address, sizeof errand->address, "%s", address);
    errand->sent = errand->received = errand->met = 0;
    errand->since_ms = clock_wall_ms(&home->clock);
    errand->error = (struct error){0};
    *errand->digits = '\0';
    errand->state = RUNNING;
    if (errand->goodbye && pthread_create(&errand->thread, NULL, run, errand) == 0)
        return STATUS_OK;
    goodbye_free(errand->goodbye);
    errand->goodbye = NULL;
    errand->state = IDLE;
    return error_set(err, STATUS_NO_MEMORY, "cannot start the syncing thread");
}

static void on_async(uv_async_t *handle)
{
    struct neighbours *neighbours = handle->data;
    struct errand *errands[] = {&neighbours->listening, &neighbours->meeting};
    for (size_t i = 0; i < 2; i++)
        if (state_of(errands[i]) != RUNNING)
            join(errands[i]);
    if (neighbours->told)
        neighbours->told(neighbours->context);
}

enum status neighbours_listen(struct neighbours *neighbours, bool on, struct error *err)
{
    struct errand *listening = &neighbours->listening;
    bool runs = state_of(listening) == RUNNING;
    if (on && !runs)
        return begin(listening, "", err);
    if (!on && runs)
        goodbye_say(listening->goodbye);
    return STATUS_OK;
}

enum status neighbours_meet(struct neighbours *neighbours, const char *address, struct error *err)
{
    char host[INVITATION_ADDRESS_MAX + 1];
    uint16_t port;
    TRY(address_split(address, host, &port, err));
    if (state_of(&neighbours->meeting) == RUNNING)
        return error_set(err, STATUS_BUSY, "it is syncing with another device just now");
    return begin(&neighbours->meeting, address, err);
}

static json_t *errand_json(const struct errand *errand)
{
    char since[32];
    const char *error = errand->error.text;
    time_format(errand->since_ms, since);
    json_t *admitted = *errand->digits
                           ? json_pack("{ss ss ss}", "person", errand->admitted, "role",
                                       role_name(errand->admitted_role), "digits", errand->digits)
                           : json_null();
    return json_pack("{ss ss? ss? sI sI sI ss? so}", "state", state_names[errand->state], "address",
                     *errand->address ? errand->address : NULL, "since",
                     errand->state == IDLE ? NULL : since, "sent", (json_int_t)errand->sent,
                     "received", (json_int_t)errand->received, "met", (json_int_t)errand->met,
                     "error", *error ? error : NULL, "admitted", admitted);
}

json_t *neighbours_state(struct neighbours *neighbours)
{
    pthread_mutex_lock(&neighbours->lock);
    json_t *state = json_pack("{so so}", "listening", errand_json(&neighbours->listening),
                              "meeting", errand_json(&neighbours->meeting));
    pthread_mutex_unlock(&neighbours->lock);
    return state;
}

static void on_closed(uv_handle_t *handle)
{
    struct neighbours *neighbours = handle->data;
    void (*closed)(void *) = neighbours->closed;
    void *context = neighbours->closed_context;
    pthread_mutex_destroy(&neighbours->lock);
    free(neighbours);
    if (closed)
        closed(context);
}

enum status neighbours_open(struct neighbours **out, uv_loop_t *loop, const struct cli *cli,
                            neighbours_told *told, void *context, struct error *err)
{
    struct neighbours *neighbours = calloc(1, sizeof *neighbours);
    *out = neighbours;
    if (!neighbours)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    neighbours->cli = cli;
    neighbours->told = told;
    neighbours->context = context;
    neighbours->clock = clock_system();
    neighbours->listening = (struct errand){.home = neighbours, .work = listen_here};
    neighbours->meeting = (struct errand){.home = neighbours, .work = meet};
    pthread_mutex_init(&neighbours->lock, NULL);
    uv_async_init(loop, &neighbours->async, on_async);
    neighbours->async.data = neighbours;
    return STATUS_OK;
}

void neighbours_close(struct neighbours *neighbours, void (*closed)(void *context), void *context)
{
    neighbours->told = NULL;
    neighbours->closed = closed;
    neighbours->closed_context = context;
    end(&neighbours->listening);
    end(&neighbours->meeting);
    uv_close((uv_handle_t *)&neighbours->async, on_closed);
}
