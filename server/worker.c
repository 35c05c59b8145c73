/* Happy path: submit -> thread takes all waiting jobs -> begin -> answers of those that write ->
 * commit -> answers of those that read -> async -> done() on the loop, news() if anything came.
 * Failures: a storage failure rolls the round back and every writing job of it is answered with
 * that status; the sessions end and the clients offer their entries again. A job that waits for a
 * snapshot is parked, and asked again a little later. */

#include "server/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/mutant.h"
#include "common/transfer.h"
#include "server/device_note.h"
#include "server/invite.h"
#include "server/lapse.h"
#include "server/late.h"
#include "server/link_keys.h"
#include "server/log.h"
#include "server/maker.h"
#include "server/quota.h"
#include "server/roster.h"
#include "server/shares.h"

#define PARKED_MS 40000                 /* below the peer's patience (SESSION_SILENCE_MS) */
#define CLOCK_MAX_S ((uint64_t)1 << 40) /* what a device's clock may show */

struct queue {
    struct job *first, **last;
};

struct worker {
    struct hub *hub;
    struct storage_host host;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uv_async_t async;
    struct queue waiting, answered;
    struct queue parked; /* of the storage thread alone */
    uint64_t parked_ms;  /* when they were last asked again */
    bool hurry;
    struct task *tasks, *tasks_done; /* the latter in reverse */
    bool stopping, news_came;
    bool full;         /* the disk was, when we last wrote */
    int64_t seen;      /* of others' commits, see replica_news */
    time_t scrubbed_s; /* when the scrub last went on */
    struct shares shares;
    struct worker_totals totals;
    worker_news *news;
    void *context;
    void (*closed)(void *context);
    void *closed_context;
};

