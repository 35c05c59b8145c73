#ifndef CLIENT_HAIL_H
#define CLIENT_HAIL_H

/* Being found on the local network. A client that listens (client/listen.h) says every HAIL_MS to
 * an IPv4 multicast group which device it may be, on each network that it is reached from;
 * datagrams don't go beyond the local one. Who hears it: client/lookout.h.
 *
 *   hail = peer hint 20 (protocol/peer_hint.h) ‖ port 2, the greater byte first
 *
 * Only who knows the network's devices can tell one from noise of the kind; a stranger learns that
 * something listens there, which it does. Each hail has another salt. Nothing is answered. */

#include <uv.h>

#include "protocol/peer_hint.h"

#define HAIL_GROUP "239.255.74.12"
#define HAIL_PORT 7412
#define HAIL_MS 3000
#define HAIL_BYTES (PEER_HINT_BYTES + 2)
#define HAIL_INTERFACES_MAX 16

struct hail; /* opaque */

struct hail_options {
    const struct network *network;
    const uint8_t *dh_key; /* of this device, DH_KEY_BYTES; copied */
    const char *host;      /* what is listened on: numeric; "0.0.0.0" or "::": everywhere */
    uint16_t port;
};

/* Begin at once. NULL: it can't; a listener does without. */
struct hail *hail_open(uv_loop_t *loop, const struct hail_options *options);
/* It is gone when the loop has closed its handles. NULL: nothing. */
void hail_close(struct hail *hail);

/* The IPv4 addresses of this machine, one for each interface; returns how many. */
typedef char hail_address[INET_ADDRSTRLEN];
size_t hail_interfaces(hail_address addresses[HAIL_INTERFACES_MAX]);
/* Where other machines reach a port of this one: the first address that isn't the machine's own. */
#define HAIL_PLACE_BYTES (INET_ADDRSTRLEN + 6)
void hail_place(uint16_t port, char place[HAIL_PLACE_BYTES]);

#endif
