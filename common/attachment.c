#include "common/attachment.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"

#define HASHES_MAX (ATTACHMENT_UNIT_BYTES / HASH_BYTES) /* of a list */
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

_Static_assert(ATTACHMENT_UNIT_BYTES - ATTACHMENT_LEAF_BYTES == TAG_BYTES, "a leaf");
_Static_assert(ATTACHMENT_BYTES_MAX / ATTACHMENT_LEAF_BYTES < HASHES_MAX * HASHES_MAX,
               "two levels of lists");

bool attachment_name_equal(const struct attachment_name *a, const struct attachment_name *b)
{
    return a->bytes == b->bytes && memcmp(a->root, b->root, HASH_BYTES) == 0;
}

/* ---- shape ---- */

static uint32_t parts(uint32_t whole, uint32_t part)
{
    return whole / part + (whole % part != 0);
}

uint32_t attachment_leaves(uint32_t bytes)
{
    return parts(bytes, ATTACHMENT_LEAF_BYTES);
}

/* How many units stand before the leaves: lists of leaves, and one above several of them. */
static uint32_t lists_of(uint32_t bytes)
{
    uint32_t leaves = attachment_leaves(bytes), lists = parts(leaves, HASHES_MAX);
    return leaves <= 1 ? 0 : lists + (lists > 1);
}

uint32_t attachment_units(uint32_t bytes)
{
    return lists_of(bytes) + attachment_leaves(bytes);
}

bool attachment_leaf_at(uint32_t bytes, uint32_t position, uint32_t *leaf)
{
    uint32_t lists = lists_of(bytes);
    *leaf = position - lists;
    return position >= lists;
}

/* The n-th of things that fill lists, or leaves, but for the last. */
static uint32_t share(uint32_t whole, uint32_t part, uint32_t index)
{
    uint32_t left = whole - index * part;
    return left < part ? left : part;
}

uint32_t attachment_unit_bytes(uint32_t bytes, uint32_t position)
{
    uint32_t lists = lists_of(bytes), leaf;
    if (attachment_leaf_at(bytes, position, &leaf))
        return share(bytes, ATTACHMENT_LEAF_BYTES, leaf) + TAG_BYTES;
    if (lists > 1 && position == 0)
        return (lists - 1) * HASH_BYTES;
    return share(attachment_leaves(bytes), HASHES_MAX, position - (lists > 1)) * HASH_BYTES;
}

struct attachment_parent attachment_parent_of(uint32_t bytes, uint32_t position)
{
    uint32_t lists = lists_of(bytes), leaf;
    if (!attachment_leaf_at(bytes, position, &leaf))
        return (struct attachment_parent){0, position - 1};
    return (struct attachment_parent){leaf / HASHES_MAX + (lists > 1), leaf % HASHES_MAX};
}

void attachment_unit_hash(struct hash *hash, const struct network *network, uint32_t bytes,
                          uint32_t position, struct bytes unit)
{
    uint8_t body[8 + ATTACHMENT_UNIT_BYTES];
    size_t size = unit.size < ATTACHMENT_UNIT_BYTES ? unit.size : ATTACHMENT_UNIT_BYTES;
    put_u32le(body, bytes);
    put_u32le(body + 4, position);
    if (size > 0)
        memcpy(body + 8, unit.data, size);
    hash_object(hash, TAG_ATTACHMENT, network, bytes_of(body, 8 + size));
}

/* ---- content ---- */

void attachment_key(uint8_t key[ATTACHMENT_KEY_BYTES], const uint8_t secret[ATTACHMENT_KEY_BYTES],
                    struct bytes content)
{
    crypto_generichash(key, ATTACHMENT_KEY_BYTES, content.data, content.size, secret,
                       ATTACHMENT_KEY_BYTES);
}

static void nonce_of(uint8_t nonce[NONCE_BYTES], uint32_t position)
{
    memset(nonce, 0, NONCE_BYTES);
    put_u32le(nonce, position);
}

