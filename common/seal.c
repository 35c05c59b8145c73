#include "common/seal.h"

#include <sodium.h>
#include <string.h>

#include "common/pack.h"
#include "common/schema.h"
#include "common/utf16.h"

#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
/* What is sealed: a canonical value, or the UTF-16LE of a text, or that in a frame; the shortest. A
 * bit that turns makes none of another. */
#define FORM_VALUE 1
#define FORM_TEXT 2
#define FORM_FRAME 4
#define FRAME_TEXT_MAX (2u * FIELD_TEXT_BYTES_MAX) /* of UTF-16 in a frame */
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

static const uint8_t magic[ZSTD_MAGIC_BYTES] = {0x28, 0xb5, 0x2f, 0xfd};

/* The text behind `start`, packed, in its place, where that is shorter. */
static enum status pack_text(struct buffer *out, size_t start, struct zstd_room *zstd,
                             uint8_t *form)
{
    struct buffer frame = {0};
    struct bytes text = bytes_of(out->data + start, out->size - start);
    if (text.size < BLOCK_BYTES || text.size > FRAME_TEXT_MAX)
        return STATUS_OK;
    enum status status = zstd_frame_append_with(&frame, zstd, text, DICTIONARY_TEXTS);
    if (status == STATUS_OK && frame.size - sizeof magic < text.size) {
        *form = FORM_FRAME;
        out->size = start;
        status = buffer_append(out, frame.data + sizeof magic, frame.size - sizeof magic);
    }
    buffer_release(&frame);
    return status;
}

/* Appends what is to be sealed, and gives its form. */
static enum status put_plain(struct buffer *out, struct zstd_room *zstd, struct bytes value,
                             uint8_t *form)
{
    struct unpack in = unpack_of(value);
    struct bytes text;
    size_t before = out->size;
    if (unpack_str(&in, &text)) {
        *form = FORM_TEXT;
        TRY(utf16_append(out, text));
        TRY(pack_text(out, before, zstd, form));
        if (out->size - before < value.size)
            return STATUS_OK;
    }
    *form = FORM_VALUE;
    out->size = before;
    return buffer_append_bytes(out, value);
}

/* 0x80 and zeros, up to a multiple of the block; `size` is of what was put before it. */
static enum status put_padding(struct buffer *out, size_t size)
{
    static const uint8_t padding[BLOCK_BYTES] = {0x80};
    return buffer_append(out, padding, BLOCK_BYTES - size % BLOCK_BYTES);
}

static enum status seal_content(struct buffer *content, const struct seal_means *means,
                                const struct seal_place *place, struct bytes value)
{
    struct bound bound = bound_to_place(means->network, place);
    uint8_t nonce[24], head[HEAD_BYTES];
    TRY(buffer_append(content, head, sizeof head));
    TRY(put_plain(content, means->zstd, value, &head[0]));
    TRY(put_padding(content, content->size - HEAD_BYTES));
    TRY(buffer_reserve(content, TAG_BYTES));
    memcpy(head + 1, means->key->id.bytes, SEAL_ID_BYTES);
    randombytes_buf(head + 1 + SEAL_ID_BYTES, SEAL_RANDOM_BYTES);
    full_nonce(nonce, &bound, head + 1 + SEAL_ID_BYTES);
    memcpy(content->data, head, sizeof head);
    uint8_t *plain = content->data + HEAD_BYTES;
    crypto_aead_xchacha20poly1305_ietf_encrypt(plain, NULL, plain, content->size - HEAD_BYTES,
                                               bound.bytes, bound.size, NULL, nonce,
                                               means->key->secret);
    content->size += TAG_BYTES;
    return STATUS_OK;
}

enum status seal_value(struct buffer *out, const struct seal_means *means,
                       const struct seal_place *place, struct bytes value)
{
    struct buffer content = {0};
    enum status status = seal_content(&content, means, place, value);
    if (status == STATUS_OK)
        status = pack_sealed(out, buffer_bytes(&content));
    buffer_release(&content);
    return status;
}

static bool is_form(uint8_t form)
{
    return form == FORM_VALUE || form == FORM_TEXT || form == FORM_FRAME;
}

bool seal_value_key(struct bytes content, struct seal_id *id)
{
    if (content.size < HEAD_BYTES + BLOCK_BYTES + TAG_BYTES || !is_form(content.data[0]))
        return false;
    memcpy(id->bytes, content.data + 1, SEAL_ID_BYTES);
    return true;
}

/* Without its padding; absent when that isn't one. */
static struct bytes without_padding(struct bytes padded)
{
    size_t size = padded.size;
    while (size > 0 && padded.data[size - 1] == 0)
        size--;
    if (size == 0 || padded.data[size - 1] != 0x80)
        return (struct bytes){0};
    return bytes_of(padded.data, size - 1);
}

static enum status put_text(struct buffer *out, struct bytes utf16)
{
    struct buffer text = {0};
    enum status status = utf16_read(&text, utf16);
    if (status == STATUS_OK)
        status = pack_str(out, buffer_bytes(&text));
    buffer_release(&text);
    return status;
}

static enum status put_packed_text(struct buffer *out, struct zstd_room *zstd, struct bytes packed)
{
    struct buffer frame = {0}, text = {0};
    enum status status = buffer_append(&frame, magic, sizeof magic);
    if (status == STATUS_OK)
        status = buffer_append_bytes(&frame, packed);
    if (status == STATUS_OK)
        status = zstd_frame_open(&text, zstd, buffer_bytes(&frame), FRAME_TEXT_MAX);
    if (status == STATUS_OK)
        status = put_text(out, buffer_bytes(&text));
    buffer_release(&frame);
    buffer_release(&text);
    return status;
}

static enum status put_value(struct buffer *out, struct zstd_room *zstd, uint8_t form,
                             struct bytes plain)
{
    if (form == FORM_VALUE)
        return buffer_append_bytes(out, plain);
    enum status status =
        form == FORM_TEXT ? put_text(out, plain) : put_packed_text(out, zstd, plain);
    return status == STATUS_BAD_INPUT ? STATUS_FORGED : status;
}

enum status seal_open(struct buffer *out, const struct seal_means *means,
                      const struct seal_place *place, struct bytes content)
{
    struct bound bound = bound_to_place(means->network, place);
    struct seal_id id;
    struct buffer padded = {0};
    uint8_t nonce[24];
    if (!seal_value_key(content, &id))
        return STATUS_FORGED;
    TRY(buffer_reserve(&padded, content.size));
    full_nonce(nonce, &bound, content.data + 1 + SEAL_ID_BYTES);
    enum status status = STATUS_FORGED;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            padded.data, NULL, NULL, content.data + HEAD_BYTES, content.size - HEAD_BYTES,
            bound.bytes, bound.size, nonce, means->key->secret) == 0) {
        padded.size = content.size - HEAD_BYTES - TAG_BYTES;
        struct bytes plain = without_padding(buffer_bytes(&padded));
        if (plain.data)
            status = put_value(out, means->zstd, content.data[0], plain);
    }
    buffer_release(&padded);
    return status;
}
