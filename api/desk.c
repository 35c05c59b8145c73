/* Happy path: submit -> the thread takes all waiting jobs -> work, one by one -> async -> done() on
 * the loop. With nothing to do: look whether somebody wrote -> async -> news(). Failures are the
 * jobs' own; a failed look is tried again. */

#include "api/desk.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/wipe.h"

struct queue {
    struct desk_job *first, **last;
};

struct desk {
    struct desk_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uv_async_t async;
    struct queue waiting, finished;
    bool stopping, news_came;
    int64_t seen;      /* of others' commits; of the desk's thread */
    time_t scrubbed_s; /* when the scrub last went on; of that thread */
    void (*closed)(void *context);
    void *closed_context;
};

static void queue_clear(struct queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_push(struct queue *queue, struct desk_job *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

/* ---- on the desk's thread ---- */

static void wait_for_work(struct desk *desk)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += DESK_LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&desk->wake, &desk->lock, &until);
}

/* A little of the scrub a second, while nobody wants anything. */
static void scrub_a_little(struct desk *desk)
{
    struct scrubbed found = {.tables_differ = false};
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!desk->options.scrubs || now.tv_sec == desk->scrubbed_s)
        return;
    desk->scrubbed_s = now.tv_sec;
    if (replica_scrub(desk->options.replica, SCRUB_BYTES, &found, NULL) == STATUS_OK &&
        found.tables_differ)
        replica_refold(desk->options.replica, NULL);
}

static void look_outside(struct desk *desk)
{
    bool news = false;
    pthread_mutex_unlock(&desk->lock);
    replica_news(desk->options.replica, &desk->seen, &news, NULL);
    scrub_a_little(desk);
    pthread_mutex_lock(&desk->lock);
    desk->news_came |= news;
    if (news)
        uv_async_send(&desk->async);
}

static void work_on(struct desk *desk)
{
    struct desk_job *job = desk->waiting.first;
    desk->waiting.first = job->next;
    if (!job->next)
        queue_clear(&desk->waiting);
    pthread_mutex_unlock(&desk->lock);
    job->work(job, desk->options.replica);
    pthread_mutex_lock(&desk->lock);
    queue_push(&desk->finished, job);
    uv_async_send(&desk->async);
}

static void *run(void *argument)
{
    struct desk *desk = argument;
    replica_news(desk->options.replica, &desk->seen, &(bool){false}, NULL); /* from here on */
    pthread_mutex_lock(&desk->lock);
    while (desk->waiting.first || !desk->stopping) {
        if (!desk->waiting.first)
            wait_for_work(desk);
        if (desk->waiting.first)
            work_on(desk);
        else if (!desk->stopping)
            look_outside(desk);
    }
    pthread_mutex_unlock(&desk->lock);
    wipe_stack(); /* the next thread may get this stack */
    return NULL;
}

/* ---- on the loop ---- */

static void hand_back(struct desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    struct desk_job *job = desk->finished.first;
    bool news = desk->news_came;
    queue_clear(&desk->finished);
    desk->news_came = false;
    pthread_mutex_unlock(&desk->lock);
    while (job) {
        struct desk_job *next = job->next;
        job->done(job);
        job = next;
    }
    if (news && desk->options.news)
        desk->options.news(desk->options.context);
}

static void on_async(uv_async_t *handle)
{
    hand_back(handle->data);
}

static void init_locks(struct desk *desk)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&desk->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&desk->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void desk_free(struct desk *desk)
{
    pthread_mutex_destroy(&desk->lock);
    pthread_cond_destroy(&desk->wake);
    free(desk);
}

static void on_closed(uv_handle_t *handle)
{
    struct desk *desk = handle->data;
    void (*closed)(void *) = desk->closed;
    void *context = desk->closed_context;
    desk_free(desk);
    if (closed)
        closed(context);
}

enum status desk_open(struct desk **out, uv_loop_t *loop, const struct desk_options *options,
                      struct error *err)
{
    struct desk *desk = calloc(1, sizeof *desk);
    *out = NULL;
    if (!desk)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    desk->options = *options;
    queue_clear(&desk->waiting);
    queue_clear(&desk->finished);
    init_locks(desk);
    uv_async_init(loop, &desk->async, on_async);
    desk->async.data = desk;
    if (pthread_create(&desk->thread, NULL, run, desk) != 0) {
        uv_close((uv_handle_t *)&desk->async, on_closed);
        return error_set(err, STATUS_NO_MEMORY, "cannot start the storage thread");
    }
    *out = desk;
    return STATUS_OK;
}

void desk_submit(struct desk *desk, struct desk_job *job)
{
    pthread_mutex_lock(&desk->lock);
    queue_push(&desk->waiting, job);
    pthread_cond_signal(&desk->wake);
    pthread_mutex_unlock(&desk->lock);
}

void desk_close(struct desk *desk, void (*closed)(void *context), void *context)
{
    pthread_mutex_lock(&desk->lock);
    desk->stopping = true;
    pthread_cond_signal(&desk->wake);
    pthread_mutex_unlock(&desk->lock);
    pthread_join(desk->thread, NULL);
    desk->options.news = NULL;
    hand_back(desk);
    desk->closed = closed;
    desk->closed_context = context;
    uv_close((uv_handle_t *)&desk->async, on_closed);
}