/* A file in the making. */
struct making {
    const struct attachment_sealing *sealing;
    struct bytes content;
    uint32_t bytes, lists;
    uint8_t *hashes; /* of every unit, by position */
    uint8_t leaf[ATTACHMENT_UNIT_BYTES];
};

static struct bytes make_leaf(struct making *making, uint32_t position)
{
    size_t from = (size_t)(position - making->lists) * ATTACHMENT_LEAF_BYTES;
    size_t size = attachment_unit_bytes(making->bytes, position) - TAG_BYTES;
    uint8_t nonce[NONCE_BYTES];
    nonce_of(nonce, position);
    crypto_aead_xchacha20poly1305_ietf_encrypt(making->leaf, NULL, making->content.data + from,
                                               size, making->sealing->network->id, NETWORK_BYTES,
                                               NULL, nonce, making->sealing->key);
    return bytes_of(making->leaf, size + TAG_BYTES);
}

/* The hashes that a list has stand side by side: children of one list follow each other. */
static struct bytes make_list(struct making *making, uint32_t position)
{
    uint32_t first = position == 0 ? 1 : making->lists + (position - 1) * HASHES_MAX;
    return bytes_of(making->hashes + (size_t)first * HASH_BYTES,
                    attachment_unit_bytes(making->bytes, position));
}

static struct bytes make_unit(struct making *making, uint32_t position)
{
    return position < making->lists ? make_list(making, position) : make_leaf(making, position);
}

/* Lists need the hashes of what comes after them: first all hashes from the end, then all units. */
static enum status make_all(struct making *making, struct error *err)
{
    uint32_t units = attachment_units(making->bytes);
    for (uint32_t position = units; position-- > 0;) {
        struct hash hash;
        attachment_unit_hash(&hash, making->sealing->network, making->bytes, position,
                             make_unit(making, position));
        memcpy(making->hashes + (size_t)position * HASH_BYTES, hash.bytes, HASH_BYTES);
    }
    for (uint32_t position = 0; position < units; position++)
        TRY(making->sealing->sink(making->sealing->context, position, make_unit(making, position),
                                  err));
    return STATUS_OK;
}

enum status attachment_seal(struct attachment_name *name, const struct attachment_sealing *sealing,
                            struct bytes content, struct error *err)
{
    if (content.size == 0)
        return error_set(err, STATUS_BAD_INPUT, "the file is empty");
    if (content.size > ATTACHMENT_BYTES_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the file has more than %u bytes",
                         ATTACHMENT_BYTES_MAX);
    uint32_t bytes = (uint32_t)content.size;
    struct making *making = calloc(1, sizeof *making);
    uint8_t *hashes = malloc((size_t)attachment_units(bytes) * HASH_BYTES);
    enum status status = STATUS_NO_MEMORY;
    if (making && hashes) {
        *making = (struct making){.sealing = sealing,
                                  .content = content,
                                  .bytes = bytes,
                                  .lists = lists_of(bytes),
                                  .hashes = hashes};
        status = make_all(making, err);
        name->bytes = bytes;
        memcpy(name->root, hashes, HASH_BYTES);
    } else {
        error_set(err, status, "out of memory");
    }
    free(making);
    free(hashes);
    return status;
}

bool attachment_open_leaf(uint8_t *out, const struct network *network,
                          const uint8_t key[ATTACHMENT_KEY_BYTES], uint32_t position,
                          struct bytes leaf)
{
    uint8_t nonce[NONCE_BYTES];
    nonce_of(nonce, position);
    return leaf.size > TAG_BYTES && leaf.size <= ATTACHMENT_UNIT_BYTES &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, leaf.data, leaf.size,
                                                      network->id, NETWORK_BYTES, nonce, key) == 0;
}

/* ---- values ---- */

