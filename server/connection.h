#ifndef SERVER_CONNECTION_H
#define SERVER_CONNECTION_H

/* One client's connection: a TCP handle, a timer and a session, joined to the storage thread.
 *
 * A stranger costs this struct and the bytes that it sent: the session begins with its first whole
 * frame. It is *known* once storage has said who it is. A peer that doesn't read makes us stop
 * loading, then stop reading, and in the end go. Everything here runs on the loop. Frees itself
 * when its handles are closed and no job is out. */

#include <uv.h>

#include "protocol/session.h"
#include "server/link_keys.h"
#include "server/log.h"
#include "server/worker.h"

/* Unsent bytes: above the first nothing more is loaded for the peer, above the second (which loads
 * alone never reach, so that two ends can't wait for each other) nothing more is read from it. */
#define CONNECTION_QUEUE_BYTES_MAX (512u * 1024)
#define CONNECTION_QUEUE_BYTES_FULL (4u * 1024 * 1024)
_Static_assert(CONNECTION_QUEUE_BYTES_FULL > CONNECTION_QUEUE_BYTES_MAX + 2 * SESSION_MESSAGE_MAX,
               "a load above the first limit stays below the second");

/* Of a stranger's half frame. Who has more may be cut for it. */
#define CONNECTION_EARLY_SHARE 1024u

struct connection;

struct connection_host {
    uv_loop_t *loop;
    struct worker *worker;
    struct network network;
    struct link_ring *links;
    uint32_t handshake_ms, silence_ms; /* as session_options */
    size_t greedy_bytes;               /* of all strangers above their share */
    void (*greedy)(void *context);     /* they grew: room may have to be made */
    void (*known)(void *context, struct connection *connection); /* the peer's device is known */
    void (*gone)(void *context, struct connection *connection);
    struct log_limit log_limit;   /* of what strangers make us write */
    uint64_t bytes_in, bytes_out; /* of all connections, ever */
    void *context;
};

/* A new connection that can be accepted into. NULL: out of memory. */
struct connection *connection_new(struct connection_host *host);
uv_tcp_t *connection_handle(struct connection *connection);
/* Accepted: begin to listen to it. */
void connection_start(struct connection *connection, uint64_t now_ms);
/* Entries were committed that it may want. */
void connection_news(struct connection *connection);
/* Say BYE and close; `at_once` without a word. */
void connection_stop(struct connection *connection, bool at_once);
const char *connection_address(const struct connection *connection);
/* Its handles are being closed: it counts no more. */
bool connection_leaving(const struct connection *connection);
/* What is kept of a stranger's half frame, when that is more than its share. */
size_t connection_greedy_bytes(const struct connection *connection);
/* Its first frame had a knock for one of our keys. */
bool connection_has_knocked(const struct connection *connection);
/* The roster index of a known peer; 0: a stranger. */
uint32_t connection_device(const struct connection *connection);

struct connection *connection_next(const struct connection *connection);
void connection_link(struct connection *connection, struct connection **list);
void connection_unlink(struct connection *connection, struct connection **list);

#endif
