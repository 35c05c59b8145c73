#ifndef COMMON_VAULT_H
#define COMMON_VAULT_H

/* The keys of one data folder: its key slots (slots.a, slots.b) and, once a secret opened one, the
 * master key, from which all other keys are derived. In locked memory, out of core dumps; zeroed
 * when it is freed. Nothing derived from the master key is ever written.
 *
 * Knows no terminal and no environment (common/unlock.h). Several processes may use one folder:
 * changes take the folder's lock and start from what the files say then. */

#include "common/keyslots.h"

#define VAULT_KEY_BYTES 32

struct vault; /* opaque */

/* A new master key under this secret, durable when it returns; the folder exists. Slots that lay
 * there are replaced: they opened nothing, for STATUS_EXISTS when the folder holds `database`. The
 * folder stays locked until vault_let_go, so that nobody else makes slots before the database is
 * there. Gives. STATUS_STORAGE, STATUS_DISK_FULL. */
struct vault_place {
    const char *folder;
    const char *database; /* its name in the folder */
};
enum status vault_create(struct vault **vault, const struct vault_place *place,
                         enum page_cipher cipher, const struct key_secret *secret,
                         struct error *err);
void vault_let_go(struct vault *vault);
/* Still locked. STATUS_NOT_FOUND: the folder has no slots, so it isn't encrypted. STATUS_BAD_INPUT:
 * both copies are damaged. STATUS_NEWER. Gives. */
enum status vault_load(struct vault **vault, const char *folder, struct error *err);
/* From the bytes that vault_encode gave; without a folder. */
enum status vault_decode(struct vault **vault, struct bytes in, struct error *err);
void vault_free(struct vault *vault); /* NULL is fine */

const struct keyslots *vault_slots(const struct vault *vault);
size_t vault_encode(const struct vault *vault, uint8_t out[KEYSLOTS_BYTES_MAX]);

/* STATUS_NOT_FOUND: no slot of this kind. STATUS_DENIED: it doesn't fit. */
enum status vault_unlock(struct vault *vault, const struct key_secret *secret, struct error *err);

/* ---- once it is unlocked ---- */
const struct page_key *vault_page_key(const struct vault *vault);
/* A key of one purpose; `purpose` is a number for life. */
enum vault_purpose { VAULT_PAGES = 1, VAULT_ATTACHMENTS = 2, VAULT_SEEDS = 3 };
void vault_derive(const struct vault *vault, enum vault_purpose purpose,
                  uint8_t key[VAULT_KEY_BYTES]);
/* Durable when they return. */
enum status vault_set(struct vault *vault, const struct key_secret *secret, struct error *err);
enum status vault_remove(struct vault *vault, enum keyslot_kind kind, struct error *err);
/* Erase every slot, in both copies: nobody opens the folder's database any more. Needs no secret.
 * What lay in those blocks is overwritten first, as far as the disk does what it is told (flash may
 * keep old blocks). STATUS_NOT_FOUND: the folder isn't encrypted. */
enum status vault_erase(const char *folder, struct error *err);
/* Write the slots into another folder (a restored backup's). */
enum status vault_settle(struct vault *vault, const char *folder, struct error *err);

#endif
