#ifndef TESTS_LINK_RELAY_H
#define TESTS_LINK_RELAY_H

/* A relay on libuv: whoever connects to it reaches the hub, over a line as poor as one likes
 * (tests/link/line.h). It reads no more than the line holds, so that a sender feels the line. A
 * connection that is cut ends for both, each having all that has come out on its side. Owns its
 * handles and connections. */

#include <uv.h>

#include "tests/link/line.h"

struct relay_total {
    uint64_t connections, cuts, unreached; /* unreached: the hub didn't answer */
    uint64_t to_hub, to_client, stalls, corrupted;
    unsigned flights; /* the most of a connection */
};

struct relay_ended { /* one connection */
    uint64_t number; /* from 1 */
    struct line_counts counts;
    uint64_t ms; /* from connecting to the last byte that came out */
};

struct relay;

struct relay_options {
    struct line_manner manner;
    struct sockaddr_storage listen, hub;
    void (*ended)(void *context, const struct relay_ended *ended); /* may be NULL */
    void *context;
};

/* Listens at once. Fails with the negative code of libuv. */
int relay_open(struct relay **relay, uv_loop_t *loop, const struct relay_options *options);
/* The port that it listens on. */
unsigned relay_port(const struct relay *relay);
const struct relay_total *relay_total(const struct relay *relay);
/* Cut everything; when the loop has run out, relay_free. */
void relay_close(struct relay *relay);
void relay_free(struct relay *relay);

#endif
