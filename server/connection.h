#ifndef SERVER_CONNECTION_H
#define SERVER_CONNECTION_H

/* One client's connection: a TCP handle, a timer and a session, joined to the storage thread.
 * Everything here runs on the loop. Frees itself when its handles are closed and no job is out. */

#include <uv.h>

#include "protocol/session.h"
#include "server/worker.h"

#define CONNECTION_QUEUE_BYTES_MAX (512 * 1024) /* unsent: no further answers until it drains */

struct connection;

struct connection_host {
    uv_loop_t *loop;
    struct worker *worker;
    struct network network;
    struct dh_key link;
    void (*gone)(void *context, struct connection *connection);
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

struct connection *connection_next(const struct connection *connection);
void connection_link(struct connection *connection, struct connection **list);
void connection_unlink(struct connection *connection, struct connection **list);

#endif
