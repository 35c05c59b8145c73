#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

/* The storage thread: the only one that touches the hub's replica while the hub runs.
 *
 * The loop's thread submits jobs (questions of sessions); answers come back on the loop through an
 * async handle. All jobs that wait when a round begins and that write share one transaction: a
 * group commit. Answers leave only after it is durable. Every WORKER_LOOK_MS the thread looks
 * whether another process (jinqiud org add …) wrote into the folder. */

#include <uv.h>

#include "server/hub.h"

#define WORKER_LOOK_MS 200

struct job {
    const struct session_question *question; /* valid until `done` */
    uint32_t device;                         /* to note when it was last seen; 0: don't */
    bool told;        /* it told of itself in this session: note that, too */
    int64_t ahead_ms; /* how far its clock is before ours; behind: negative */
    struct storage_reply reply;              /* kept by the owner of the job */
    void (*done)(struct job *job);           /* on the loop's thread */
    void *owner;
    uint64_t parked_ms; /* since then it waits for a snapshot in the making; 0: it doesn't */
    struct job *next;
};

/* Something else that only the storage thread may do, in a transaction of its own making. */
struct task {
    enum status (*work)(struct task *task, struct hub *hub, struct error *err); /* on the thread */
    void (*done)(struct task *task); /* on the loop's thread; `status` and `err` tell how it went */
    bool quiet;                      /* what it wrote is no news */
    enum status status;
    struct error err;
    struct task *next;
};

struct worker;

/* Called on the loop's thread when entries were committed that other sessions may want. */
typedef void worker_news(void *context);

/* Takes over `hub` until worker_stop. */
enum status worker_start(struct worker **worker, uv_loop_t *loop, struct hub *hub,
                         worker_news *news, void *context, struct error *err);
void worker_submit(struct worker *worker, struct job *job);
/* The hub stops: no job waits for a snapshot any more. */
void worker_hurry(struct worker *worker);
/* Between two rounds. What it wrote counts as news, unless it is quiet. */
void worker_do(struct worker *worker, struct task *task);
/* Finish what was submitted, give the answers, join the thread. `closed` is called on the loop when
 * the handle is gone; then worker_free. */
void worker_stop(struct worker *worker, void (*closed)(void *context), void *context);
void worker_free(struct worker *worker);

#define WORKER_TIMES 8
extern const uint32_t worker_times_ms[WORKER_TIMES - 1]; /* upper bounds; the last one has none */
struct worker_totals {
    uint64_t commits, jobs, applied;
    uint64_t waiting;             /* jobs, just now */
    uint64_t times[WORKER_TIMES]; /* rounds that took so long, each counted once */
    uint64_t busy_us;             /* all rounds together */
    bool failing;                 /* the last round that wrote failed */
};
struct worker_totals worker_totals(struct worker *worker);

#endif
