#ifndef COMMON_ATTACHMENT_H
#define COMMON_ATTACHMENT_H

/* Attachments: photos and scanned forms as sealed units under one hash. Pure functions.
 *
 *   file   -> leaves: 7,152 bytes of it each (the last one less), sealed: 7,168 bytes
 *   units  = the leaf, if there is one only; else lists of the hashes of 224 leaves each, and when
 *            there are several lists, before them the list of their hashes; then the leaves
 *   hash   = H("jinqiu attach  1", bytes u32le ‖ position u32le ‖ unit); that of unit 0 is the root
 *   leaf   = XChaCha20-Poly1305(key, nonce = position u32le ‖ 20 zeros, AD = network), a key of its
 *            own for each content
 * An attachment is named by its root and the size of the file: so the number of units and the size
 * of each are known before any comes, and each is checked against a list that came before it. A
 * replica holds the units up to some position, and goes on from there with whomever it meets.
 *
 *   value of a field = head 72 ‖ sealed description (seal.h)
 *   head             = root 32 ‖ bytes u32le ‖ thumbnail's root 32 ‖ its bytes u32le (none: zeros)
 *   description      = [name, media type, key bin 32, thumbnail's key bin 32 or nil]
 * Head and units tell nothing to who hasn't the key, and can be carried and checked without it. */

#include "common/keys.h"

#define ATTACHMENT_UNIT_BYTES 7168u                         /* the largest unit */
#define ATTACHMENT_LEAF_BYTES (ATTACHMENT_UNIT_BYTES - 16u) /* of the file, in one leaf */
#define ATTACHMENT_BYTES_MAX (32u * 1024 * 1024)            /* of a file */
#define ATTACHMENT_NAME_BYTES_MAX 240
#define ATTACHMENT_TYPE_BYTES_MAX 100
#define ATTACHMENT_KEY_BYTES 32
#define ATTACHMENT_HEAD_BYTES 72
#define ATTACHMENT_SEALED_MIN 49u /* of the description */
#define ATTACHMENT_SEALED_MAX 1024u

/* How one is named on the wire and on disk. */
struct attachment_name {
    uint8_t root[HASH_BYTES];
    uint32_t bytes; /* 1 … ATTACHMENT_BYTES_MAX */
};

bool attachment_name_equal(const struct attachment_name *a, const struct attachment_name *b);

/* A place in the order in which a replica offers and fetches them (replica_attachment.h). {0}:
 * before the first. */
struct attachment_mark {
    uint32_t rank;
    int64_t id;
};

struct attachment_head {
    struct attachment_name file;
    struct attachment_name thumbnail; /* bytes 0: none; else at most one leaf */
};

/* What only those see who can open the value. Borrows its texts. Holds secrets. */
struct attachment_description {
    struct bytes name;
    struct bytes media_type; /* as who added it says: "image/jpeg" */
    uint8_t key[ATTACHMENT_KEY_BYTES];
    uint8_t thumbnail_key[ATTACHMENT_KEY_BYTES];
};

/* ---- shape ---- */
uint32_t attachment_leaves(uint32_t bytes);
uint32_t attachment_units(uint32_t bytes); /* lists and leaves */
/* Size of the unit at `position`, which is below attachment_units. */
uint32_t attachment_unit_bytes(uint32_t bytes, uint32_t position);
/* Which leaf stands there; false: a list. */
bool attachment_leaf_at(uint32_t bytes, uint32_t position, uint32_t *leaf);
/* Where the hash of the unit stands: in which unit, and as which of its hashes. Unit 0 has none. */
struct attachment_parent {
    uint32_t position, index;
};
struct attachment_parent attachment_parent_of(uint32_t bytes, uint32_t position);
void attachment_unit_hash(struct hash *hash, const struct network *network, uint32_t bytes,
                          uint32_t position, struct bytes unit);

/* ---- content ---- */
/* The key of a content: who has the secret and the same content comes to the same units. */
void attachment_key(uint8_t key[ATTACHMENT_KEY_BYTES], const uint8_t secret[ATTACHMENT_KEY_BYTES],
                    struct bytes content);
/* Gives each unit in the order of positions, and the name. */
typedef enum status attachment_sink(void *context, uint32_t position, struct bytes unit,
                                    struct error *err);
struct attachment_sealing {
    const struct network *network;
    const uint8_t *key;
    attachment_sink *sink;
    void *context;
};
/* Seals `content` (1 … ATTACHMENT_BYTES_MAX, else STATUS_BAD_INPUT, STATUS_TOO_LARGE). */
enum status attachment_seal(struct attachment_name *name, const struct attachment_sealing *sealing,
                            struct bytes content, struct error *err);
/* The part of the file in a leaf, into `out` (ATTACHMENT_LEAF_BYTES). False: it doesn't open. */
bool attachment_open_leaf(uint8_t *out, const struct network *network,
                          const uint8_t key[ATTACHMENT_KEY_BYTES], uint32_t position,
                          struct bytes leaf);

/* ---- values ---- */
void attachment_head_write(uint8_t out[ATTACHMENT_HEAD_BYTES], const struct attachment_head *head);
/* False: it isn't the beginning of a value. */
bool attachment_head_read(struct attachment_head *head, struct bytes value);
/* A media type as RFC 6838 has them, without parameters. */
bool attachment_type_valid(struct bytes text);
/* The plain value, as it is before it is sealed and after it was opened: [head, description]. */
enum status attachment_plain_pack(struct buffer *out, const struct attachment_head *head,
                                  const struct attachment_description *description);
/* False: it is another value. Borrows. */
bool attachment_plain_read(struct attachment_head *head, struct attachment_description *description,
                           struct bytes plain);
/* The same cut in two: head as bytes, and the canonical description. */
bool attachment_plain_split(struct bytes *head, struct bytes *description, struct bytes plain);

#endif
