#include "common/invitation.h"

#include <assert.h>
#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "JQ1-"
#define CHECK_BYTES 4
#define FIXED_BYTES (1 + NETWORK_BYTES + DH_KEY_BYTES + INVITATION_TOKEN_BYTES + 1)
#define RAW_MAX (FIXED_BYTES + INVITATION_ADDRESS_MAX + CHECK_BYTES)

static void put_check(const uint8_t *raw, size_t size, uint8_t check[CHECK_BYTES])
{
    uint8_t hash[32];
    crypto_generichash(hash, sizeof hash, raw, size, NULL, 0);
    memcpy(check, hash, CHECK_BYTES);
}

void invitation_format(const struct invitation *invitation, char *text)
{
    uint8_t raw[RAW_MAX];
    size_t length = strlen(invitation->address);
    assert(length <= INVITATION_ADDRESS_MAX);
    uint8_t *at = raw;
    *at++ = 1;
    memcpy(at, invitation->network.id, NETWORK_BYTES);
    at += NETWORK_BYTES;
    memcpy(at, invitation->link_key, DH_KEY_BYTES);
    at += DH_KEY_BYTES;
    memcpy(at, invitation->token, INVITATION_TOKEN_BYTES);
    at += INVITATION_TOKEN_BYTES;
    *at++ = (uint8_t)length;
    memcpy(at, invitation->address, length);
    at += length;
    put_check(raw, (size_t)(at - raw), at);
    at += CHECK_BYTES;

    memcpy(text, PREFIX, sizeof PREFIX);
    sodium_bin2base64(text + strlen(PREFIX), INVITATION_TEXT_MAX - strlen(PREFIX), raw,
                      (size_t)(at - raw), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool take_fields(const uint8_t *raw, size_t size, struct invitation *invitation)
{
    if (size < FIXED_BYTES + CHECK_BYTES || raw[0] != 1)
        return false;
    size_t length = raw[FIXED_BYTES - 1];
    if (length > INVITATION_ADDRESS_MAX || size != FIXED_BYTES + length + CHECK_BYTES)
        return false;
    uint8_t check[CHECK_BYTES];
    put_check(raw, size - CHECK_BYTES, check);
    if (memcmp(check, raw + size - CHECK_BYTES, CHECK_BYTES) != 0)
        return false;
    const uint8_t *at = raw + 1;
    memcpy(invitation->network.id, at, NETWORK_BYTES);
    at += NETWORK_BYTES;
    memcpy(invitation->link_key, at, DH_KEY_BYTES);
    at += DH_KEY_BYTES;
    memcpy(invitation->token, at, INVITATION_TOKEN_BYTES);
    at += INVITATION_TOKEN_BYTES + 1;
    memcpy(invitation->address, at, length);
    invitation->address[length] = '\0';
    return strlen(invitation->address) == length;
}

enum status invitation_parse(const char *text, struct invitation *invitation, struct error *err)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    if (length <= strlen(PREFIX) || length >= INVITATION_TEXT_MAX ||
        strncmp(text, PREFIX, strlen(PREFIX)) != 0)
        return error_set(err, STATUS_BAD_INPUT, "the code doesn't begin with 'JQ1-'");
    uint8_t raw[RAW_MAX];
    size_t size = 0;
    if (sodium_base642bin(raw, sizeof raw, text + strlen(PREFIX), length - strlen(PREFIX), NULL,
                          &size, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        !take_fields(raw, size, invitation))
        return error_set(err, STATUS_BAD_INPUT, "the code is mistyped or cut off");
    return STATUS_OK;
}

enum status address_split(const char *address, char *host, uint16_t *port, struct error *err)
{
    const char *colon = strrchr(address, ':');
    const char *start = address;
    size_t length = colon ? (size_t)(colon - address) : 0;
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        start++;
        length -= 2;
    }
    char *end = NULL;
    long number = colon && isdigit((unsigned char)colon[1]) ? strtol(colon + 1, &end, 10) : -1;
    if (length == 0 || length > INVITATION_ADDRESS_MAX || number < 0 || number > 65535 || *end)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not an address like HOST:PORT", address);
    memcpy(host, start, length);
    host[length] = '\0';
    *port = (uint16_t)number;
    return STATUS_OK;
}
