#include "common/seal.h"

#include <sodium.h>
#include <string.h>

#include "common/pack.h"

#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define FORM_1 1
#define HEAD_BYTES (1 + SEAL_ID_BYTES + SEAL_RANDOM_BYTES)
#define BLOCK_BYTES 16

_Static_assert(SEAL_WRAPPED_BYTES == SEAL_ID_BYTES + SEAL_RANDOM_BYTES + SEAL_KEY_BYTES + TAG_BYTES,
               "a wrapped key");
_Static_assert(SEAL_RANDOM_BYTES + ID_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
               "a nonce");
_Static_assert(SEAL_GRANT_BYTES == SEAL_KEY_BYTES + crypto_box_SEALBYTES, "a grant");

int seal_id_compare(const struct seal_id *a, const struct seal_id *b)
{
    return memcmp(a->bytes, b->bytes, SEAL_ID_BYTES);
}

/* Network and up to 24 bytes: what a sealing is bound to. */
struct bound {
    uint8_t bytes[NETWORK_BYTES + 24];
    size_t size;
    struct id of; /* the end of the nonce */
};

static struct bound bound_to(const struct network *network, const struct id *of, const void *data,
                             size_t size)
{
    struct bound bound = {.size = NETWORK_BYTES + size, .of = *of};
    memcpy(bound.bytes, network->id, NETWORK_BYTES);
    memcpy(bound.bytes + NETWORK_BYTES, data, size);
    return bound;
}

static void full_nonce(uint8_t nonce[SEAL_RANDOM_BYTES + ID_BYTES], const struct bound *bound,
                       const uint8_t random[SEAL_RANDOM_BYTES])
{
    memcpy(nonce, random, SEAL_RANDOM_BYTES);
    memcpy(nonce + SEAL_RANDOM_BYTES, bound->of.bytes, ID_BYTES);
}

/* ---- one key under another ---- */

static const struct id nobody;

static void wrap(uint8_t wrapped[SEAL_WRAPPED_BYTES], const uint8_t secret[SEAL_KEY_BYTES],
                 const struct bound *bound, const struct seal_key *under)
{
    uint8_t nonce[24];
    memcpy(wrapped, under->id.bytes, SEAL_ID_BYTES);
    randombytes_buf(wrapped + SEAL_ID_BYTES, SEAL_RANDOM_BYTES);
    full_nonce(nonce, bound, wrapped + SEAL_ID_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped + SEAL_ID_BYTES + SEAL_RANDOM_BYTES, NULL,
                                               secret, SEAL_KEY_BYTES, bound->bytes, bound->size,
                                               NULL, nonce, under->secret);
}

static bool unwrap(uint8_t secret[SEAL_KEY_BYTES], const uint8_t wrapped[SEAL_WRAPPED_BYTES],
                   const struct bound *bound, const struct seal_key *under)
{
    uint8_t nonce[24];
    full_nonce(nonce, bound, wrapped + SEAL_ID_BYTES);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               secret, NULL, NULL, wrapped + SEAL_ID_BYTES + SEAL_RANDOM_BYTES,
               SEAL_KEY_BYTES + TAG_BYTES, bound->bytes, bound->size, nonce, under->secret) == 0;
}

struct seal_id seal_wrapped_under(const uint8_t wrapped[SEAL_WRAPPED_BYTES])
{
    struct seal_id id;
    memcpy(id.bytes, wrapped, SEAL_ID_BYTES);
    return id;
}

static struct seal_id id_of(const struct network *network, const void *data, size_t size)
{
    struct hash hash;
    struct seal_id id;
    hash_object(&hash, TAG_SEAL, network, bytes_of(data, size));
    memcpy(id.bytes, hash.bytes, SEAL_ID_BYTES);
    return id;
}

/* ---- scope keys ---- */

void scope_key_generate(struct seal_key *key, const struct network *network)
{
    randombytes_buf(key->secret, sizeof key->secret);
    key->id = id_of(network, key->secret, sizeof key->secret);
}

bool scope_key_is(const struct network *network, const struct seal_id *id,
                  const uint8_t secret[SEAL_KEY_BYTES])
{
    struct seal_id is = id_of(network, secret, SEAL_KEY_BYTES);
    return seal_id_compare(&is, id) == 0;
}

void scope_key_wrap(uint8_t wrapped[SEAL_WRAPPED_BYTES], const struct network *network,
                    const struct seal_key *key, const struct seal_key *above)
{
    struct bound bound = bound_to(network, &nobody, key->id.bytes, SEAL_ID_BYTES);
    wrap(wrapped, key->secret, &bound, above);
}

bool scope_key_unwrap(struct seal_key *key, const struct network *network,
                      const uint8_t wrapped[SEAL_WRAPPED_BYTES], const struct seal_key *above)
{
    struct bound bound = bound_to(network, &nobody, key->id.bytes, SEAL_ID_BYTES);
    return unwrap(key->secret, wrapped, &bound, above) &&
           scope_key_is(network, &key->id, key->secret);
}

bool scope_key_grant(uint8_t grant[SEAL_GRANT_BYTES], const struct seal_key *key,
                     const uint8_t dh_key[DH_KEY_BYTES])
{
    return crypto_box_seal(grant, key->secret, SEAL_KEY_BYTES, dh_key) == 0;
}