static void queue_clear(struct queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_push(struct queue *queue, struct job *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

/* ---- on the storage thread ---- */

static enum status note_seen(struct worker *worker, const struct job *job, struct error *err)
{
    struct replica *replica = worker->hub->replica;
    if (job->device == 0)
        return STATUS_OK;
    TRY(device_note_seen(replica, job->device, err));
    TRY(lapse_end_seen(worker->hub, job->device, err));
    if (!job->told)
        return STATUS_OK;
    return device_note_save(replica, job->device, job->ahead_ms, job->question->program, err);
}

/* What the device told of its clock is compared while it is fresh. */
static void compare_clock(const struct worker *worker, struct job *job)
{
    const struct session_question *question = job->question;
    if (question->ask != ASK_WHO || question->clock_s == 0 || question->clock_s > CLOCK_MAX_S)
        return;
    job->told = true;
    job->ahead_ms =
        (int64_t)question->clock_s * 1000 - clock_wall_ms(replica_clock(worker->hub->replica));
}

/* Answers a job, and charges its device for the time. */
static enum status answer_one(struct worker *worker, struct job *job, struct error *err)
{
    struct clock clock = clock_system();
    uint64_t began = uv_hrtime();
    compare_clock(worker, job);
    enum status status =
        storage_answer(worker->hub->replica, job->question, &worker->host, &job->reply, err);
    shares_charge(&worker->shares, job->device, (uv_hrtime() - began) / 1000,
                  clock_mono_ms(&clock));
    return status;
}

/* Whatever fails, the whole round is undone: SQLite may have undone it already. */
static enum status write_round(struct worker *worker, struct job *jobs, struct error *err)
{
    for (struct job *job = jobs; job; job = job->next) {
        if (!storage_writes(job->question))
            continue;
        TRY(answer_one(worker, job, err));
        TRY(note_seen(worker, job, err));
        if (job->question->ask == ASK_STORE && job->reply.answer.stored)
            TRY(late_note_arrival(worker->hub, job->reply.answer.stored, err));
    }
    return late_raise_beacon(worker->hub, err);
}

static enum status answer_writes(struct worker *worker, struct job *jobs, struct error *err)
{
    struct replica *replica = worker->hub->replica;
    TRY(replica_begin(replica, err));
    enum status status = write_round(worker, jobs, err);
    if (status == STATUS_OK && !MUTANT("answers-before-group-commit"))
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

/* A full disk is told once, not at every try. */
static void tell_failure(struct worker *worker, const struct error *err)
{
    bool full = err->status == STATUS_DISK_FULL;
    if (!full || !worker->full)
        log_error("storage", err);
    worker->full = full;
}

static bool any_writes(const struct job *jobs)
{
    for (; jobs; jobs = jobs->next)
        if (storage_writes(jobs->question))
            return true;
    return false;
}

/* Link keys that came or went, here or by another process. */
static void follow_links(struct worker *worker)
{
    struct error err = {0};
    if (worker->hub->links && link_ring_load(worker->hub->links, worker->hub, &err) != STATUS_OK)
        log_error("storage", &err);
    worker->hub->links_changed = false;
}

const uint32_t worker_times_ms[WORKER_TIMES - 1] = {1, 5, 20, 100, 500, 2000, 10000};

static void note_time(struct worker_totals *totals, uint64_t began_ns)
{
    uint64_t us = (uv_hrtime() - began_ns) / 1000;
    int at = 0;
    while (at < WORKER_TIMES - 1 && us > worker_times_ms[at] * 1000ull)
        at++;
    totals->times[at]++;
    totals->busy_us += us;
}

static void answer_round(struct worker *worker, struct job *jobs)
{
    struct error err = {0};
    uint64_t began = uv_hrtime();
    bool writes = any_writes(jobs);
    bool committed = writes && answer_writes(worker, jobs, &err) == STATUS_OK;
    uint64_t applied = 0, count = 0;
    if (writes && !committed)
        tell_failure(worker, &err);
    else if (committed)
        worker->full = false;
    for (struct job *job = jobs; job; job = job->next) {
        count++;
        if (!storage_writes(job->question)) {
            if (answer_one(worker, job, &err) != STATUS_OK)
                tell_failure(worker, &err);
        } else if (!committed) {
            job->reply.answer.status = err.status ? err.status : STATUS_STORAGE;
        } else {
            applied += job->reply.answer.applied;
            applied += job->question->ask == ASK_WHO;
        }
    }
    if (committed && worker->hub->links_changed)
        follow_links(worker);
    pthread_mutex_lock(&worker->lock);
    worker->totals.commits += committed;
    worker->totals.jobs += count;
    worker->totals.applied += applied;
    if (writes)
        worker->totals.failing = !committed;
    note_time(&worker->totals, began);
    worker->news_came |= applied > 0;
    pthread_mutex_unlock(&worker->lock);
}

static void tell_transfer(void *context, const struct error *err)
{
    (void)context;
    log_error("transfer", err);
}

/* Rows that two orgs have agreed to move (common/transfer.h). True when any moved. */
static bool run_transfers(struct worker *worker)
{
    struct error err = {0};
    uint64_t moved;
    if (transfer_run(worker->hub->replica, tell_transfer, NULL, &moved, &err) != STATUS_OK)
        tell_failure(worker, &err);
    return moved > 0;
}

/* What another process wrote into our folder. */
static bool look_outside(struct worker *worker)
{
    struct replica *replica = worker->hub->replica;
    bool news = false, changed;
    struct error err = {0};
    enum status status = replica_news(replica, &worker->seen, &news, &err);
    if (status == STATUS_OK && news)
        status = replica_refresh(replica, &changed, &err);
    if (status != STATUS_OK)
        log_error("storage", &err);
    if (news)
        follow_links(worker);
    return run_transfers(worker) || news;
}

/* A little of the scrub a second, while nobody wants anything. */
static void scrub_a_little(struct worker *worker)
{
    struct error err = {0};
    struct scrubbed found;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec == worker->scrubbed_s)
        return;
    worker->scrubbed_s = now.tv_sec;
    enum status status = replica_scrub(worker->hub->replica, SCRUB_BYTES, &found, &err);
    if (status == STATUS_OK && found.fault[0])
        status = error_set(&err, STATUS_STORAGE, "%s", found.fault);
    if (status == STATUS_OK)
        return;
    log_error("scrub", &err);
    log_event("scrub", "mend=\"stop, then verify --repair\"");
}

/* ---- jobs that wait for a snapshot ---- */

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

static bool want_snapshot(void *context, uint32_t scope)
{
    const struct hub *hub = context;
    return maker_want(hub->maker, scope);
}

/* With the lock held. True: it is asked again another time. */
static bool park(struct worker *worker, struct job *job)
{
    bool later = job->question->ask == ASK_SNAPSHOT && job->reply.answer.status == STATUS_OK &&
                 job->reply.answer.snapshot.later;
    if (later && job->parked_ms == 0)
        job->parked_ms = now_ms();
    later = later && !worker->hurry && now_ms() - job->parked_ms < PARKED_MS;
    if (!later)
        job->parked_ms = 0;
    else
        queue_push(&worker->parked, job);
    return later;
}

/* With the lock held: all of them, once in a while. */
static void ask_again(struct worker *worker)
{
    if (!worker->parked.first || (!worker->hurry && now_ms() - worker->parked_ms < WORKER_LOOK_MS))
        return;
    worker->parked_ms = now_ms();
    *worker->waiting.last = worker->parked.first;
    worker->waiting.last = worker->parked.last;
    queue_clear(&worker->parked);
}

static void wait_for_work(struct worker *worker)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WORKER_LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&worker->wake, &worker->lock, &until);
}

static struct job *take_round(struct worker *worker)
{
    struct clock clock = clock_system();
    struct queue *waiting = &worker->waiting;
    struct job *round = shares_take(&worker->shares, &waiting->first, clock_mono_ms(&clock));
    waiting->last = &waiting->first;
    while (*waiting->last)
        waiting->last = &(*waiting->last)->next;
    return round;
}

