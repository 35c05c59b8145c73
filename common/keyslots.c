#include "common/keyslots.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define VERSION 1
#define FIXED_BYTES 28 /* kind, cost and salt: in the AAD as they stand in the file */
#define LABEL "jinqiu keyslot 1"
#define LABEL_BYTES 16
#define AAD_BYTES (LABEL_BYTES + 16 + 1 + FIXED_BYTES + ESCROW_KEY_BYTES)

_Static_assert(FIXED_BYTES + 24 + 48 + ESCROW_KEY_BYTES + ESCROW_SEALED_BYTES + 1 == KEYSLOT_BYTES,
               "the slot's parts");
_Static_assert(crypto_box_SEALBYTES + RECOVERY_CODE_BYTES == ESCROW_SEALED_BYTES, "a sealed code");

const char *keyslot_kind_name(enum keyslot_kind kind)
{
    static const char *const names[KEYSLOT_KINDS] = {[KEYSLOT_PASSPHRASE] = "passphrase",
                                                     [KEYSLOT_RECOVERY] = "recovery_code",
                                                     [KEYSLOT_KEY_FILE] = "key_file",
                                                     [KEYSLOT_ESCROW] = "escrow"};
    return names[kind];
}

void keyslots_init(struct keyslots *keyslots, enum page_cipher cipher)
{
    *keyslots = (struct keyslots){.cipher = cipher};
    randombytes_buf(keyslots->id, sizeof keyslots->id);
}

/* ---- the form in the file ---- */

static void put_fixed(const struct keyslot *slot, uint8_t out[FIXED_BYTES])
{
    memset(out, 0, 4);
    out[0] = (uint8_t)slot->kind;
    put_u32le(out + 4, slot->cost.passes);
    put_u32le(out + 8, slot->cost.memory_kib);
    memcpy(out + 12, slot->salt, sizeof slot->salt);
}

static void put_slot(const struct keyslot *slot, uint8_t *out)
{
    put_fixed(slot, out);
    out += FIXED_BYTES;
    memcpy(out, slot->nonce, sizeof slot->nonce);
    out += sizeof slot->nonce;
    memcpy(out, slot->box, sizeof slot->box);
    out += sizeof slot->box;
    memcpy(out, slot->recipient, sizeof slot->recipient);
    out += sizeof slot->recipient;
    memcpy(out, slot->sealed, sizeof slot->sealed);
    out[sizeof slot->sealed] = 0;
}

size_t keyslots_encode(const struct keyslots *keyslots, uint8_t out[KEYSLOTS_BYTES_MAX])
{
    assert(keyslots->count <= KEYSLOTS_MAX);
    out[0] = VERSION;
    out[1] = (uint8_t)keyslots->cipher;
    out[2] = (uint8_t)keyslots->count;
    out[3] = 0;
    memcpy(out + 4, keyslots->id, sizeof keyslots->id);
    for (size_t i = 0; i < keyslots->count; i++)
        put_slot(&keyslots->slots[i], out + KEYSLOTS_HEAD_BYTES + i * KEYSLOT_BYTES);
    return KEYSLOTS_HEAD_BYTES + keyslots->count * KEYSLOT_BYTES;
}

static bool take_slot(struct keyslot *slot, const uint8_t *in)
{
    const uint8_t *at = in + FIXED_BYTES;
    *slot = (struct keyslot){.kind = in[0]};
    if (in[0] == 0 || in[0] >= KEYSLOT_KINDS || in[1] || in[2] || in[3] || in[KEYSLOT_BYTES - 1])
        return false;
    slot->cost = (struct kdf_cost){get_u32le(in + 4), get_u32le(in + 8)};
    memcpy(slot->salt, in + 12, sizeof slot->salt);
    memcpy(slot->nonce, at, sizeof slot->nonce);
    at += sizeof slot->nonce;
    memcpy(slot->box, at, sizeof slot->box);
    at += sizeof slot->box;
    memcpy(slot->recipient, at, sizeof slot->recipient);
    at += sizeof slot->recipient;
    memcpy(slot->sealed, at, sizeof slot->sealed);
    bool costs = slot->cost.passes || slot->cost.memory_kib;
    bool seals = !sodium_is_zero(slot->recipient, sizeof slot->recipient) ||
                 !sodium_is_zero(slot->sealed, sizeof slot->sealed);
    return (slot->kind == KEYSLOT_PASSPHRASE ? kdf_cost_valid(&slot->cost) : !costs) &&
           (slot->kind == KEYSLOT_ESCROW || !seals);
}

