#include "common/invitation.h"

#include <assert.h>
#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "JQ1-"
#define CHECK_BYTES 4
#define FIXED_BYTES (1 + NETWORK_BYTES + DH_KEY_BYTES + INVITATION_TOKEN_BYTES + 1)
#define ISSUER_BYTES (4 + 1 + INVITATION_ADDRESS_MAX)
#define RAW_MAX (FIXED_BYTES + INVITATION_ADDRESS_MAX + ISSUER_BYTES + CHECK_BYTES)

static void put_check(const uint8_t *raw, size_t size, uint8_t check[CHECK_BYTES])
{
    uint8_t hash[32];
    crypto_generichash(hash, sizeof hash, raw, size, NULL, 0);
    memcpy(check, hash, CHECK_BYTES);
}

static uint8_t *put_issuer(const struct invitation *invitation, uint8_t *at)
{
    size_t length = strlen(invitation->hub);
    assert(length <= INVITATION_ADDRESS_MAX);
    put_u32le(at, invitation->issuer);
    at[4] = (uint8_t)length;
    memcpy(at + 5, invitation->hub, length);
    return at + 5 + length;
}

void invitation_format(const struct invitation *invitation, char *text)
{
    uint8_t raw[RAW_MAX];
    size_t length = strlen(invitation->address);
    assert(length <= INVITATION_ADDRESS_MAX);
    uint8_t *at = raw;
    *at++ = invitation->issuer == DEVICE_HUB ? 1 : 2;
    memcpy(at, invitation->network.id, NETWORK_BYTES);
    at += NETWORK_BYTES;
    memcpy(at, invitation->link_key, DH_KEY_BYTES);
    at += DH_KEY_BYTES;
    memcpy(at, invitation->token, INVITATION_TOKEN_BYTES);
    at += INVITATION_TOKEN_BYTES;
    *at++ = (uint8_t)length;
    memcpy(at, invitation->address, length);
    at += length;
    if (invitation->issuer != DEVICE_HUB)
        at = put_issuer(invitation, at);
    put_check(raw, (size_t)(at - raw), at);
    at += CHECK_BYTES;

    memcpy(text, PREFIX, sizeof PREFIX);
    sodium_bin2base64(text + strlen(PREFIX), INVITATION_TEXT_MAX - strlen(PREFIX), raw,
                      (size_t)(at - raw), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* A length and a text; false when it isn't there whole. */
static bool take_text(struct bytes *in, char *text)
{
    size_t length = in->size > 0 ? in->data[0] : 0;
    if (in->size < 1 + length || length > INVITATION_ADDRESS_MAX)
        return false;
    memcpy(text, in->data + 1, length);
    text[length] = '\0';
    *in = bytes_of(in->data + 1 + length, in->size - 1 - length);
    return strlen(text) == length;
}

static bool take_issuer(struct bytes *in, struct invitation *invitation)
{
    if (in->size < 4)
        return false;
    invitation->issuer = get_u32le(in->data);
    *in = bytes_of(in->data + 4, in->size - 4);
    return invitation->issuer > DEVICE_HUB && take_text(in, invitation->hub);
}

static bool take_fields(const uint8_t *raw, size_t size, struct invitation *invitation)
{
    uint8_t check[CHECK_BYTES];
    if (size < FIXED_BYTES + CHECK_BYTES || raw[0] < 1 || raw[0] > 2)
        return false;
    put_check(raw, size - CHECK_BYTES, check);
    if (memcmp(check, raw + size - CHECK_BYTES, CHECK_BYTES) != 0)
        return false;
    const uint8_t *at = raw + 1;
    *invitation = (struct invitation){.issuer = DEVICE_HUB};
    memcpy(invitation->network.id, at, NETWORK_BYTES);
    at += NETWORK_BYTES;
    memcpy(invitation->link_key, at, DH_KEY_BYTES);
    at += DH_KEY_BYTES;
    memcpy(invitation->token, at, INVITATION_TOKEN_BYTES);
    at += INVITATION_TOKEN_BYTES;
    struct bytes rest = bytes_of(at, size - CHECK_BYTES - (size_t)(at - raw));
    if (!take_text(&rest, invitation->address) || (raw[0] == 2 && !take_issuer(&rest, invitation)))
        return false;
    return rest.size == 0;
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

enum status lifetime_parse(const char *text, int64_t *lifetime_ms, struct error *err)
{
    char *end = NULL;
    long count = strtol(text, &end, 10);
    int64_t unit = *end == 'd' ? 86400000 : *end == 'h' ? 3600000 : *end == 'm' ? 60000 : 0;
    if (end == text || count <= 0 || count > 100000 || unit == 0 || end[1] != '\0')
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a time like 7d, 12h or 30m", text);
    *lifetime_ms = count * unit;
    return STATUS_OK;
}
