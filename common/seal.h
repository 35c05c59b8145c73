#ifndef COMMON_SEAL_H
#define COMMON_SEAL_H

/* Sealed values: what an op carries encrypted, under keys that stand outside the hash chain.
 *
 * Three kinds of keys (docs/decisions/0012-sealed-values.md):
 *   scope key   of one org and set of roles; devices have it by a grant, sealed to their X25519
 *               key, or open it with the key of the org above
 *   value key   of one person (or other subject), one year and one feed; travels beside the entry
 *               that first uses it, wrapped under a scope key, and is what `erase` destroys
 *   a value     sealed under a value key
 * All symmetric sealing is XChaCha20-Poly1305 (libsodium) with a nonce whose first 8 bytes are
 * random and whose last 16 say what is sealed; its associated data begins with the network's id.
 *   value:      form ‖ value key's id 8 ‖ random 8 ‖ AEAD(plain, 0x80, zeros up to 16 n)
 *               form 1: plain is the canonical value; form 2: the UTF-16LE of a text; form 4: that
 *               in a Zstandard frame with DICTIONARY_TEXTS, without the frame's magic number
 *               AD: table u32le ‖ row 16 ‖ field u32le
 *   wrapped:    scope key's id 8 ‖ random 8 ‖ AEAD(key 32)
 *               AD of a value key: subject 16 ‖ year u32le; of a scope key under another: its id
 *   grant:      crypto_box_seal(scope key 32)
 * The id of a scope key is BLAKE2b-64 of the key, that of a value key of its wrapped form, so that
 * whoever carries it sees that it is the one the entry names. Pure functions. */

#include "common/entry.h"
#include "common/keys.h"
#include "common/zstd_frame.h"

#define SEAL_KEY_BYTES 32
#define SEAL_ID_BYTES 8
#define SEAL_RANDOM_BYTES 8
#define SEAL_WRAPPED_BYTES (SEAL_ID_BYTES + SEAL_RANDOM_BYTES + SEAL_KEY_BYTES + 16)
#define SEAL_GRANT_BYTES (SEAL_KEY_BYTES + 48)

struct seal_id {
    uint8_t bytes[SEAL_ID_BYTES];
};

struct seal_key { /* secret: zero it */
    struct seal_id id;
    uint8_t secret[SEAL_KEY_BYTES];
};

/* Where a value stands. */
struct seal_place {
    uint32_t table;
    struct id row;
    uint16_t field;
};

int seal_id_compare(const struct seal_id *a, const struct seal_id *b);

/* ---- scope keys ---- */
void scope_key_generate(struct seal_key *key, const struct network *network);
/* Is it the key that bears this id? */
bool scope_key_is(const struct network *network, const struct seal_id *id,
                  const uint8_t secret[SEAL_KEY_BYTES]);
void scope_key_wrap(uint8_t wrapped[SEAL_WRAPPED_BYTES], const struct network *network,
                    const struct seal_key *key, const struct seal_key *above);
bool scope_key_unwrap(struct seal_key *key, const struct network *network,
                      const uint8_t wrapped[SEAL_WRAPPED_BYTES], const struct seal_key *above);
/* False: that isn't a key of X25519. */
bool scope_key_grant(uint8_t grant[SEAL_GRANT_BYTES], const struct seal_key *key,
                     const uint8_t dh_key[DH_KEY_BYTES]);
bool scope_key_take(struct seal_key *key, const struct network *network,
                    const uint8_t grant[SEAL_GRANT_BYTES], const struct dh_key *dh);
/* The key that a wrapped one is wrapped under. */
struct seal_id seal_wrapped_under(const uint8_t wrapped[SEAL_WRAPPED_BYTES]);

/* ---- value keys ---- */
struct seal_id value_key_id(const struct network *network,
                            const uint8_t wrapped[SEAL_WRAPPED_BYTES]);
/* A new one; named->subject and year are given, its id and `wrapped` come out. */
void value_key_generate(uint8_t secret[SEAL_KEY_BYTES], uint8_t wrapped[SEAL_WRAPPED_BYTES],
                        struct entry_key *named, const struct network *network,
                        const struct seal_key *scope_key);
bool value_key_unwrap(uint8_t secret[SEAL_KEY_BYTES], const uint8_t wrapped[SEAL_WRAPPED_BYTES],
                      const struct entry_key *named, const struct network *network,
                      const struct seal_key *scope_key);

/* ---- values ---- */
/* What a value is sealed with. Borrows. */
struct seal_means {
    const struct network *network;
    const struct seal_key *key;
    struct zstd_room *zstd;
};
/* Appends the sealed form of `value`, as MessagePack. STATUS_NO_MEMORY. */
enum status seal_value(struct buffer *out, const struct seal_means *means,
                       const struct seal_place *place, struct bytes value);
/* The value key that `content` (of a sealed value) names; false when it is no such form. */
bool seal_value_key(struct bytes content, struct seal_id *id);
/* Appends the value. STATUS_FORGED when it doesn't open, STATUS_NO_MEMORY. */
enum status seal_open(struct buffer *out, const struct seal_means *means,
                      const struct seal_place *place, struct bytes content);

#endif