enum status keyslots_decode(struct keyslots *keyslots, struct bytes in, struct error *err)
{
    *keyslots = (struct keyslots){0};
    if (in.size >= 1 && in.data[0] > VERSION)
        return error_set(err, STATUS_NEWER, "the key slots were made by a newer version");
    if (in.size < KEYSLOTS_HEAD_BYTES || in.data[0] != VERSION || in.data[3] != 0 ||
        !page_cipher_known(in.data[1]) || in.data[2] > KEYSLOTS_MAX ||
        in.size != KEYSLOTS_HEAD_BYTES + (size_t)in.data[2] * KEYSLOT_BYTES)
        return error_set(err, STATUS_BAD_INPUT, "the key slots are damaged");
    keyslots->cipher = in.data[1];
    memcpy(keyslots->id, in.data + 4, sizeof keyslots->id);
    for (size_t i = 0; i < in.data[2]; i++) {
        struct keyslot *slot = &keyslots->slots[keyslots->count++];
        if (!take_slot(slot, in.data + KEYSLOTS_HEAD_BYTES + i * KEYSLOT_BYTES) ||
            (i > 0 && slot[-1].kind >= slot->kind))
            return error_set(err, STATUS_BAD_INPUT, "the key slots are damaged");
    }
    return STATUS_OK;
}

const struct keyslot *keyslots_find(const struct keyslots *keyslots, enum keyslot_kind kind)
{
    for (size_t i = 0; i < keyslots->count; i++)
        if (keyslots->slots[i].kind == kind)
            return &keyslots->slots[i];
    return NULL;
}

/* ---- one slot ---- */

static void put_aad(const struct keyslots *keyslots, const struct keyslot *slot,
                    uint8_t out[AAD_BYTES])
{
    memcpy(out, LABEL, LABEL_BYTES);
    out += LABEL_BYTES;
    memcpy(out, keyslots->id, sizeof keyslots->id);
    out += sizeof keyslots->id;
    *out++ = (uint8_t)keyslots->cipher;
    put_fixed(slot, out);
    memcpy(out + FIXED_BYTES, slot->recipient, sizeof slot->recipient);
}

static void hash_secret(const struct keyslot *slot, struct bytes secret, uint8_t key[KDF_KEY_BYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, KDF_KEY_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)LABEL, LABEL_BYTES);
    crypto_generichash_update(&state, slot->salt, sizeof slot->salt);
    crypto_generichash_update(&state, secret.data, secret.size);
    crypto_generichash_final(&state, key, KDF_KEY_BYTES);
    sodium_memzero(&state, sizeof state);
}

static enum status slot_key(const struct keyslot *slot, struct bytes secret,
                            uint8_t key[KDF_KEY_BYTES], struct error *err)
{
    if (slot->kind == KEYSLOT_PASSPHRASE)
        return kdf_stretch(key, secret, slot->salt, &slot->cost, err);
    hash_secret(slot, secret, key);
    return STATUS_OK;
}

static enum status seal_slot(const struct keyslots *keyslots, struct keyslot *slot,
                             const uint8_t *master, struct bytes secret, struct error *err)
{
    uint8_t key[KDF_KEY_BYTES], aad[AAD_BYTES];
    randombytes_buf(slot->salt, sizeof slot->salt);
    randombytes_buf(slot->nonce, sizeof slot->nonce);
    TRY(slot_key(slot, secret, key, err));
    put_aad(keyslots, slot, aad);
    crypto_aead_xchacha20poly1305_ietf_encrypt(slot->box, NULL, master, MASTER_KEY_BYTES, aad,
                                               sizeof aad, NULL, slot->nonce, key);
    sodium_memzero(key, sizeof key);
    return STATUS_OK;
}

