/* Happy path: maker_want -> thread: a connection, the pass over the scope; each chunk becomes a
 * task of the storage thread, and the next one waits until it is written -> the manifest, as the
 * last task. Failures: anything that fails ends the making, is told in the log, and isn't tried
 * again for a while; chunks without a manifest are swept with the next one. */

#include "server/maker.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/replica_snapshot.h"
#include "server/log.h"

#define CACHE_KIB 4096
#define PAUSE_MS 60000 /* after a failure */

struct maker {
    struct worker *worker;
    struct hub_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what stands below */
    pthread_cond_t wake;
    bool started; /* to be joined */
    bool making, stopping;
    uint32_t scope;     /* in the making, or the last one */
    uint64_t failed_ms; /* when that failed; 0: it didn't */
    bool written;       /* the task that the thread waits for is done: */
    enum status status;
};

/* What the storage thread is to write: a chunk, or what binds them. */
struct piece {
    struct task task;
    struct maker *maker;
    struct snapshot_laid chunk;
    struct buffer frame;
    const struct snapshot *snapshot; /* NULL: a chunk */
};

/* ---- on the storage thread ---- */

static enum status write_piece(const struct piece *piece, struct replica *replica,
                               struct error *err)
{
    TRY(replica_begin(replica, err));
    enum status status = piece->snapshot ? replica_snapshot_finish(replica, piece->snapshot, err)
                                         : replica_snapshot_lay(replica, &piece->chunk, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

static enum status on_piece(struct task *task, struct hub *hub, struct error *err)
{
    struct piece *piece = (struct piece *)task;
    struct maker *maker = piece->maker;
    enum status status = write_piece(piece, hub->replica, err);
    pthread_mutex_lock(&maker->lock);
    maker->written = true;
    maker->status = status;
    pthread_cond_signal(&maker->wake);
    pthread_mutex_unlock(&maker->lock);
    return status;
}

/* ---- on the loop ---- */

static void free_piece(struct task *task)
{
    struct piece *piece = (struct piece *)task;
    buffer_release(&piece->frame);
    free(piece);
}

/* ---- on the maker's thread ---- */

struct making {
    struct maker *maker;
    struct replica *replica;
    uint32_t scope;
};

/* Takes the piece; returns when it is written. */
static enum status hand_over(struct maker *maker, struct piece *piece, struct error *err)
{
    piece->task = (struct task){.work = on_piece, .done = free_piece, .quiet = true};
    piece->maker = maker;
    pthread_mutex_lock(&maker->lock);
    maker->written = false;
    bool stopping = maker->stopping;
    pthread_mutex_unlock(&maker->lock);
    if (stopping) {
        free_piece(&piece->task);
        return error_set(err, STATUS_BUSY, "the hub is stopping");
    }
    worker_do(maker->worker, &piece->task);
    pthread_mutex_lock(&maker->lock);
    while (!maker->written)
        pthread_cond_wait(&maker->wake, &maker->lock);
    enum status status = maker->status;
    pthread_mutex_unlock(&maker->lock);
    return status == STATUS_OK ? status : error_set(err, status, "a snapshot could not be written");
}

static enum status take_chunk(void *context, struct bytes chunk, struct error *err)
{
    struct making *making = context;
    struct piece *piece = calloc(1, sizeof *piece);
    if (!piece)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    piece->chunk.scope = making->scope;
    enum status status =
        replica_snapshot_pack(making->replica, chunk, &piece->chunk, &piece->frame, err);
    if (status != STATUS_OK) {
        free_piece(&piece->task);
        return status;
    }
    return hand_over(making->maker, piece, err);
}

static enum status make(struct making *making, struct error *err)
{
    struct maker *maker = making->maker;
    struct snapshot snapshot = {0};
    struct snapshot_wish wish = {.scope = making->scope, .take = take_chunk, .context = making};
    TRY(hub_open_reader(&maker->options, CACHE_KIB, &making->replica, err));
    enum status status = replica_snapshot_make(making->replica, &wish, &snapshot, err);
    struct piece *last = status == STATUS_OK ? calloc(1, sizeof *last) : NULL;
    if (last) {
        last->snapshot = &snapshot;
        status = hand_over(maker, last, err);
    } else if (status == STATUS_OK) {
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    snapshot_release(&snapshot);
    replica_close(making->replica);
    return status;
}

static void *work(void *argument)
{
    struct maker *maker = argument;
    struct making making = {.maker = maker, .scope = maker->scope};
    struct error err = {0};
    enum status status = make(&making, &err);
    pthread_mutex_lock(&maker->lock);
    /* Something that it is judged by changed meanwhile: begin anew. */
    bool again = status == STATUS_OK || status == STATUS_UNSUPPORTED || maker->stopping;
    maker->failed_ms = again ? 0 : clock_mono_ms(&maker->options.clock);
    maker->making = false;
    pthread_mutex_unlock(&maker->lock);
    if (!again)
        log_error("snapshot", &err);
    return NULL;
}

/* ---- from outside ---- */

enum status maker_new(struct maker **out, struct worker *worker, const struct hub_options *options,
                      struct error *err)
{
    struct maker *maker = calloc(1, sizeof *maker);
    *out = maker;
    if (!maker)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    maker->worker = worker;
    maker->options = *options;
    pthread_mutex_init(&maker->lock, NULL);
    pthread_cond_init(&maker->wake, NULL);
    return STATUS_OK;
}

/* With the lock held. */
static bool begin(struct maker *maker, uint32_t scope)
{
    if (maker->started)
        pthread_join(maker->thread, NULL); /* it has ended */
    maker->scope = scope;
    maker->failed_ms = 0;
    maker->started = maker->making = pthread_create(&maker->thread, NULL, work, maker) == 0;
    return maker->making;
}

bool maker_want(struct maker *maker, uint32_t scope)
{
    pthread_mutex_lock(&maker->lock);
    bool tried = maker->scope == scope && maker->failed_ms > 0 &&
                 clock_mono_ms(&maker->options.clock) - maker->failed_ms < PAUSE_MS;
    bool comes = !maker->stopping && !tried && (maker->making || begin(maker, scope));
    pthread_mutex_unlock(&maker->lock);
    return comes;
}

void maker_stop(struct maker *maker)
{
    if (!maker)
        return;
    pthread_mutex_lock(&maker->lock);
    maker->stopping = true;
    bool started = maker->started;
    pthread_mutex_unlock(&maker->lock);
    if (started)
        pthread_join(maker->thread, NULL);
}

void maker_free(struct maker *maker)
{
    if (!maker)
        return;
    pthread_mutex_destroy(&maker->lock);
    pthread_cond_destroy(&maker->wake);
    free(maker);
}
