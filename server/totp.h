#ifndef SERVER_TOTP_H
#define SERVER_TOTP_H

/* Six digits that change every 30 seconds (RFC 6238), from a secret that an app on the person's
 * phone shares with the hub. With HMAC-SHA-256, which section 1.2 allows and the link names: the
 * app must heed it (many do; those that take every link for SHA-1 show digits that don't fit).
 * Pure: the time comes in. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOTP_SECRET_BYTES 32
#define TOTP_STEP_S 30
#define TOTP_LINK_BYTES 400

/* The digits of one time step. */
uint32_t totp_digits(const uint8_t secret[TOTP_SECRET_BYTES], uint64_t step);
/* Does `text` (six digits) belong to now, the step before, or the one after? *step tells which. */
bool totp_fits(const uint8_t secret[TOTP_SECRET_BYTES], const char *text, int64_t wall_ms,
               uint64_t *step);
/* "otpauth://totp/…" for a QR code; `name` is percent-encoded. */
void totp_link(const uint8_t secret[TOTP_SECRET_BYTES], const char *name,
               char link[TOTP_LINK_BYTES]);

#endif
