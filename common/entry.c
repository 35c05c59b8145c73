#include "common/entry.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"

#define PLACE_BYTES 20 /* scope, device, incarnation, number */
#define STATEMENT_BYTES (16 + NETWORK_BYTES + HASH_BYTES)

void entry_hash(struct hash *hash, const struct network *network, const struct dot *dot,
                const struct hash *previous, struct bytes body)
{
    uint8_t head[16 + NETWORK_BYTES + PLACE_BYTES + HASH_BYTES];
    memcpy(head, tag_text(TAG_ENTRY), 16);
    memcpy(head + 16, network->id, NETWORK_BYTES);
    if (MUTANT("t28-network-left-out"))
        memset(head + 16, 0, NETWORK_BYTES);
    uint8_t *at = head + 16 + NETWORK_BYTES;
    put_u32le(at, dot->feed.scope);
    put_u32le(at + 4, dot->feed.device);
    put_u32le(at + 8, dot->feed.incarnation);
    put_u64le(at + 12, dot->number);
    memcpy(at + PLACE_BYTES, previous->bytes, HASH_BYTES);

    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    crypto_generichash_update(&state, head, sizeof head);
    crypto_generichash_update(&state, body.data, body.size);
    crypto_generichash_final(&state, hash->bytes, HASH_BYTES);
}

static void statement(uint8_t out[STATEMENT_BYTES], const struct network *network,
                      const struct hash *hash)
{
    memcpy(out, tag_text(TAG_ENTRY), 16);
    memcpy(out + 16, network->id, NETWORK_BYTES);
    memcpy(out + 16 + NETWORK_BYTES, hash->bytes, HASH_BYTES);
}

void entry_sign(uint8_t signature[SIGNATURE_BYTES], const struct network *network,
                const struct hash *hash, const struct signing_key *key)
{
    uint8_t text[STATEMENT_BYTES];
    statement(text, network, hash);
    crypto_sign_detached(signature, NULL, text, sizeof text, key->secret);
}

bool entry_verify(const uint8_t signature[SIGNATURE_BYTES], const struct network *network,
                  const struct hash *hash, const uint8_t public_key[PUBLIC_KEY_BYTES])
{
    uint8_t text[STATEMENT_BYTES];
    statement(text, network, hash);
    return crypto_sign_verify_detached(signature, text, sizeof text, public_key) == 0;
}