bool scope_key_take(struct seal_key *key, const struct network *network,
                    const uint8_t grant[SEAL_GRANT_BYTES], const struct dh_key *dh)
{
    return crypto_box_seal_open(key->secret, grant, SEAL_GRANT_BYTES, dh->public_key, dh->secret) ==
               0 &&
           scope_key_is(network, &key->id, key->secret);
}

/* ---- value keys ---- */

static struct bound bound_to_subject(const struct network *network, const struct entry_key *named)
{
    uint8_t data[ID_BYTES + 4];
    memcpy(data, named->subject.bytes, ID_BYTES);
    put_u32le(data + ID_BYTES, named->year);
    return bound_to(network, &named->subject, data, sizeof data);
}

struct seal_id value_key_id(const struct network *network,
                            const uint8_t wrapped[SEAL_WRAPPED_BYTES])
{
    return id_of(network, wrapped, SEAL_WRAPPED_BYTES);
}

void value_key_generate(uint8_t secret[SEAL_KEY_BYTES], uint8_t wrapped[SEAL_WRAPPED_BYTES],
                        struct entry_key *named, const struct network *network,
                        const struct seal_key *scope_key)
{
    struct bound bound = bound_to_subject(network, named);
    randombytes_buf(secret, SEAL_KEY_BYTES);
    wrap(wrapped, secret, &bound, scope_key);
    struct seal_id id = value_key_id(network, wrapped);
    memcpy(named->id, id.bytes, SEAL_ID_BYTES);
}

bool value_key_unwrap(uint8_t secret[SEAL_KEY_BYTES], const uint8_t wrapped[SEAL_WRAPPED_BYTES],
                      const struct entry_key *named, const struct network *network,
                      const struct seal_key *scope_key)
{
    struct bound bound = bound_to_subject(network, named);
    return unwrap(secret, wrapped, &bound, scope_key);
}

/* ---- values ---- */

static struct bound bound_to_place(const struct network *network, const struct seal_place *place)
{
    uint8_t data[ID_BYTES + 8];
    put_u32le(data, place->table);
    memcpy(data + 4, place->row.bytes, ID_BYTES);
    put_u32le(data + 4 + ID_BYTES, place->field);
    return bound_to(network, &place->row, data, sizeof data);
}

static enum status append_zeros(struct buffer *out, size_t count)
{
    TRY(buffer_reserve(out, count));
    memset(out->data + out->size, 0, count);
    out->size += count;
    return STATUS_OK;
}

enum status seal_value(struct buffer *out, const struct network *network,
                       const struct seal_key *key, const struct seal_place *place,
                       struct bytes value)
{
    struct bound bound = bound_to_place(network, place);
    size_t padded = (value.size / BLOCK_BYTES + 1) * BLOCK_BYTES;
    struct buffer content = {0};
    uint8_t nonce[24];
    enum status status = append_zeros(&content, HEAD_BYTES + padded + TAG_BYTES);
    if (status == STATUS_OK) {
        uint8_t *text = content.data + HEAD_BYTES;
        content.data[0] = FORM_1;
        memcpy(content.data + 1, key->id.bytes, SEAL_ID_BYTES);
        randombytes_buf(content.data + 1 + SEAL_ID_BYTES, SEAL_RANDOM_BYTES);
        full_nonce(nonce, &bound, content.data + 1 + SEAL_ID_BYTES);
        memcpy(text, value.data, value.size);
        text[value.size] = 0x80;
        crypto_aead_xchacha20poly1305_ietf_encrypt(text, NULL, text, padded, bound.bytes,
                                                   bound.size, NULL, nonce, key->secret);
        status = pack_sealed(out, buffer_bytes(&content));
    }
    buffer_release(&content);
    return status;
}

bool seal_value_key(struct bytes content, struct seal_id *id)
{
    if (content.size < HEAD_BYTES + BLOCK_BYTES + TAG_BYTES || content.data[0] != FORM_1)
        return false;
    memcpy(id->bytes, content.data + 1, SEAL_ID_BYTES);
    return true;
}

/* Takes the padding off; false when it isn't one. */
static bool take_padding(struct buffer *out, size_t from)
{
    while (out->size > from && out->data[out->size - 1] == 0)
        out->size--;
    if (out->size == from || out->data[out->size - 1] != 0x80)
        return false;
    out->size--;
    return true;
}

enum status seal_open(struct buffer *out, const struct network *network, const struct seal_key *key,
                      const struct seal_place *place, struct bytes content)
{
    struct bound bound = bound_to_place(network, place);
    struct seal_id id;
    uint8_t nonce[24];
    size_t before = out->size;
    if (!seal_value_key(content, &id))
        return STATUS_FORGED;
    size_t size = content.size - HEAD_BYTES - TAG_BYTES;
    TRY(buffer_reserve(out, size));
    full_nonce(nonce, &bound, content.data + 1 + SEAL_ID_BYTES);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            out->data + out->size, NULL, NULL, content.data + HEAD_BYTES, size + TAG_BYTES,
            bound.bytes, bound.size, nonce, key->secret) != 0)
        return STATUS_FORGED;
    out->size += size;
    if (take_padding(out, before))
        return STATUS_OK;
    out->size = before;
    return STATUS_FORGED;
}
