#ifndef PROTOCOL_KNOCK_H
#define PROTOCOL_KNOCK_H

/* What stands behind a first handshake message: its writer knows the key that the message is for.
 *
 * BLAKE2b-128 over the message, keyed by a hash of the responder's static key. A responder looks at
 * it before any Diffie-Hellman, so that whoever found nothing but the port costs it one hash. It
 * is no secret among those who were ever invited, and shows nobody's identity. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/keys.h"

#define KNOCK_BYTES 16

void knock_make(uint8_t knock[KNOCK_BYTES], const struct network *network,
                const uint8_t responder[DH_KEY_BYTES], struct bytes message);
/* Splits a first frame: `message` borrows what stands before the knock. False when the frame is
 * too short or its knock another one; nothing is told of which. */
bool knock_take(struct bytes frame, const struct network *network,
                const uint8_t responder[DH_KEY_BYTES], struct bytes *message);

#endif