/* Its secret is made here, and forgotten as soon as the bureau's key has sealed it. */
static enum status seal_escrow(const struct keyslots *keyslots, struct keyslot *slot,
                               const uint8_t *master, struct bytes recipient, struct error *err)
{
    uint8_t code[RECOVERY_CODE_BYTES];
    if (recipient.size != ESCROW_KEY_BYTES)
        return error_set(err, STATUS_BAD_INPUT, "that is no escrow key");
    memcpy(slot->recipient, recipient.data, ESCROW_KEY_BYTES);
    randombytes_buf(code, sizeof code);
    enum status status = STATUS_OK;
    if (crypto_box_seal(slot->sealed, code, sizeof code, slot->recipient) != 0)
        status = error_set(err, STATUS_BAD_INPUT, "that is no escrow key");
    else
        status = seal_slot(keyslots, slot, master, bytes_of(code, sizeof code), err);
    sodium_memzero(code, sizeof code);
    return status;
}

/* ---- all of them ---- */

static void put_in_order(struct keyslots *keyslots, const struct keyslot *slot)
{
    size_t at = 0;
    while (at < keyslots->count && keyslots->slots[at].kind < slot->kind)
        at++;
    if (at == keyslots->count || keyslots->slots[at].kind != slot->kind) {
        assert(keyslots->count < KEYSLOTS_MAX);
        memmove(&keyslots->slots[at + 1], &keyslots->slots[at],
                (keyslots->count - at) * sizeof *slot);
        keyslots->count++;
    }
    keyslots->slots[at] = *slot;
}

enum status keyslots_set(struct keyslots *keyslots, const uint8_t master[MASTER_KEY_BYTES],
                         const struct key_secret *secret, struct error *err)
{
    struct keyslot slot = {.kind = secret->kind};
    if (slot.kind == KEYSLOT_PASSPHRASE)
        slot.cost = secret->cost;
    if (slot.kind == KEYSLOT_ESCROW)
        TRY(seal_escrow(keyslots, &slot, master, secret->bytes, err));
    else
        TRY(seal_slot(keyslots, &slot, master, secret->bytes, err));
    put_in_order(keyslots, &slot);
    return STATUS_OK;
}

enum status keyslots_remove(struct keyslots *keyslots, enum keyslot_kind kind, struct error *err)
{
    const struct keyslot *found = keyslots_find(keyslots, kind);
    if (!found)
        return error_set(err, STATUS_NOT_FOUND, "there is no key slot '%s'",
                         keyslot_kind_name(kind));
    if (keyslots->count == 1)
        return error_set(err, STATUS_DENIED, "the only key slot can't be removed");
    size_t at = (size_t)(found - keyslots->slots);
    keyslots->count--;
    memmove(&keyslots->slots[at], &keyslots->slots[at + 1], (keyslots->count - at) * sizeof *found);
    sodium_memzero(&keyslots->slots[keyslots->count], sizeof *found);
    return STATUS_OK;
}

enum status keyslots_open(const struct keyslots *keyslots, const struct key_secret *secret,
                          uint8_t master[MASTER_KEY_BYTES], struct error *err)
{
    uint8_t key[KDF_KEY_BYTES], aad[AAD_BYTES];
    const struct keyslot *slot = keyslots_find(keyslots, secret->kind);
    if (!slot)
        return error_set(err, STATUS_NOT_FOUND, "there is no key slot '%s'",
                         keyslot_kind_name(secret->kind));
    TRY(slot_key(slot, secret->bytes, key, err));
    put_aad(keyslots, slot, aad);
    int code = crypto_aead_xchacha20poly1305_ietf_decrypt(
        master, NULL, NULL, slot->box, sizeof slot->box, aad, sizeof aad, slot->nonce, key);
    sodium_memzero(key, sizeof key);
    if (code == 0)
        return STATUS_OK;
    return error_set(err, STATUS_DENIED, "the secret doesn't open the key slot '%s'",
                     keyslot_kind_name(secret->kind));
}
