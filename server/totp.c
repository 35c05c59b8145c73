#include "server/totp.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MODULUS 1000000u

/* RFC 4226, 5.3, over HMAC-SHA-256. */
uint32_t totp_digits(const uint8_t secret[TOTP_SECRET_BYTES], uint64_t step)
{
    uint8_t counter[8], mac[crypto_auth_hmacsha256_BYTES];
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)(step >> (56 - 8 * i));
    crypto_auth_hmacsha256(mac, counter, sizeof counter, secret);
    size_t at = mac[sizeof mac - 1] & 15;
    uint32_t number = (uint32_t)(mac[at] & 127) << 24 | (uint32_t)mac[at + 1] << 16 |
                      (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    return number % DIGITS_MODULUS;
}

bool totp_fits(const uint8_t secret[TOTP_SECRET_BYTES], const char *text, int64_t wall_ms,
               uint64_t *step)
{
    if (strlen(text) != 6 || strspn(text, "0123456789") != 6 || wall_ms < TOTP_STEP_S * 1000)
        return false;
    uint32_t given = (uint32_t)strtoul(text, NULL, 10);
    uint64_t now = (uint64_t)wall_ms / 1000 / TOTP_STEP_S;
    for (uint64_t at = now - 1; at <= now + 1; at++) {
        *step = at;
        if (totp_digits(secret, at) == given)
            return true;
    }
    return false;
}

/* RFC 4648, 6, without padding. */
static void base32(const uint8_t *data, size_t size, char *out)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t bits = 0, count = 0;
    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | data[i];
        for (count += 8; count >= 5; count -= 5)
            *out++ = alphabet[bits >> (count - 5) & 31];
    }
    if (count > 0)
        *out++ = alphabet[bits << (5 - count) & 31];
    *out = '\0';
}

void totp_link(const uint8_t secret[TOTP_SECRET_BYTES], const char *name,
               char link[TOTP_LINK_BYTES])
{
    char text[TOTP_SECRET_BYTES * 8 / 5 + 2], encoded[200] = "";
    size_t at = 0;
    for (; *name && at + 4 < sizeof encoded; name++)
        at += (size_t)snprintf(encoded + at, sizeof encoded - at, "%%%02X", (unsigned char)*name);
    base32(secret, TOTP_SECRET_BYTES, text);
    snprintf(link, TOTP_LINK_BYTES,
             "otpauth://totp/jinqiu:%s?secret=%s&issuer=jinqiu&algorithm=SHA256&digits=6&period=%d",
             encoded, text, TOTP_STEP_S);
    sodium_memzero(text, sizeof text);
}
