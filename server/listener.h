#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

/* The running hub: accepts connections within limits and serves until SIGTERM or SIGINT.
 *
 * Whoever hasn't shown who he is yet is a stranger. Where a limit is reached, the oldest stranger
 * goes, for honest ones are through in a second; a device with too many connections loses its
 * oldest, for that is the one whose network broke. */

#include "server/hub.h"
#include "server/tls.h"

struct listener_options {
    const char *address;      /* HOST:PORT; port 0 picks a free one */
    const char *directory;    /* of the hub */
    unsigned connections_max; /* at once; 0: 4,000, or what the system allows */
    unsigned per_address_max; /* strangers at once from one address; 0: 32, and loopback any */
    unsigned per_device_max;  /* connections at once of one device; 0: 4 */
    uint32_t handshake_ms, silence_ms;     /* 0: as the protocol says */
    const char *http;                      /* HOST:PORT of the console; NULL: none */
    const char *http_name, *metrics_token; /* see server/console.h; NULL: none */
    struct tls_files tls;
};

/* Prints "ready listen=HOST:PORT http=HOST:PORT" on stdout once it accepts (http=-: no console).
 * Returns after a clean stop. */
enum status listener_run(struct hub *hub, const struct listener_options *options,
                         struct error *err);

#endif
