#ifndef CLIENT_OFFICE_H
#define CLIENT_OFFICE_H

/* The folder while the pages are open: its replica with the desk and the syncing, or, when nobody
 * has been there for a while, locked: all of that closed and the keys wiped from memory, until a
 * person gives the passphrase again. A folder that hasn't joined yet is fresh: there is nothing but
 * the wish to join.
 *
 * A folder without a passphrase is never locked; one whose passphrase nobody gave when the program
 * began is locked from the start. Lives on the loop's thread; opens the folder, and joins, on one
 * of libuv's. Knows no HTTP: client/api_lock.c and api_join.c answer for it.
 *
 *   FRESH --a code--> JOINING --it went well--> OPEN, --it didn't--> FRESH
 *   OPEN --idle, or asked to--> LEAVING: what is typed may still be saved, OFFICE_LEAVE_MS long
 *     --> CLOSING: the syncing ends, then the desk --> LOCKED
 *   LOCKED --a secret--> UNLOCKING --it fits--> OPEN or FRESH, --it doesn't--> LOCKED
 *   any --office_close--> closing, and gone */

#include <uv.h>

#include "api/desk.h"
#include "client/arrival.h"
#include "client/background.h"
#include "client/neighbours.h"

#define OFFICE_IDLE_MINUTES 10
#define OFFICE_LEAVE_MS 700

struct office; /* opaque */

enum office_news {
    OFFICE_CHANGED, /* somebody else wrote */
    OFFICE_SYNC,    /* the state of syncing changed */
    OFFICE_NEAR,    /* that of syncing with others on the local network */
    OFFICE_LEAVING, /* it will be locked in a moment */
    OFFICE_LOCKED,
    OFFICE_UNLOCKED /* or joined */
};
typedef void office_tell(void *context, enum office_news news);

struct office_options {
    const struct cli *cli; /* names the folder, keeps its keys; borrowed */
    uint64_t idle_ms;      /* 0: locked only when asked to */
    office_tell *tell;     /* on the loop */
    void *context;
};

/* Open the folder and begin to sync, unless it is fresh or waits for its passphrase. Call
 * wipe_what_is_freed first (common/wipe.h). After a failure nothing is left. */
enum status office_open(struct office **office, uv_loop_t *loop,
                        const struct office_options *options, struct error *err);
/* Finish what was submitted, end the syncing, close the replica. `closed` comes on the loop, after
 * which the office is gone. */
void office_close(struct office *office, void (*closed)(void *context), void *context);

/* False: fresh, locked, or about to be opened again. The desk may be asked only while it is
 * open. */
bool office_is_open(struct office *office);
struct desk *office_desk(struct office *office);
/* Both NULL while it isn't open. */
struct background *office_background(struct office *office);
struct neighbours *office_neighbours(struct office *office);

/* May it be locked at all? */
bool office_has_lock(const struct office *office);
uint64_t office_idle_ms(const struct office *office);
/* A person did something just now. */
void office_person(struct office *office);
/* Lock it, soon. STATUS_DENIED: the folder has no passphrase. */
enum status office_lock(struct office *office, struct error *err);

/* How it went; `wait_ms` before the next try is looked at. */
typedef void office_unlocked(void *context, uint64_t wait_ms, const struct error *err);
/* Takes `secret`. `done` comes later, or at once: with STATUS_OK also when it is open anyway, with
 * STATUS_BUSY when another try is under way or too many went wrong; STATUS_DENIED: it doesn't
 * fit. */
void office_unlock(struct office *office, struct passphrase *secret, office_unlocked *done,
                   void *context);

/* Has it still to join, or does it just now? */
bool office_is_fresh(const struct office *office);
/* How far a joining is; NULL: none is under way. */
struct arrival *office_arrival(const struct office *office);
/* Has an earlier try decided what opens the folder? */
bool office_has_chosen(const struct office *office);
/* Takes `wish`. `done` comes later, or at once: with STATUS_EXISTS when the folder isn't fresh, or
 * as arrival_begin. */
void office_join(struct office *office, struct arrival_wish *wish, arrival_over *done,
                 void *context);

#endif
