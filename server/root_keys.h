#ifndef SERVER_ROOT_KEYS_H
#define SERVER_ROOT_KEYS_H

/* The secret halves of root keys: those that lie in the hub's folder (root-1.key …) and those that
 * come on a stick for one act. Zeroed when released.
 *
 * A stick carries one line, "JQK1-…" (common/armor.h) of the seed. */

#include "common/root.h"
#include "server/hub.h"

struct root_keys {
    struct signing_key keys[ROOT_KEYS_MAX];
    size_t count;
};
void root_keys_release(struct root_keys *keys);
struct root_signers root_keys_signers(const struct root_keys *keys);
/* Enough to sign for this set? */
bool root_keys_suffice(const struct root_keys *keys, const struct root_set *set);

/* "root-1.key" …; `place` from 0. */
const char *root_key_file(size_t place);
const char *root_key_file_next(size_t place); /* of a set that isn't in force yet */

/* Add the keys in the folder that belong to the set. */
enum status root_keys_find(struct root_keys *keys, const struct hub_options *options,
                           const struct root_set *set, struct error *err);
/* Add the key of an exported file. STATUS_NOT_FOUND, STATUS_BAD_INPUT; STATUS_DENIED when `set` is
 * given and doesn't hold it. */
enum status root_keys_add_file(struct root_keys *keys, const char *path, const struct root_set *set,
                               struct error *err);
/* Write one key's seed for a stick, whole and durable. STATUS_EXISTS. */
enum status root_key_export(const uint8_t seed[32], const char *path, struct error *err);

#endif
