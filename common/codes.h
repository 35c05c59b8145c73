#ifndef COMMON_CODES_H
#define COMMON_CODES_H

/* The one-time codes that a replica gave out, each for one newcomer, in a table of its own. Only
 * hashes of their secrets are kept: who reads the file can't use them.
 *
 * How a code looks is the business of invitation.h; who may give one, and what becomes of the
 * newcomer, that of client/admit.h and server/invite.h. */

#include "common/certificate.h"
#include "common/invitation.h"
#include "common/replica.h"

/* What a code is good for. */
struct code {
    uint32_t org;
    enum role role;
    const char *person; /* 1 to PERSON_NAME_BYTES_MAX bytes of UTF-8 */
    int64_t lifetime_ms;
};

/* The device that came with it; borrowed. */
struct code_user {
    uint32_t device;         /* roster index; meant for it, where the root has yet to sign */
    const uint8_t *sign_key; /* PUBLIC_KEY_BYTES */
    const uint8_t *dh_key;   /* DH_KEY_BYTES */
    const struct code *code; /* codes_used only */
};

enum code_state {
    CODE_REFUSED, /* nobody knows it, it is too old, or another device has used it */
    CODE_OPEN,
    CODE_USED /* by the asker, whose answer may have been lost on the way */
};

struct code_kept {
    enum code_state state;
    uint32_t org, device; /* the device: where it was used */
    enum role role;
    char person[PERSON_NAME_BYTES_MAX + 1];
};

/* The table, for reading it by codes_used; the other functions see to it themselves. */
enum status codes_prepare(struct replica *replica, struct error *err);
/* A new code's secret. A transaction of its own. STATUS_BAD_INPUT: the person's name. */
enum status codes_give(struct replica *replica, const struct code *code,
                       uint8_t token[INVITATION_TOKEN_BYTES], struct error *err);
/* How the secret that a device shows stands to it. A code works for its lifetime from when it was
 * given; a clock that was put back behind that doesn't make it live longer. */
enum status codes_find(struct replica *replica, const uint8_t token[INVITATION_TOKEN_BYTES],
                       const uint8_t sign_key[PUBLIC_KEY_BYTES], struct code_kept *kept,
                       struct error *err);
/* It is used up. In a transaction. */
enum status codes_spend(struct replica *replica, const uint8_t token[INVITATION_TOKEN_BYTES],
                        const struct code_user *user, struct error *err);
/* Hands every device that came with a code to `take`, by ascending index, until that fails. */
enum status codes_used(struct replica *replica,
                       enum status (*take)(void *context, const struct code_user *user,
                                           struct error *err),
                       void *context, struct error *err);

#endif