/* With the lock held, which is let go meanwhile. */
static void work_on_task(struct worker *worker)
{
    struct task *task = worker->tasks;
    worker->tasks = task->next;
    pthread_mutex_unlock(&worker->lock);
    task->status = task->work(task, worker->hub, &task->err);
    if (worker->hub->links_changed)
        follow_links(worker);
    pthread_mutex_lock(&worker->lock);
    task->next = worker->tasks_done;
    worker->tasks_done = task;
    worker->news_came |= task->status == STATUS_OK && !task->quiet;
    uv_async_send(&worker->async);
}

/* Nothing to do, with the lock held: wait, and if nothing came, look around without it. */
static void idle(struct worker *worker)
{
    wait_for_work(worker);
    if (worker->waiting.first || worker->tasks)
        return;
    pthread_mutex_unlock(&worker->lock);
    bool changed = look_outside(worker);
    scrub_a_little(worker);
    pthread_mutex_lock(&worker->lock);
    worker->news_came |= changed;
    if (changed)
        uv_async_send(&worker->async);
}

/* With the lock held, which is let go meanwhile. */
static void work_on_round(struct worker *worker)
{
    struct job *jobs = take_round(worker);
    pthread_mutex_unlock(&worker->lock);
    answer_round(worker, jobs);
    bool moved = run_transfers(worker);
    pthread_mutex_lock(&worker->lock);
    worker->news_came |= moved;
    while (jobs) {
        struct job *next = jobs->next;
        if (!park(worker, jobs))
            queue_push(&worker->answered, jobs);
        jobs = next;
    }
    uv_async_send(&worker->async);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    pthread_mutex_lock(&worker->lock);
    while (worker->waiting.first || worker->parked.first || worker->tasks || !worker->stopping) {
        ask_again(worker);
        if (!worker->waiting.first && !worker->tasks)
            idle(worker);
        if (worker->tasks)
            work_on_task(worker);
        if (worker->waiting.first)
            work_on_round(worker);
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

/* ---- on the loop ---- */

static void hand_out(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    struct job *jobs = worker->answered.first;
    queue_clear(&worker->answered);
    struct task *tasks = worker->tasks_done;
    worker->tasks_done = NULL;
    bool news = worker->news_came;
    worker->news_came = false;
    pthread_mutex_unlock(&worker->lock);
    while (tasks) {
        struct task *next = tasks->next;
        tasks->done(tasks);
        tasks = next;
    }
    while (jobs) {
        struct job *next = jobs->next;
        jobs->done(jobs);
        jobs = next;
    }
    if (news && worker->news)
        worker->news(worker->context);
}

static void on_async(uv_async_t *handle)
{
    hand_out(handle->data);
}

static void init_locks(struct worker *worker)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status worker_start(struct worker **out, uv_loop_t *loop, struct hub *hub, worker_news *news,
                         void *context, struct error *err)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    worker->hub = hub;
    worker->host = (struct storage_host){invite_enrol, quota_admit, want_snapshot, hub};
    worker->news = news;
    worker->context = context;
    queue_clear(&worker->waiting);
    queue_clear(&worker->answered);
    queue_clear(&worker->parked);
    enum status status = maker_new(&hub->maker, worker, &hub->options, err);
    if (status != STATUS_OK) {
        free(worker);
        return status;
    }
    init_locks(worker);
    uv_async_init(loop, &worker->async, on_async);
    worker->async.data = worker;
    if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
        maker_free(hub->maker);
        free(worker);
        return error_set(err, STATUS_NO_MEMORY, "cannot start the storage thread");
    }
    *out = worker;
    return STATUS_OK;
}

void worker_submit(struct worker *worker, struct job *job)
{
    pthread_mutex_lock(&worker->lock);
    queue_push(&worker->waiting, job);
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

void worker_hurry(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->hurry = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

void worker_do(struct worker *worker, struct task *task)
{
    struct task **last = &worker->tasks;
    pthread_mutex_lock(&worker->lock);
    while (*last)
        last = &(*last)->next;
    *last = task;
    task->next = NULL;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

static void on_closed(uv_handle_t *handle)
{
    struct worker *worker = handle->data;
    worker->closed(worker->closed_context);
}

void worker_stop(struct worker *worker, void (*closed)(void *context), void *context)
{
    maker_stop(worker->hub->maker);
    pthread_mutex_lock(&worker->lock);
    worker->stopping = worker->hurry = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    worker->news = NULL;
    hand_out(worker);
    worker->closed = closed;
    worker->closed_context = context;
    uv_close((uv_handle_t *)&worker->async, on_closed);
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    maker_free(worker->hub->maker);
    worker->hub->maker = NULL;
    pthread_mutex_destroy(&worker->lock);
    pthread_cond_destroy(&worker->wake);
    free(worker);
}

struct worker_totals worker_totals(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    struct worker_totals totals = worker->totals;
    for (const struct job *job = worker->waiting.first; job; job = job->next)
        totals.waiting++;
    pthread_mutex_unlock(&worker->lock);
    return totals;
}
