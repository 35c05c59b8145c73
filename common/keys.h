#ifndef COMMON_KEYS_H
#define COMMON_KEYS_H

/* Keys, hashes and signatures: suite 1 (Ed25519, BLAKE2b, X25519) from libsodium.
 *
 * Every signature and hash starts with a 16-byte tag that names the object type, then the network
 * id: nothing signed for a test network or as another kind of object is ever valid elsewhere. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

#define HASH_BYTES 32
#define SIGNATURE_BYTES 64
#define PUBLIC_KEY_BYTES 32
#define SECRET_KEY_BYTES 64 /* Ed25519: seed and public key */
#define DH_KEY_BYTES 32     /* X25519, public or secret */
#define NETWORK_BYTES 16
#define SUITE_1 1

/* 16 bytes each, NUL padded. */
#define TAG_LIST(X)                        \
    X(TAG_NETWORK, "jinqiu network 1")     \
    X(TAG_ENTRY, "jinqiu entry   1")       \
    X(TAG_CERTIFICATE, "jinqiu cert    1") \
    X(TAG_AUTHORITY, "jinqiu author  1")   \
    X(TAG_BEACON, "jinqiu beacon  1")      \
    X(TAG_RECEIPT, "jinqiu receipt 1")     \
    X(TAG_LINK_KEY, "jinqiu linkkey 1")    \
    X(TAG_ROOT_SET, "jinqiu rootset 1")    \
    X(TAG_PEER, "jinqiu peer    1")        \
    X(TAG_BUNDLE, "jinqiu bundle  1")      \
    X(TAG_ENROL, "jinqiu enrol   1")       \
    X(TAG_KNOCK, "jinqiu knock   1")       \
    X(TAG_FRONTIER, "jinqiu frontie 1")    \
    X(TAG_SEAL, "jinqiu seal    1")        \
    X(TAG_ATTACHMENT, "jinqiu attach  1")  \
    X(TAG_RELEASE, "jinqiu release 1")     \
    X(TAG_SNAPSHOT, "jinqiu snap    1")    \
    X(TAG_DIGEST, "jinqiu digest  1")

enum tag {
#define X(name, text) name,
    TAG_LIST(X)
#undef X
        TAG_COUNT
};
const char *tag_text(enum tag tag); /* exactly 16 bytes */

struct network {
    uint8_t id[NETWORK_BYTES]; /* first 16 bytes of BLAKE2b-256(TAG_NETWORK, first root set) */
};

struct hash {
    uint8_t bytes[HASH_BYTES];
};

struct signing_key { /* secret: zeroed by signing_key_release */
    uint8_t secret[SECRET_KEY_BYTES];
    uint8_t public_key[PUBLIC_KEY_BYTES];
};

struct dh_key {
    uint8_t secret[DH_KEY_BYTES];
    uint8_t public_key[DH_KEY_BYTES];
};

/* sodium_init(); call once before anything else here. */
enum status keys_init(struct error *err);

void signing_key_generate(struct signing_key *key);
void signing_key_from_seed(struct signing_key *key, const uint8_t seed[32]);
void signing_key_release(struct signing_key *key);
void dh_key_generate(struct dh_key *key);
void dh_key_from_secret(struct dh_key *key, const uint8_t secret[DH_KEY_BYTES]);
void dh_key_release(struct dh_key *key);

/* From the body of the first root set (root.h). */
struct network network_of_root(struct bytes root_set);

/* BLAKE2b-256 over tag, network id and `body`. */
void hash_object(struct hash *hash, enum tag tag, const struct network *network, struct bytes body);

/* Ed25519 over tag (16), network id (16) and hash_object(…) (32): 64 bytes whatever the body. */
void sign_object(uint8_t signature[SIGNATURE_BYTES], enum tag tag, const struct network *network,
                 struct bytes body, const struct signing_key *key);
bool verify_object(const uint8_t signature[SIGNATURE_BYTES], enum tag tag,
                   const struct network *network, struct bytes body,
                   const uint8_t public_key[PUBLIC_KEY_BYTES]);

#endif
