#ifndef SERVER_ACCOUNT_H
#define SERVER_ACCOUNT_H

/* Who may sign in to the console: names, roles, and what proves a password, in the hub's own table.
 *
 * Passwords go through Argon2id (common/kdf.h) with one cost for all, so that the time of an answer
 * doesn't tell which names exist. Every change of an account gives it another version: who signed
 * in before has to do it again. Accounts sign nothing and stay on this hub; what is done with them
 * is noted in the changelog (server/access_notes.h). */

#include <jansson.h>

#include "common/kdf.h"
#include "common/passphrase.h"
#include "common/replica.h"
#include "server/totp.h"

#define ACCOUNT_NAME_BYTES 64 /* with its terminator */

struct account {
    char name[ACCOUNT_NAME_BYTES];
    enum role role; /* ROLE_BUREAU or ROLE_AUDITOR, who only reads */
    uint64_t version;
    uint8_t salt[KDF_SALT_BYTES];
    struct kdf_cost cost;
    uint8_t key[KDF_KEY_BYTES];
    bool has_totp;
    uint8_t totp[TOTP_SECRET_BYTES];
    uint64_t totp_used; /* the last time step that was used up */
};
/* Wipe it. */
void account_release(struct account *account);

/* A name that can stand in logs and cookies: 1 to 63 bytes of UTF-8 without control characters or
 * quotes. */
bool account_name_valid(const char *name);

/* ---- in a transaction ---- */
/* STATUS_EXISTS, STATUS_BAD_INPUT. */
enum status account_add(struct replica *replica, const char *name, enum role role,
                        const struct passphrase *secret, struct error *err);
/* STATUS_NOT_FOUND for all three. */
enum status account_set_secret(struct replica *replica, const char *name,
                               const struct passphrase *secret, struct error *err);
/* `secret` NULL: no second factor from now on. */
enum status account_set_totp(struct replica *replica, const char *name,
                             const uint8_t secret[TOTP_SECRET_BYTES], struct error *err);
enum status account_remove(struct replica *replica, const char *name, struct error *err);
/* The code of this time step can't be used again. STATUS_DENIED: it was used up already. */
enum status account_use_totp(struct replica *replica, const char *name, uint64_t step,
                             struct error *err);

/* ---- reading ---- */
/* *found false: there is no such name, and *account is one that no password opens, at the usual
 * cost. */
enum status account_load(struct replica *replica, const char *name, struct account *account,
                         bool *found, struct error *err);
/* STATUS_DENIED when the account isn't as it was any more. */
enum status account_require(struct replica *replica, const char *name, uint64_t version,
                            struct error *err);
/* [{"name","role","totp","changed"}]. Gives. */
enum status account_list(struct replica *replica, json_t **list, struct error *err);

/* Slow on purpose. STATUS_DENIED: it isn't this account's password. Needs no replica. */
enum status account_check(const struct account *account, const struct passphrase *secret,
                          struct error *err);

#endif
