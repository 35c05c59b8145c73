#ifndef CLIENT_DESK_H
#define CLIENT_DESK_H

/* The storage thread of the pages: the only one that touches their replica, so that a long search
 * never holds up the loop.
 *
 * The loop's thread submits jobs; they are worked on one after the other, and `done` comes back on
 * the loop. When nothing waits, the desk looks every DESK_LOOK_MS whether another process or the
 * syncing thread wrote into the folder. */

#include <uv.h>

#include "common/replica.h"

#define DESK_LOOK_MS 200

struct desk_job {
    void (*work)(struct desk_job *job, struct replica *replica); /* on the desk's thread */
    void (*done)(struct desk_job *job);                          /* on the loop's thread */
    struct desk_job *next;
};

struct desk; /* opaque */

/* Called on the loop's thread when somebody else wrote. */
typedef void desk_news(void *context);

/* Borrows `replica` until the desk is closed. */
enum status desk_open(struct desk **desk, uv_loop_t *loop, struct replica *replica, desk_news *news,
                      void *context, struct error *err);
void desk_submit(struct desk *desk, struct desk_job *job);
/* Finish what was submitted, hand it back, join the thread. `closed` comes on the loop, after which
 * the desk is gone. */
void desk_close(struct desk *desk, void (*closed)(void *context), void *context);

#endif
