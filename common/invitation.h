#ifndef COMMON_INVITATION_H
#define COMMON_INVITATION_H

/* The one-line code that admits one device: where the hub is, how to know it, and a secret that
 * works once. Text: "JQ1-" and base64url (RFC 4648 5, no padding) of
 *   version u8 = 1 ‖ network id 16 ‖ link key 32 ‖ token 16 ‖ address length u8 ‖ address ‖
 *   check 4 (the first bytes of BLAKE2b-256 of all before it)
 * A value: no storage, no clock. */

#include "common/bytes.h"
#include "common/keys.h"

#define INVITATION_TOKEN_BYTES 16
#define INVITATION_ADDRESS_MAX 200
#define INVITATION_TEXT_MAX 400

struct invitation {
    struct network network;
    uint8_t link_key[DH_KEY_BYTES];
    uint8_t token[INVITATION_TOKEN_BYTES];
    char address[INVITATION_ADDRESS_MAX + 1]; /* HOST:PORT */
};

/* `text` has room for INVITATION_TEXT_MAX. */
void invitation_format(const struct invitation *invitation, char *text);
/* STATUS_BAD_INPUT: not such a code, or mistyped. Space around it is ignored. */
enum status invitation_parse(const char *text, struct invitation *invitation, struct error *err);

/* Split "HOST:PORT" or "[V6]:PORT"; `host` has room for INVITATION_ADDRESS_MAX + 1. */
enum status address_split(const char *address, char *host, uint16_t *port, struct error *err);

#endif
