#include "protocol/peer_hint.h"

#include <sodium.h>
#include <string.h>

#define MAGIC "JQP1"
#define MAGIC_BYTES 4
#define SALT_BYTES 8

static void put_digest(const struct network *network, const uint8_t dh_key[DH_KEY_BYTES],
                       uint8_t hint[PEER_HINT_BYTES])
{
    struct hash hash;
    uint8_t body[SALT_BYTES + DH_KEY_BYTES];
    memcpy(body, hint + MAGIC_BYTES, SALT_BYTES);
    memcpy(body + SALT_BYTES, dh_key, DH_KEY_BYTES);
    hash_object(&hash, TAG_PEER, network, bytes_of(body, sizeof body));
    memcpy(hint + MAGIC_BYTES + SALT_BYTES, hash.bytes, PEER_HINT_BYTES - MAGIC_BYTES - SALT_BYTES);
}

void peer_hint_make(const struct network *network, const uint8_t dh_key[DH_KEY_BYTES],
                    uint8_t hint[PEER_HINT_BYTES])
{
    memcpy(hint, MAGIC, MAGIC_BYTES);
    randombytes_buf(hint + MAGIC_BYTES, SALT_BYTES);
    put_digest(network, dh_key, hint);
}

bool peer_hint_valid(const uint8_t hint[PEER_HINT_BYTES])
{
    return memcmp(hint, MAGIC, MAGIC_BYTES) == 0;
}

bool peer_hint_fits(const uint8_t hint[PEER_HINT_BYTES], const struct network *network,
                    const uint8_t dh_key[DH_KEY_BYTES])
{
    uint8_t wanted[PEER_HINT_BYTES];
    memcpy(wanted, hint, PEER_HINT_BYTES);
    put_digest(network, dh_key, wanted);
    return peer_hint_valid(hint) && memcmp(wanted, hint, PEER_HINT_BYTES) == 0;
}
