#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

/* The client's network driver: one session with the hub, or with another client that listens
 * (client/listen.h), over TCP, on a libuv loop of its own.
 * Storage is answered inline. Blocks until the session is over; a watching one until
 * SIGINT/SIGTERM, with reconnects (jittered back-off, 1 s to 60 s). */

#include "client/goodbye.h"
#include "common/replica.h"
#include "protocol/session.h"

struct link_options {
    const char *address;            /* HOST:PORT of the hub, or of the peer */
    uint8_t link_key[DH_KEY_BYTES]; /* the hub's; the peer's while enrolling */
    bool discreet; /* with the key of the hub's certificate; nothing is said before the answer */
    bool peer;     /* another client: it says first who it may be */
    uint32_t peer_device; /* enrolling at a peer: its roster index */
    bool watch;
    bool enrolling;
    uint8_t token[16];
    enum session_attachments attachments;
    uint64_t budget_bytes; /* of one session, when attachments are left to fetch or give; 0: any */
    /* Called whenever all that was there is exchanged (watching). May be NULL. */
    void (*settled)(void *context, const struct session_totals *totals);
    /* Called when more of a snapshot is here. May be NULL. */
    void (*progress)(void *context, const struct session_totals *totals);
    void *context;
    /* With one, watching doesn't reconnect and signals are left to the program: the caller
     * decides when to try again. May be NULL. */
    struct goodbye *goodbye;
};

struct link_result {
    struct session_totals totals;
    uint64_t ms;     /* from connecting to the end */
    bool unanswered; /* it was there, and closed without a word: our key may not be its key any more
                      */
};

/* STATUS_DENIED without keys: then no try to connect can succeed. */
enum status link_ready(const struct replica *replica, struct error *err);
/* STATUS_UNREACHABLE: nothing there, or the connection broke before the exchange was complete (what
 * had arrived stays). STATUS_DENIED: the hub refused, err has its words. STATUS_PROTOCOL. */
enum status link_run(struct replica *replica, const struct link_options *options,
                     struct link_result *result, struct error *err);

#endif
