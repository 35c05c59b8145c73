#include "common/root.h"

#include <sodium.h>
#include <string.h>

#include "common/mutant.h"
#include "common/pack.h"

/* ---- sets ---- */

enum status root_set_add(struct root_set *set, const uint8_t key[PUBLIC_KEY_BYTES],
                         struct error *err)
{
    uint32_t at = 0;
    if (set->count == ROOT_KEYS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "a root has at most %d keys", ROOT_KEYS_MAX);
    while (at < set->count && memcmp(set->keys[at], key, PUBLIC_KEY_BYTES) < 0)
        at++;
    if (at < set->count && memcmp(set->keys[at], key, PUBLIC_KEY_BYTES) == 0)
        return error_set(err, STATUS_EXISTS, "that key is in the root already");
    memmove(set->keys[at + 1], set->keys[at], (set->count - at) * PUBLIC_KEY_BYTES);
    memcpy(set->keys[at], key, PUBLIC_KEY_BYTES);
    set->count++;
    return STATUS_OK;
}

enum status root_set_encode(const struct root_set *set, struct buffer *body)
{
    TRY(pack_array(body, 5));
    TRY(pack_uint(body, 1));
    TRY(pack_uint(body, set->suite));
    TRY(pack_uint(body, set->version));
    TRY(pack_uint(body, set->threshold));
    TRY(pack_array(body, set->count));
    for (uint32_t i = 0; i < set->count; i++)
        TRY(pack_bin(body, bytes_of(set->keys[i], PUBLIC_KEY_BYTES)));
    return STATUS_OK;
}

static bool take_keys(struct unpack *in, struct root_set *set)
{
    if (!unpack_array(in, &set->count) || set->count == 0 || set->count > ROOT_KEYS_MAX)
        return false;
    for (uint32_t i = 0; i < set->count; i++)
        if (!unpack_bin_exact(in, set->keys[i], PUBLIC_KEY_BYTES) ||
            (i > 0 && memcmp(set->keys[i - 1], set->keys[i], PUBLIC_KEY_BYTES) >= 0))
            return false;
    return true;
}

enum status root_set_decode(struct root_set *set, struct bytes body, struct error *err)
{
    uint32_t elements, version;
    struct bytes skipped;
    struct unpack in = unpack_of(body);
    *set = (struct root_set){0};
    bool good = unpack_array(&in, &elements) && elements >= 5 && unpack_u32(&in, &version) &&
                version == 1 && unpack_u32(&in, &set->suite);
    if (good && set->suite != SUITE_1)
        return error_set(err, STATUS_UNSUPPORTED, "cipher suite %u is not built in", set->suite);
    good = good && unpack_u32(&in, &set->version) && unpack_u32(&in, &set->threshold) &&
           take_keys(&in, set) && set->version > 0 && set->threshold > 0 &&
           set->threshold <= set->count;
    for (uint32_t i = 5; good && i < elements; i++)
        good = unpack_value(&in, &skipped);
    return good && unpack_done(&in) ? STATUS_OK
                                    : error_set(err, STATUS_BAD_INPUT, "a root set is broken");
}

enum status root_set_network(const struct root_set *first, struct network *network,
                             struct error *err)
{
    struct buffer body = {0};
    enum status status = root_set_encode(first, &body);
    if (status == STATUS_OK)
        *network = network_of_root(buffer_bytes(&body));
    else
        error_set(err, status, "out of memory");
    buffer_release(&body);
    return status;
}

/* ---- what they sign ---- */

struct signature {
    uint8_t key[PUBLIC_KEY_BYTES];
    uint8_t bytes[SIGNATURE_BYTES];
};
struct parts {
    struct bytes body;
    struct signature signatures[ROOT_SIGNATURES_MAX + 1];
    uint32_t count;
};

static enum status take_apart(struct bytes sealed, struct parts *parts, struct error *err)
{
    struct unpack in = unpack_of(sealed);
    uint32_t elements, items = 0;
    bool good = sealed.size <= ROOT_OBJECT_BYTES_MAX && unpack_array(&in, &elements) &&
                elements == 2 && unpack_bin(&in, &parts->body) && unpack_array(&in, &items) &&
                items % 2 == 0 && items / 2 <= ROOT_SIGNATURES_MAX;
    parts->count = items / 2;
    for (uint32_t i = 0; good && i < parts->count; i++)
        good = unpack_bin_exact(&in, parts->signatures[i].key, PUBLIC_KEY_BYTES) &&
               unpack_bin_exact(&in, parts->signatures[i].bytes, SIGNATURE_BYTES) &&
               (i == 0 || memcmp(parts->signatures[i - 1].key, parts->signatures[i].key,
                                 PUBLIC_KEY_BYTES) < 0);
    return good && unpack_done(&in)
               ? STATUS_OK
               : error_set(err, STATUS_BAD_INPUT, "an object of the root is broken");
}

static enum status put_together(const struct parts *parts, struct buffer *out)
{
    TRY(pack_array(out, 2));
    TRY(pack_bin(out, parts->body));
    TRY(pack_array(out, parts->count * 2));
    for (uint32_t i = 0; i < parts->count; i++) {
        TRY(pack_bin(out, bytes_of(parts->signatures[i].key, PUBLIC_KEY_BYTES)));
        TRY(pack_bin(out, bytes_of(parts->signatures[i].bytes, SIGNATURE_BYTES)));
    }
    return STATUS_OK;
}

