/* Pure functions whose answers are remembered from world to world: a schema that was read, a
 * signature that was good, a secret that the two sides of a session share. All worlds begin with
 * the same registry, and a quarter of their time went into reading its one schema again.
 *
 * They stand in the place of the functions whose names they bear (CMakeLists.txt), and ask the
 * real ones what they don't remember. */

#include <sodium.h>
#include <string.h>

#include "common/schema.h"

#define SCHEMAS_MAX 8
#define PLACES 65536 /* of answers in a table; a later one takes the place of an earlier one */
#define NAME_BYTES crypto_generichash_BYTES
#define KEY_BYTES crypto_scalarmult_BYTES

enum status once_schema_load(struct schema **out, struct bytes json, struct error *err);
void once_schema_free(struct schema *schema);
int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *text,
                                       unsigned long long size, const unsigned char *key);
int __real_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *text,
                                       unsigned long long size, const unsigned char *key);
int __wrap_crypto_box_keypair(unsigned char *public_key, unsigned char *secret);
int __real_crypto_box_keypair(unsigned char *public_key, unsigned char *secret);
int __wrap_crypto_scalarmult(unsigned char *out, const unsigned char *secret,
                             const unsigned char *theirs);
int __real_crypto_scalarmult(unsigned char *out, const unsigned char *secret,
                             const unsigned char *theirs);

/* ---- schemas ---- */

static struct schema *schemas[SCHEMAS_MAX];
static size_t schemas_count;

enum status once_schema_load(struct schema **out, struct bytes json, struct error *err)
{
    for (size_t i = 0; i < schemas_count; i++)
        if (bytes_equal(json, bytes_of(schemas[i]->text, schemas[i]->text_size))) {
            *out = schemas[i];
            return STATUS_OK;
        }
    enum status status = schema_load(out, json, err);
    if (status == STATUS_OK && schemas_count < SCHEMAS_MAX)
        schemas[schemas_count++] = *out;
    return status;
}

void once_schema_free(struct schema *schema)
{
    for (size_t i = 0; i < schemas_count; i++)
        if (schemas[i] == schema)
            return;
    schema_free(schema);
}

/* ---- signatures ---- */

static size_t place_of(const uint8_t *random)
{
    return (random[0] | (size_t)random[1] << 8) % PLACES;
}

int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *text,
                                       unsigned long long size, const unsigned char *key)
{
    static uint8_t good[PLACES][NAME_BYTES];
    uint8_t name[NAME_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof name);
    crypto_generichash_update(&state, signature, crypto_sign_BYTES);
    crypto_generichash_update(&state, key, crypto_sign_PUBLICKEYBYTES);
    crypto_generichash_update(&state, text, size);
    crypto_generichash_final(&state, name, sizeof name);
    uint8_t *known = good[place_of(name)];
    if (memcmp(known, name, sizeof name) == 0)
        return 0;
    int code = __real_crypto_sign_verify_detached(signature, text, size, key);
    if (code == 0)
        memcpy(known, name, sizeof name);
    return code;
}

/* ---- shared secrets ---- */

struct pair {
    uint8_t secret[KEY_BYTES], public_key[KEY_BYTES];
};
static struct pair pairs[PLACES];

static const uint8_t *public_of(const unsigned char *secret)
{
    struct pair *pair = &pairs[place_of(secret)];
    if (memcmp(pair->secret, secret, KEY_BYTES) != 0) {
        memcpy(pair->secret, secret, KEY_BYTES);
        crypto_scalarmult_base(pair->public_key, secret);
    }
    return pair->public_key;
}

int __wrap_crypto_box_keypair(unsigned char *public_key, unsigned char *secret)
{
    int code = __real_crypto_box_keypair(public_key, secret);
    struct pair *pair = &pairs[place_of(secret)];
    memcpy(pair->secret, secret, KEY_BYTES);
    memcpy(pair->public_key, public_key, KEY_BYTES);
    return code;
}

/* What one side works out of its secret and the other's public key is what the other side does. */
int __wrap_crypto_scalarmult(unsigned char *out, const unsigned char *secret,
                             const unsigned char *theirs)
{
    static struct {
        uint8_t keys[2][KEY_BYTES], shared[KEY_BYTES];
    } known[PLACES];
    const uint8_t *ours = public_of(secret);
    bool first = memcmp(ours, theirs, KEY_BYTES) < 0;
    const uint8_t *low = first ? ours : theirs, *high = first ? theirs : ours;
    size_t at = place_of(low) ^ place_of(high);
    if (memcmp(known[at].keys[0], low, KEY_BYTES) != 0 ||
        memcmp(known[at].keys[1], high, KEY_BYTES) != 0) {
        int code = __real_crypto_scalarmult(out, secret, theirs);
        if (code != 0)
            return code;
        memcpy(known[at].keys[0], low, KEY_BYTES);
        memcpy(known[at].keys[1], high, KEY_BYTES);
        memcpy(known[at].shared, out, KEY_BYTES);
    }
    memcpy(out, known[at].shared, KEY_BYTES);
    return 0;
}