void attachment_head_write(uint8_t out[ATTACHMENT_HEAD_BYTES], const struct attachment_head *head)
{
    memcpy(out, head->file.root, HASH_BYTES);
    put_u32le(out + HASH_BYTES, head->file.bytes);
    memcpy(out + HASH_BYTES + 4, head->thumbnail.root, HASH_BYTES);
    put_u32le(out + 2 * HASH_BYTES + 4, head->thumbnail.bytes);
}

bool attachment_head_read(struct attachment_head *head, struct bytes value)
{
    if (value.size < ATTACHMENT_HEAD_BYTES)
        return false;
    memcpy(head->file.root, value.data, HASH_BYTES);
    head->file.bytes = get_u32le(value.data + HASH_BYTES);
    memcpy(head->thumbnail.root, value.data + HASH_BYTES + 4, HASH_BYTES);
    head->thumbnail.bytes = get_u32le(value.data + 2 * HASH_BYTES + 4);
    bool none = sodium_is_zero(head->thumbnail.root, HASH_BYTES);
    return head->file.bytes > 0 && head->file.bytes <= ATTACHMENT_BYTES_MAX &&
           head->thumbnail.bytes <= ATTACHMENT_LEAF_BYTES && none == (head->thumbnail.bytes == 0);
}

static bool is_type_part(struct bytes part)
{
    for (size_t i = 0; i < part.size; i++) {
        uint8_t c = part.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (i == 0 || c == 0 || !strchr("!#$&-^_.+", c)))
            return false;
    }
    return part.size > 0;
}

bool attachment_type_valid(struct bytes text)
{
    const uint8_t *slash = text.size > 0 ? memchr(text.data, '/', text.size) : NULL;
    if (!slash || text.size > ATTACHMENT_TYPE_BYTES_MAX)
        return false;
    size_t first = (size_t)(slash - text.data);
    return is_type_part(bytes_of(text.data, first)) &&
           is_type_part(bytes_of(slash + 1, text.size - first - 1));
}

enum status attachment_plain_pack(struct buffer *out, const struct attachment_head *head,
                                  const struct attachment_description *description)
{
    uint8_t bytes[ATTACHMENT_HEAD_BYTES];
    attachment_head_write(bytes, head);
    TRY(pack_array(out, 2));
    TRY(pack_bin(out, bytes_of(bytes, sizeof bytes)));
    TRY(pack_array(out, 4));
    TRY(pack_str(out, description->name));
    TRY(pack_str(out, description->media_type));
    TRY(pack_bin(out, bytes_of(description->key, ATTACHMENT_KEY_BYTES)));
    return head->thumbnail.bytes > 0
               ? pack_bin(out, bytes_of(description->thumbnail_key, ATTACHMENT_KEY_BYTES))
               : pack_nil(out);
}

bool attachment_plain_split(struct bytes *head, struct bytes *description, struct bytes plain)
{
    struct unpack in = unpack_of(plain);
    uint32_t count;
    return unpack_array(&in, &count) && count == 2 && unpack_bin(&in, head) &&
           head->size == ATTACHMENT_HEAD_BYTES && unpack_value(&in, description) &&
           unpack_done(&in);
}

bool attachment_plain_read(struct attachment_head *head, struct attachment_description *description,
                           struct bytes plain)
{
    struct bytes first, second;
    uint32_t count;
    if (!attachment_plain_split(&first, &second, plain) || !attachment_head_read(head, first))
        return false;
    struct unpack in = unpack_of(second);
    if (!unpack_array(&in, &count) || count != 4 || !unpack_str(&in, &description->name) ||
        description->name.size == 0 || description->name.size > ATTACHMENT_NAME_BYTES_MAX ||
        !unpack_str(&in, &description->media_type) ||
        !attachment_type_valid(description->media_type) ||
        !unpack_bin_exact(&in, description->key, ATTACHMENT_KEY_BYTES))
        return false;
    memset(description->thumbnail_key, 0, ATTACHMENT_KEY_BYTES);
    return head->thumbnail.bytes > 0
               ? unpack_bin_exact(&in, description->thumbnail_key, ATTACHMENT_KEY_BYTES)
               : unpack_nil(&in);
}
