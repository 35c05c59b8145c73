/* Happy path: fresh -> a code -> an arrival -> open -> a person is there, again and again -> nobody
 * for a while: leaving -> syncing gone -> desk gone -> replica closed, keys wiped: locked -> a
 * secret -> the folder is opened on another thread -> opened: desk and syncing again. Failures: who
 * couldn't join tries again; a wrong secret leaves it locked and is counted; a folder that doesn't
 * open any more, too. Closing waits for whatever is under way. */

#include "client/office.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "client/draft.h"
#include "client/folder.h"
#include "common/tries.h"
#include "common/wipe.h"

/* The machine may sleep, and timers with it: so the clock is looked at this often. */
#define LOOK_MS 5000
/* Who comes back this much too late finds it locked at once. */
#define LATE_MS 10000

enum office_state { FRESH, JOINING, OPEN, LEAVING, CLOSING, LOCKED, UNLOCKING };

struct office {
    struct office_options options;
    uv_loop_t *loop;
    uv_timer_t timer;
    enum office_state state;
    bool has_lock, ending;
    uint64_t person_ms; /* when a person was last seen */
    struct replica *replica;
    struct desk *desk;
    struct background *background;
    struct neighbours *neighbours;
    struct tries tries;
    /* One who wants in; the secret is NULL when nobody does. */
    struct passphrase *secret;
    office_unlocked *done;
    void *done_context;
    uv_work_t work;
    struct error error; /* of the work */
    /* One who joins. */
    struct arrival *arrival;
    arrival_over *joined;
    void *joined_context;
    void (*closed)(void *context);
    void *closed_context;
};

static void begin_closing(struct office *office);
static void look(struct office *office);

/* Goes on while the machine sleeps. */
static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void tell(struct office *office, enum office_news news)
{
    if (!office->ending)
        office->options.tell(office->options.context, news);
}

/* ---- open ---- */

static void on_news(void *context)
{
    tell(context, OFFICE_CHANGED);
}

static void on_sync(void *context)
{
    tell(context, OFFICE_SYNC);
}

static void on_near(void *context)
{
    tell(context, OFFICE_NEAR);
}

static void on_timer(uv_timer_t *timer)
{
    struct office *office = timer->data;
    if (office->state == LEAVING)
        begin_closing(office);
    else
        look(office);
}

static void look_in(struct office *office, uint64_t ms)
{
    uv_timer_start(&office->timer, on_timer, ms, 0);
}

static void leave(struct office *office)
{
    office->state = LEAVING;
    tell(office, OFFICE_LEAVING);
    look_in(office, OFFICE_LEAVE_MS);
}

/* Is a person still there? */
static void look(struct office *office)
{
    uint64_t idle_ms = office->options.idle_ms, gone_ms = now_ms() - office->person_ms;
    if (office->state != OPEN || !office->has_lock || idle_ms == 0)
        return;
    if (gone_ms >= idle_ms + LATE_MS)
        begin_closing(office);
    else if (gone_ms >= idle_ms)
        leave(office);
    else
        look_in(office, idle_ms - gone_ms < LOOK_MS ? idle_ms - gone_ms : LOOK_MS);
}

static enum status open_rooms(struct office *office, struct error *err)
{
    struct desk_options desk = {office->replica, true, on_news, office};
    TRY(desk_open(&office->desk, office->loop, &desk, err));
    TRY(background_open(&office->background, office->loop, office->options.cli, on_sync, office,
                        err));
    TRY(neighbours_open(&office->neighbours, office->loop, office->options.cli, on_near, office,
                        err));
    office->has_lock = unlock_can_ask_again(office->options.cli);
    office->state = OPEN;
    office->person_ms = now_ms();
    look(office);
    return STATUS_OK;
}

static enum status open_folder(struct office *office, struct error *err)
{
    TRY(folder_open(office->options.cli, false, &office->replica, err));
    return draft_open(office->replica, err);
}

/* The folder is open. */
static enum status move_in(struct office *office, struct error *err)
{
    if (newcomer_arrived(office->replica))
        return open_rooms(office, err);
    replica_close(office->replica);
    office->replica = NULL;
    office->state = FRESH;
    return STATUS_OK;
}