static enum status add_signature(struct parts *parts, const struct root_object *object,
                                 const struct signing_key *key, struct error *err)
{
    uint32_t at = 0;
    while (at < parts->count &&
           memcmp(parts->signatures[at].key, key->public_key, PUBLIC_KEY_BYTES) < 0)
        at++;
    struct signature *place = &parts->signatures[at];
    if (at < parts->count && memcmp(place->key, key->public_key, PUBLIC_KEY_BYTES) == 0)
        return error_set(err, STATUS_EXISTS, "this root key has signed already");
    if (parts->count == ROOT_SIGNATURES_MAX)
        return error_set(err, STATUS_TOO_LARGE, "too many root keys have signed");
    memmove(place + 1, place, (parts->count - at) * sizeof *place);
    memcpy(place->key, key->public_key, PUBLIC_KEY_BYTES);
    sign_object(place->bytes, object->tag, object->network, parts->body, key);
    parts->count++;
    return STATUS_OK;
}

static enum status give(const struct parts *parts, struct buffer *out, struct error *err)
{
    return put_together(parts, out) == STATUS_OK
               ? STATUS_OK
               : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

enum status root_object_start(struct bytes body, struct buffer *out, struct error *err)
{
    struct parts parts = {.body = body};
    return give(&parts, out, err);
}

enum status root_object_sign(const struct root_object *object, const struct signing_key *key,
                             struct buffer *out, struct error *err)
{
    struct parts parts;
    TRY(take_apart(object->sealed, &parts, err));
    TRY(add_signature(&parts, object, key, err));
    return give(&parts, out, err);
}

enum status root_object_seal(struct buffer *out, enum tag tag, const struct network *network,
                             struct bytes body, const struct root_signers *signers,
                             struct error *err)
{
    struct parts parts = {.body = body};
    struct root_object object = {.tag = tag, .network = network};
    for (size_t i = 0; i < signers->count; i++)
        TRY(add_signature(&parts, &object, &signers->keys[i], err));
    return give(&parts, out, err);
}

enum status root_object_body(struct bytes sealed, struct bytes *body, struct error *err)
{
    struct parts parts;
    TRY(take_apart(sealed, &parts, err));
    *body = parts.body;
    return STATUS_OK;
}

uint32_t root_object_keys(struct bytes sealed, uint8_t keys[ROOT_SIGNATURES_MAX][PUBLIC_KEY_BYTES])
{
    struct parts parts;
    if (take_apart(sealed, &parts, NULL) != STATUS_OK)
        return 0;
    for (uint32_t i = 0; i < parts.count; i++)
        memcpy(keys[i], parts.signatures[i].key, PUBLIC_KEY_BYTES);
    return parts.count;
}

bool root_set_holds(const struct root_set *set, const uint8_t key[PUBLIC_KEY_BYTES])
{
    for (uint32_t i = 0; i < set->count; i++)
        if (memcmp(set->keys[i], key, PUBLIC_KEY_BYTES) == 0)
            return true;
    return false;
}

uint32_t root_object_signers(const struct root_object *object, const struct root_set *set)
{
    struct parts parts;
    uint32_t signers = 0;
    if (take_apart(object->sealed, &parts, NULL) != STATUS_OK)
        return 0;
    for (uint32_t i = 0; i < parts.count; i++)
        if (root_set_holds(set, parts.signatures[i].key) &&
            verify_object(parts.signatures[i].bytes, object->tag, object->network, parts.body,
                          parts.signatures[i].key))
            signers++;
    return signers;
}

enum status root_object_open(const struct root_object *object, const struct root_set *set,
                             struct bytes *body, struct error *err)
{
    TRY(root_object_body(object->sealed, body, err));
    uint32_t signers = root_object_signers(object, set);
    if (signers + MUTANT("t8-threshold-one-less") >= set->threshold)
        return STATUS_OK;
    return error_set(err, STATUS_FORGED, "%u of the root's keys have signed, %u must", signers,
                     set->threshold);
}

enum status root_set_open(struct root_set *set, const struct network *network, struct bytes sealed,
                          const struct root_set *before, struct error *err)
{
    struct bytes body;
    struct network founded;
    struct root_object object = {TAG_ROOT_SET, network, sealed};
    TRY(root_object_body(sealed, &body, err));
    TRY(root_set_decode(set, body, err));
    if (!before) {
        founded = network_of_root(body);
        if (set->version != 1 || memcmp(founded.id, network->id, NETWORK_BYTES) != 0)
            return error_set(err, STATUS_FORGED, "the root is not this network's");
    } else {
        if (set->version != before->version + 1 && !MUTANT("t7-root-version-skipped"))
            return error_set(err, STATUS_DENIED, "root set %u doesn't follow set %u", set->version,
                             before->version);
        if (!MUTANT("t8-old-root-not-asked"))
            TRY(root_object_open(&object, before, &body, err));
    }
    if (MUTANT("t8-new-root-not-asked"))
        return STATUS_OK;
    return root_object_open(&object, set, &body, err);
}
