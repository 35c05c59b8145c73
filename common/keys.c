#include "common/keys.h"

#include <sodium.h>
#include <string.h>

#include "common/mutant.h"

#define TAG_BYTES 16

const char *tag_text(enum tag tag)
{
    static const char texts[TAG_COUNT][TAG_BYTES + 1] = {
#define X(name, text) text,
        TAG_LIST(X)
#undef X
    };
    return texts[tag];
}

enum status keys_init(struct error *err)
{
    if (sodium_init() < 0)
        return error_set(err, STATUS_NO_MEMORY, "the cryptographic library does not start");
    return STATUS_OK;
}

void signing_key_generate(struct signing_key *key)
{
    crypto_sign_keypair(key->public_key, key->secret);
}

void signing_key_from_seed(struct signing_key *key, const uint8_t seed[32])
{
    crypto_sign_seed_keypair(key->public_key, key->secret, seed);
}

void signing_key_release(struct signing_key *key)
{
    if (key)
        sodium_memzero(key, sizeof *key);
}

void dh_key_generate(struct dh_key *key)
{
    crypto_box_keypair(key->public_key, key->secret);
}

void dh_key_from_secret(struct dh_key *key, const uint8_t secret[DH_KEY_BYTES])
{
    memcpy(key->secret, secret, DH_KEY_BYTES);
    crypto_scalarmult_base(key->public_key, secret);
}

void dh_key_release(struct dh_key *key)
{
    if (key)
        sodium_memzero(key, sizeof *key);
}

struct network network_of_root(struct bytes root_set)
{
    struct network network;
    uint8_t hash[HASH_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)tag_text(TAG_NETWORK), TAG_BYTES);
    crypto_generichash_update(&state, root_set.data, root_set.size);
    crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(network.id, hash, NETWORK_BYTES);
    return network;
}

void hash_object(struct hash *hash, enum tag tag, const struct network *network, struct bytes body)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash->bytes);
    crypto_generichash_update(&state, (const uint8_t *)tag_text(tag), TAG_BYTES);
    if (!MUTANT("t28-object-of-any-network"))
        crypto_generichash_update(&state, network->id, NETWORK_BYTES);
    crypto_generichash_update(&state, body.data, body.size);
    crypto_generichash_final(&state, hash->bytes, sizeof hash->bytes);
}

/* What is signed: tag, network id, hash of the object. */
static void statement(uint8_t out[TAG_BYTES + NETWORK_BYTES + HASH_BYTES], enum tag tag,
                      const struct network *network, struct bytes body)
{
    struct hash hash;
    hash_object(&hash, tag, network, body);
    memcpy(out, tag_text(tag), TAG_BYTES);
    memcpy(out + TAG_BYTES, network->id, NETWORK_BYTES);
    if (MUTANT("t28-object-of-any-network"))
        memset(out + TAG_BYTES, 0, NETWORK_BYTES);
    memcpy(out + TAG_BYTES + NETWORK_BYTES, hash.bytes, HASH_BYTES);
}

void sign_object(uint8_t signature[SIGNATURE_BYTES], enum tag tag, const struct network *network,
                 struct bytes body, const struct signing_key *key)
{
    uint8_t text[TAG_BYTES + NETWORK_BYTES + HASH_BYTES];
    statement(text, tag, network, body);
    crypto_sign_detached(signature, NULL, text, sizeof text, key->secret);
}

bool verify_object(const uint8_t signature[SIGNATURE_BYTES], enum tag tag,
                   const struct network *network, struct bytes body,
                   const uint8_t public_key[PUBLIC_KEY_BYTES])
{
    uint8_t text[TAG_BYTES + NETWORK_BYTES + HASH_BYTES];
    statement(text, tag, network, body);
    return crypto_sign_verify_detached(signature, text, sizeof text, public_key) == 0;
}