/* What it has opened when it fails, closing closes. */
static enum status enter(struct office *office, struct error *err)
{
    office->state = OPEN;
    TRY(open_folder(office, err));
    return move_in(office, err);
}

/* ---- closing ---- */

static void on_timer_closed(uv_handle_t *handle)
{
    struct office *office = handle->data;
    void (*closed)(void *) = office->closed;
    void *context = office->closed_context;
    free(office);
    if (closed)
        closed(context);
}

static void end(struct office *office)
{
    uv_close((uv_handle_t *)&office->timer, on_timer_closed);
}

static void begin_unlocking(struct office *office);

/* The one who wants in gets an answer. */
static void answer(struct office *office, const struct error *err)
{
    passphrase_free(office->secret);
    office->secret = NULL;
    office->done(office->done_context, tries_wait_ms(&office->tries, now_ms()), err);
}

/* Nothing of the folder stays in memory. */
static void shut(struct office *office)
{
    replica_close(office->replica);
    office->replica = NULL;
    if (office->has_lock)
        unlock_forget(office->options.cli);
    wipe_stack();
    office->state = LOCKED;
    tell(office, OFFICE_LOCKED);
}

static void on_desk_gone(void *context)
{
    struct office *office = context;
    struct error err = {0};
    office->desk = NULL;
    shut(office);
    if (office->secret && office->ending) {
        error_set(&err, STATUS_BUSY, "the program is about to end");
        answer(office, &err);
    }
    if (office->ending)
        end(office);
    else if (office->secret)
        begin_unlocking(office);
}

static void on_background_gone(void *context)
{
    struct office *office = context;
    office->background = NULL;
    if (office->desk)
        desk_close(office->desk, on_desk_gone, office);
    else
        on_desk_gone(office);
}

static void on_neighbours_gone(void *context)
{
    struct office *office = context;
    office->neighbours = NULL;
    if (office->background)
        background_close(office->background, on_background_gone, office);
    else
        on_background_gone(office);
}

static void begin_closing(struct office *office)
{
    office->state = CLOSING;
    uv_timer_stop(&office->timer);
    if (office->neighbours)
        neighbours_close(office->neighbours, on_neighbours_gone, office);
    else
        on_neighbours_gone(office);
}

/* ---- unlocking ---- */

static void on_work(uv_work_t *work)
{
    struct office *office = work->data;
    office->error = (struct error){0};
    if (unlock_again(office->options.cli, office->secret, &office->error) == STATUS_OK)
        open_folder(office, &office->error);
    wipe_stack();
}

static void count(struct office *office, enum status status)
{
    if (status == STATUS_DENIED)
        tries_wrong(&office->tries, now_ms());
    else if (status == STATUS_OK)
        tries_right(&office->tries);
}

static void on_worked(uv_work_t *work, int status)
{
    struct office *office = work->data;
    struct error *err = &office->error;
    (void)status; /* it is never cancelled */
    count(office, err->status);
    if (err->status == STATUS_OK && !office->ending)
        move_in(office, err);
    answer(office, err);
    if (err->status == STATUS_OK && !office->ending)
        tell(office, OFFICE_UNLOCKED);
    else
        begin_closing(office);
}

static void begin_unlocking(struct office *office)
{
    office->state = UNLOCKING;
    office->work.data = office;
    uv_queue_work(office->loop, &office->work, on_work, on_worked);
}

void office_unlock(struct office *office, struct passphrase *secret, office_unlocked *done,
                   void *context)
{
    struct error err = {0};
    uint64_t wait_ms = tries_wait_ms(&office->tries, now_ms());
    if (office->secret || office->ending)
        error_set(&err, STATUS_BUSY, "somebody else is unlocking it just now");
    else if (wait_ms > 0)
        error_set(&err, STATUS_BUSY, "too many wrong tries");
    bool is_open = office->state == OPEN || office_is_fresh(office);
    if (err.status != STATUS_OK || is_open) {
        passphrase_free(secret);
        done(context, wait_ms, &err);
        return;
    }
    office->secret = secret;
    office->done = done;
    office->done_context = context;
    if (office->state == LOCKED)
        begin_unlocking(office);
}

