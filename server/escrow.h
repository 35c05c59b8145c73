#ifndef SERVER_ESCROW_H
#define SERVER_ESCROW_H

/* The bureau's half of an escrow: a key pair for which clients seal a way into their folder
 * (common/escrow.h). Its seed lies in DIR/escrow.key and may be carried away like the root key;
 * opening a request needs it back. */

#include "common/escrow.h"
#include "server/hub.h"

/* The public half; makes the pair when there is none yet. */
enum status escrow_public_key(const struct hub_options *options, uint8_t key[ESCROW_KEY_BYTES],
                              struct error *err);
/* The recovery code inside. STATUS_DENIED: sealed for another key. STATUS_BAD_INPUT: altered. */
enum status escrow_open(const struct hub_options *options, const struct escrow_request *request,
                        uint8_t code[RECOVERY_CODE_BYTES], struct error *err);

#endif
