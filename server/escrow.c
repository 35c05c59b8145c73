#include "server/escrow.h"

#include <sodium.h>
#include <string.h>

#include "server/seed.h"

static struct seed_place place_of(const struct hub_options *options)
{
    return (struct seed_place){options->directory, "escrow.key", options->vault};
}

enum status escrow_public_key(const struct hub_options *options, uint8_t key[ESCROW_KEY_BYTES],
                              struct error *err)
{
    uint8_t seed[SEED_BYTES], secret[crypto_box_SECRETKEYBYTES];
    struct seed_place place = place_of(options);
    enum status status = seed_read(&place, seed, err);
    if (status == STATUS_NOT_FOUND) {
        randombytes_buf(seed, sizeof seed);
        status = seed_write(&place, seed, err);
    }
    if (status == STATUS_OK)
        crypto_box_seed_keypair(key, secret, seed);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    return status;
}

enum status escrow_open(const struct hub_options *options, const struct escrow_request *request,
                        uint8_t code[RECOVERY_CODE_BYTES], struct error *err)
{
    uint8_t seed[SEED_BYTES], key[ESCROW_KEY_BYTES], secret[crypto_box_SECRETKEYBYTES];
    struct seed_place place = place_of(options);
    TRY(seed_read(&place, seed, err));
    crypto_box_seed_keypair(key, secret, seed);
    enum status status = STATUS_OK;
    if (memcmp(key, request->key, sizeof key) != 0)
        status = error_set(err, STATUS_DENIED, "the request is for another escrow key");
    else if (crypto_box_seal_open(code, request->sealed, sizeof request->sealed, key, secret) != 0)
        status = error_set(err, STATUS_BAD_INPUT, "the request was altered: nothing can be opened");
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    return status;
}
