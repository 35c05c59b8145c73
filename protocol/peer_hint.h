#ifndef PROTOCOL_PEER_HINT_H
#define PROTOCOL_PEER_HINT_H

/* What a client that listens for others says first, before the handshake: which device it may be,
 * to those who know the network's devices, and nothing to anybody else.
 *
 *   "JQP1" ‖ salt 8 ‖ first 8 bytes of BLAKE2b-256("jinqiu peer    1" ‖ network ‖ salt ‖ DH key)
 *
 * A hint only: who answers is proven by the handshake with that device's key, and the first message
 * can be read by nobody else. Another salt each time, so that nobody can follow a device around. */

#include "common/keys.h"

#define PEER_HINT_BYTES 20

void peer_hint_make(const struct network *network, const uint8_t dh_key[DH_KEY_BYTES],
                    uint8_t hint[PEER_HINT_BYTES]);
bool peer_hint_valid(const uint8_t hint[PEER_HINT_BYTES]);
bool peer_hint_fits(const uint8_t hint[PEER_HINT_BYTES], const struct network *network,
                    const uint8_t dh_key[DH_KEY_BYTES]);

#endif
