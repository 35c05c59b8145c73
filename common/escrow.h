#ifndef COMMON_ESCROW_H
#define COMMON_ESCROW_H

/* What passes between a client and the bureau for an escrow, as one line of text:
 *   "JQE1-" and base64url of the bureau's public key 32 ‖ check 4         a key to seal for
 *   "JQR1-" and base64url of that key 32 ‖ the sealed code 63 ‖ check 4   a request to open it
 * check: the first bytes of BLAKE2b-256 of all before it. The request is no secret; what the
 * bureau answers is a recovery code. */

#include "common/keyslots.h"

#define ESCROW_TEXT_MAX 160

void escrow_key_format(const uint8_t key[ESCROW_KEY_BYTES], char text[ESCROW_TEXT_MAX]);
/* STATUS_BAD_INPUT: no such text, or mistyped. */
enum status escrow_key_parse(const char *text, uint8_t key[ESCROW_KEY_BYTES], struct error *err);

struct escrow_request {
    uint8_t key[ESCROW_KEY_BYTES];
    uint8_t sealed[ESCROW_SEALED_BYTES];
};
void escrow_request_format(const struct escrow_request *request, char text[ESCROW_TEXT_MAX]);
enum status escrow_request_parse(const char *text, struct escrow_request *request,
                                 struct error *err);

#endif
