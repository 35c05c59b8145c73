#ifndef API_DESK_H
#define API_DESK_H

/* A storage thread of pages: the only one that touches its replica, so that a long search never
 * holds up the loop.
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

struct desk_options {
    struct replica *replica; /* borrowed until the desk is closed */
    bool scrubs;             /* when idle, it looks for damage and mends the tables */
    desk_news *news;
    void *context;
};
enum status desk_open(struct desk **desk, uv_loop_t *loop, const struct desk_options *options,
                      struct error *err);
void desk_submit(struct desk *desk, struct desk_job *job);
/* Finish what was submitted, hand it back, join the thread. `closed` comes on the loop, after which
 * the desk is gone. */
void desk_close(struct desk *desk, void (*closed)(void *context), void *context);

#endif
