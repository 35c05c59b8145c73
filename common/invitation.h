#ifndef COMMON_INVITATION_H
#define COMMON_INVITATION_H

/* The one-line code that admits one device: where the hub is, or another device that admits, how
 * to know it, and a secret that works once. Text: "JQ1-" and base64url (RFC 4648 5, no padding) of
 *   version u8 = 1 ‖ network id 16 ‖ link key 32 ‖ token 16 ‖ address length u8 ‖ address ‖
 *   check 4 (the first bytes of BLAKE2b-256 of all before it)
 * and, of a device that isn't the hub, version 2, with two things more before the check:
 *   its roster index u32le ‖ length u8 ‖ address of the hub
 * A value: no storage, no clock. */

#include "common/bytes.h"
#include "common/frontier.h"
#include "common/keys.h"

#define INVITATION_TOKEN_BYTES 16
#define INVITATION_ADDRESS_MAX 200
#define INVITATION_TEXT_MAX 700

struct invitation {
    struct network network;
    uint8_t link_key[DH_KEY_BYTES];
    uint8_t token[INVITATION_TOKEN_BYTES];
    char address[INVITATION_ADDRESS_MAX + 1]; /* HOST:PORT */
    uint32_t issuer;                          /* roster index; DEVICE_HUB */
    char hub[INVITATION_ADDRESS_MAX + 1];     /* HOST:PORT, when the issuer isn't the hub */
};

/* `text` has room for INVITATION_TEXT_MAX. */
void invitation_format(const struct invitation *invitation, char *text);
/* STATUS_BAD_INPUT: not such a code, or mistyped. Space around it is ignored. */
enum status invitation_parse(const char *text, struct invitation *invitation, struct error *err);

/* "7d", "12h", "30m" -> milliseconds. */
enum status lifetime_parse(const char *text, int64_t *lifetime_ms, struct error *err);
/* Split "HOST:PORT" or "[V6]:PORT"; `host` has room for INVITATION_ADDRESS_MAX + 1. */
enum status address_split(const char *address, char *host, uint16_t *port, struct error *err);

#endif
