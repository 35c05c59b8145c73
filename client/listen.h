#ifndef CLIENT_LISTEN_H
#define CLIENT_LISTEN_H

/* A client that others on the local network sync with: it answers their sessions as the hub would,
 * with what it holds and they may read. Storage is answered inline, on the loop; a handful of
 * volunteers in one room, not a hub.
 *
 * Says who it may be first (protocol/peer_hint.h), and lets itself be found (client/hail.h). Blocks
 * until it is told to end, then lets the sessions end. */

#include "client/goodbye.h"
#include "common/replica.h"
#include "protocol/storage.h"

#define LISTEN_CONNECTIONS_MAX 16

struct listen_options {
    const char *address;             /* HOST:PORT; port 0: a free one */
    const struct storage_host *host; /* admits newcomers; NULL: nobody */
    /* Called once it accepts, and after each session. May be NULL. */
    void (*ready)(void *context, const char *address);
    void (*ended)(void *context, uint32_t device, const struct session_totals *totals);
    void *context;
    /* With one, signals are left to the program; without, SIGTERM and SIGINT end it. */
    struct goodbye *goodbye;
};

/* STATUS_BAD_INPUT for an address, STATUS_UNREACHABLE when it can't be listened on. */
enum status listen_run(struct replica *replica, const struct listen_options *options,
                       struct error *err);

#endif
