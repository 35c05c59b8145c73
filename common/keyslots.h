#ifndef COMMON_KEYSLOTS_H
#define COMMON_KEYSLOTS_H

/* The ways to one master key: each slot holds it, encrypted under another secret. So a passphrase
 * is changed without touching the data, and a forgotten one isn't the end of it. At most one slot
 * of a kind; none at all when the keys were erased.
 *
 *   slots = version u8 = 1 ‖ cipher u8 ‖ count u8 ‖ 0 ‖ id 16 ‖ count × slot
 *   slot  = kind u8 ‖ 0 0 0 ‖ passes u32le ‖ memory KiB u32le ‖ salt 16 ‖ nonce 24 ‖ box 48 ‖
 *           recipient 32 ‖ sealed 63 ‖ 0
 *   box   = XChaCha20-Poly1305(master 32), AAD = "jinqiu keyslot 1" ‖ id ‖ cipher ‖ the slot's
 *           first 28 bytes ‖ recipient
 *   its key: Argon2id of a passphrase; BLAKE2b-256 of label, salt and secret for the others, whose
 *           secrets can't be guessed
 *
 * Slots ascend by kind; what a kind doesn't use is zero. An escrow's secret is a recovery code
 * that nobody has seen, sealed (crypto_box_seal) to the bureau's key. A value: no files, no
 * terminal (common/vault.h, common/unlock.h). */

#include "common/kdf.h"
#include "common/page_cipher.h"
#include "common/recovery_code.h"

#define MASTER_KEY_BYTES 32
#define KEYSLOTS_MAX 4
#define KEYSLOTS_HEAD_BYTES 20
#define KEYSLOT_BYTES 196
#define KEYSLOTS_BYTES_MAX (KEYSLOTS_HEAD_BYTES + KEYSLOTS_MAX * KEYSLOT_BYTES)
#define ESCROW_KEY_BYTES 32
#define ESCROW_SEALED_BYTES (48 + RECOVERY_CODE_BYTES)

enum keyslot_kind {
    KEYSLOT_PASSPHRASE = 1,
    KEYSLOT_RECOVERY = 2, /* a recovery code on paper */
    KEYSLOT_KEY_FILE = 3, /* a file elsewhere; of hubs */
    KEYSLOT_ESCROW = 4,   /* a recovery code that the bureau can read */
    KEYSLOT_KINDS = 5
};
const char *keyslot_kind_name(enum keyslot_kind kind);

struct keyslot {
    enum keyslot_kind kind;
    struct kdf_cost cost; /* of a passphrase */
    uint8_t salt[KDF_SALT_BYTES];
    uint8_t nonce[24];
    uint8_t box[MASTER_KEY_BYTES + 16];
    uint8_t recipient[ESCROW_KEY_BYTES];
    uint8_t sealed[ESCROW_SEALED_BYTES];
};

struct keyslots {
    enum page_cipher cipher; /* of the pages; chosen when the file was made */
    uint8_t id[16];
    size_t count;
    struct keyslot slots[KEYSLOTS_MAX];
};

void keyslots_init(struct keyslots *keyslots, enum page_cipher cipher);
/* Gives the number of bytes. */
size_t keyslots_encode(const struct keyslots *keyslots, uint8_t out[KEYSLOTS_BYTES_MAX]);
/* STATUS_BAD_INPUT; STATUS_NEWER. */
enum status keyslots_decode(struct keyslots *keyslots, struct bytes in, struct error *err);
/* NULL: there is none. */
const struct keyslot *keyslots_find(const struct keyslots *keyslots, enum keyslot_kind kind);

/* What opens a slot of this kind. */
struct key_secret {
    enum keyslot_kind kind;
    struct bytes bytes;
    struct kdf_cost cost; /* for setting a passphrase */
};
/* Put the master key under this secret, in place of the slot of its kind. An escrow's `bytes` are
 * the bureau's public key. Unchanged after a failure: STATUS_NO_MEMORY, STATUS_BAD_INPUT. */
enum status keyslots_set(struct keyslots *keyslots, const uint8_t master[MASTER_KEY_BYTES],
                         const struct key_secret *secret, struct error *err);
/* STATUS_NOT_FOUND: no such slot. STATUS_DENIED: the last one stays. */
enum status keyslots_remove(struct keyslots *keyslots, enum keyslot_kind kind, struct error *err);
/* STATUS_NOT_FOUND: no slot of this kind. STATUS_DENIED: the secret doesn't fit. An escrow is
 * opened by the recovery code inside it. */
enum status keyslots_open(const struct keyslots *keyslots, const struct key_secret *secret,
                          uint8_t master[MASTER_KEY_BYTES], struct error *err);

#endif