/* ---- joining ---- */

static void on_arrived(void *context, const struct arrival_news *news, const struct error *why)
{
    struct office *office = context;
    struct error err = {0};
    office->arrival = NULL;
    office->state = FRESH;
    if (why->status != STATUS_OK)
        err = *why;
    else if (!office->ending && enter(office, &err) != STATUS_OK)
        begin_closing(office);
    else
        err = (struct error){0};
    office->joined(office->joined_context, news, &err);
    if (office->state == OPEN)
        tell(office, OFFICE_UNLOCKED);
    else if (office->ending)
        end(office);
}

void office_join(struct office *office, struct arrival_wish *wish, arrival_over *done,
                 void *context)
{
    static const struct arrival_news none;
    struct arrival_options options = {office->options.cli, on_arrived, office};
    struct error err = {0};
    if (office->state != FRESH || office->ending) {
        error_set(&err, STATUS_EXISTS, "this folder is enrolled already");
        arrival_wish_release(wish);
    } else if (arrival_begin(&office->arrival, office->loop, &options, wish, &err) == STATUS_OK) {
        office->state = JOINING;
        office->joined = done;
        office->joined_context = context;
        return;
    }
    done(context, &none, &err);
}

/* ---- for its neighbours ---- */

/* A folder that can't be made is told now, not when somebody has typed a code. */
static enum status begin(struct office *office, struct error *err)
{
    const struct cli *cli = office->options.cli;
    bool holds;
    TRY(folder_holds(cli, &holds, err));
    office->state = holds ? LOCKED : FRESH;
    office->has_lock = holds && unlock_would_ask(cli);
    if (!holds)
        return folder_make(cli, err);
    return office->has_lock ? STATUS_OK : enter(office, err);
}

enum status office_open(struct office **out, uv_loop_t *loop, const struct office_options *options,
                        struct error *err)
{
    struct office *office = calloc(1, sizeof *office);
    *out = NULL;
    if (!office)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    office->options = *options;
    office->loop = loop;
    uv_timer_init(loop, &office->timer);
    office->timer.data = office;
    enum status status = begin(office, err);
    wipe_stack();
    if (status == STATUS_OK)
        *out = office;
    else
        office_close(office, NULL, NULL);
    return status;
}

void office_close(struct office *office, void (*closed)(void *context), void *context)
{
    office->ending = true;
    office->closed = closed;
    office->closed_context = context;
    if (office->state == OPEN || office->state == LEAVING)
        begin_closing(office);
    else if (office->state == LOCKED || office->state == FRESH)
        end(office);
    else if (office->state == JOINING)
        arrival_break_off(office->arrival);
}

bool office_is_fresh(const struct office *office)
{
    return office->state == FRESH || office->state == JOINING;
}

struct arrival *office_arrival(const struct office *office)
{
    return office->arrival;
}

bool office_has_chosen(const struct office *office)
{
    bool holds = false;
    folder_holds(office->options.cli, &holds, NULL);
    return holds;
}

bool office_is_open(struct office *office)
{
    look(office);
    return office->state == OPEN || office->state == LEAVING;
}

struct desk *office_desk(struct office *office)
{
    assert(office->desk);
    return office->desk;
}

struct background *office_background(struct office *office)
{
    bool there = office->state == OPEN || office->state == LEAVING;
    return there ? office->background : NULL;
}

struct neighbours *office_neighbours(struct office *office)
{
    bool there = office->state == OPEN || office->state == LEAVING;
    return there ? office->neighbours : NULL;
}

bool office_has_lock(const struct office *office)
{
    return office->has_lock;
}

uint64_t office_idle_ms(const struct office *office)
{
    return office->options.idle_ms;
}

void office_person(struct office *office)
{
    if (office->state == OPEN)
        office->person_ms = now_ms();
}

enum status office_lock(struct office *office, struct error *err)
{
    if (!office->has_lock)
        return error_set(err, STATUS_DENIED, "this folder has no passphrase: it can't be locked");
    if (office->state == OPEN)
        leave(office);
    return STATUS_OK;
}
