#ifndef CLIENT_ADMIT_H
#define CLIENT_ADMIT_H

/* A device that may admit others does so without the hub: one-time codes, and the certificate that
 * follows, as an entry of this device in the registry (common/registry.h,
 * docs/decisions/0010-who-admits-whom.md). */

#include "common/codes.h"
#include "protocol/storage.h"

#define ADMIT_MS (10 * 60 * 1000) /* how long a code works, where nothing is said */
#define ADMIT_DIGITS 8            /* "123 456" */

struct admission {
    struct code code;
    const char *address; /* where this device listens */
};
/* A code in `text` (room for INVITATION_TEXT_MAX). STATUS_DENIED: this device may not admit such a
 * one, or has no roster index left to give. */
enum status admit_create(struct replica *replica, const struct admission *admission, char *text,
                         struct error *err);

/* storage_host.enrol; `context` is a struct admit_told or NULL. */
struct admit_told {
    void (*admitted)(void *context, const struct device *device, const char digits[ADMIT_DIGITS]);
    void *context;
};
enum status admit_enrol(void *context, struct replica *replica,
                        const struct session_question *question, uint32_t *device,
                        enum session_code *refuse, struct error *err);

/* Six digits that both screens show: alike when the code came from the device that admitted. */
void admit_digits(const uint8_t token[INVITATION_TOKEN_BYTES],
                  const uint8_t sign_key[PUBLIC_KEY_BYTES], char digits[ADMIT_DIGITS]);

#endif
