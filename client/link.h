#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

/* The client's network driver: one session with the hub over TCP, on a libuv loop of its own.
 * Storage is answered inline. Blocks until the session is over; a watching one until
 * SIGINT/SIGTERM, with reconnects (jittered back-off, 1 s to 60 s). */

#include "common/replica.h"
#include "protocol/session.h"

struct link_options {
    const char *address;            /* HOST:PORT of the hub */
    uint8_t link_key[DH_KEY_BYTES]; /* the hub's */
    bool watch;
    bool enrolling;
    uint8_t token[16];
    /* Called whenever all that was there is exchanged (watching). May be NULL. */
    void (*settled)(void *context, const struct session_totals *totals);
    void *context;
};

struct link_result {
    struct session_totals totals;
    uint64_t ms; /* from connecting to the end */
};

/* STATUS_UNREACHABLE: nothing there, or the connection broke before the exchange was complete (what
 * had arrived stays). STATUS_DENIED: the hub refused, err has its words. STATUS_PROTOCOL. */
enum status link_run(struct replica *replica, const struct link_options *options,
                     struct link_result *result, struct error *err);

#endif
