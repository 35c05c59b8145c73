#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

/* The running hub: accepts connections within limits and serves until SIGTERM or SIGINT. */

#include "server/hub.h"

struct listener_options {
    const char *address;      /* HOST:PORT; port 0 picks a free one */
    unsigned connections_max; /* at once; 0: 4,000 */
    unsigned per_address_max; /* at once from one address that isn't loopback; 0: 32 */
};

/* Prints "ready listen=HOST:PORT http=-" on stdout once it accepts. Returns after a clean stop. */
enum status listener_run(struct hub *hub, const struct listener_options *options,
                         struct error *err);

#endif
