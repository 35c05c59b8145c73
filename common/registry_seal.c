#include "common/registry_seal.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/pack.h"
#include "common/registry_state.h"
#include "common/registry_value.h"

const struct registry_seals *registry_seals(const struct registry *registry)
{
    return &registry->seals;
}

/* ---- keys ---- */

static int by_place(const void *left, const void *right)
{
    const struct scope_key *a = left, *b = right;
    if (a->org != b->org)
        return a->org < b->org ? -1 : 1;
    if (a->roles != b->roles)
        return a->roles < b->roles ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return seal_id_compare(&a->id, &b->id);
}

/* The place of the first key that doesn't stand before `key`. */
static size_t key_place(const struct registry_seals *seals, const struct scope_key *key)
{
    return array_place(seals->keys, seals->keys_count, sizeof *key, key, by_place);
}

size_t registry_scope_keys(const struct registry *registry, uint32_t org, uint32_t roles,
                           const struct scope_key **first)
{
    const struct registry_seals *seals = &registry->seals;
    struct scope_key from = {.org = org, .roles = roles};
    size_t at = key_place(seals, &from), end = at;
    while (end < seals->keys_count && seals->keys[end].org == org &&
           seals->keys[end].roles == roles)
        end++;
    *first = end > at ? &seals->keys[at] : NULL;
    return end - at;
}

const struct scope_key *registry_scope_key(const struct registry *registry,
                                           const struct seal_id *id)
{
    const struct registry_seals *seals = &registry->seals;
    for (size_t i = 0; i < seals->keys_count; i++)
        if (seal_id_compare(&seals->keys[i].id, id) == 0)
            return &seals->keys[i];
    return NULL;
}

static enum status add_key(struct registry_seals *seals, const struct scope_key *key,
                           struct error *err)
{
    size_t at = key_place(seals, key);
    if (at < seals->keys_count && by_place(&seals->keys[at], key) == 0)
        return STATUS_OK;
    struct scope_key *keys =
        array_grow(seals->keys, seals->keys_count, &seals->keys_capacity, sizeof *keys);
    if (!keys)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    seals->keys = keys;
    memmove(keys + at + 1, keys + at, (seals->keys_count - at) * sizeof *keys);
    keys[at] = *key;
    seals->keys_count++;
    return STATUS_OK;
}

/* ---- grants ---- */

static int by_holder(const void *left, const void *right)
{
    const struct scope_grant *a = left, *b = right;
    int order = seal_id_compare(&a->key, &b->key);
    return order ? order : (a->device > b->device) - (a->device < b->device);
}

static size_t grant_place(const struct registry_seals *seals, const struct scope_grant *grant)
{
    return array_place(seals->grants, seals->grants_count, sizeof *grant, grant, by_holder);
}

size_t registry_scope_grants(const struct registry *registry, const struct seal_id *key,
                             uint32_t device, const struct scope_grant **first)
{
    const struct registry_seals *seals = &registry->seals;
    struct scope_grant from = {.key = *key, .device = device};
    size_t at = grant_place(seals, &from), end = at;
    while (end < seals->grants_count && seal_id_compare(&seals->grants[end].key, key) == 0 &&
           (device == 0 || seals->grants[end].device == device))
        end++;
    *first = end > at ? &seals->grants[at] : NULL;
    return end - at;
}

/* One that is there already, byte for byte, came twice; another for the same device may be the one
 * that opens. */
static enum status add_grant(struct registry_seals *seals, const struct scope_grant *grant,
                             struct error *err)
{
    size_t at = grant_place(seals, grant);
    for (; at < seals->grants_count && by_holder(&seals->grants[at], grant) == 0; at++)
        if (memcmp(seals->grants[at].sealed, grant->sealed, SEAL_GRANT_BYTES) == 0)
            return STATUS_OK;
    struct scope_grant *grants =
        array_grow(seals->grants, seals->grants_count, &seals->grants_capacity, sizeof *grants);
    if (!grants)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    seals->grants = grants;
    memmove(grants + at + 1, grants + at, (seals->grants_count - at) * sizeof *grants);
    grants[at] = *grant;
    seals->grants_count++;
    return STATUS_OK;
}

/* ---- erasures ---- */

bool registry_erased(const struct registry *registry, const struct entry_key *key, uint64_t beacon)
{
    const struct registry_seals *seals = &registry->seals;
    for (size_t i = 0; i < seals->erasures_count; i++) {
        const struct erasure *erasure = &seals->erasures[i];
        if (id_equal(&erasure->subject, &key->subject) && beacon < erasure->beacon &&
            (erasure->year == 0 || erasure->year == key->year))
            return true;
    }
    return false;
}

/* ---- entries ---- */

static bool take_uint(const struct entry_view *entry, const struct op *op, uint16_t field,
                      uint32_t max, uint32_t *number)
{
    uint64_t read;
    if (!registry_value_uint(entry, op, field, max, &read))
        return false;
    *number = (uint32_t)read;
    return true;
}

enum status registry_apply_scope_key(struct registry *registry, const struct dot *dot,
                                     const struct entry_view *entry, const struct op *op,
                                     struct error *err)
{
    struct scope_key key = {0};
    struct unpack id = registry_value(entry, op, 4), above = registry_value(entry, op, 5);
    if (!take_uint(entry, op, 1, ORG_MAX, &key.org) ||
        !take_uint(entry, op, 2, ROLES_ALL, &key.roles) ||
        !take_uint(entry, op, 3, UINT32_MAX, &key.number) || key.number == 0 ||
        !unpack_bin_exact(&id, key.id.bytes, SEAL_ID_BYTES))
        return registry_broken(err, "scope key");
    key.has_above = !unpack_nil(&above);
    if (key.has_above && !unpack_bin_exact(&above, key.above, SEAL_WRAPPED_BYTES))
        return registry_broken(err, "scope key");
    if (dot->feed.scope != SCOPE_REGISTRY(key.org))
        return error_set(err, STATUS_DENIED, "a scope key stands in another org's part");
    return add_key(&registry->seals, &key, err);
}

/* Those who admit others grant, too: what isn't the key opens nothing. */
enum status registry_apply_grants(struct registry *registry, const struct entry_view *entry,
                                  const struct op *op, struct error *err)
{
    struct unpack in = registry_value(entry, op, 1);
    uint32_t items;
    if (!unpack_array(&in, &items) || items == 0 || items % 3 != 0)
        return registry_broken(err, "grant");
    for (uint32_t i = 0; i < items / 3; i++) {
        struct scope_grant grant;
        uint64_t device;
        if (!unpack_bin_exact(&in, grant.key.bytes, SEAL_ID_BYTES) ||
            !unpack_uint_max(&in, DEVICE_MAX, &device) || device == 0 ||
            !unpack_bin_exact(&in, grant.sealed, SEAL_GRANT_BYTES))
            return registry_broken(err, "grant");
        grant.device = (uint32_t)device;
        TRY(add_grant(&registry->seals, &grant, err));
    }
    return STATUS_OK;
}

enum status registry_apply_erasure(struct registry *registry, const struct dot *dot,
                                   const struct entry_view *entry, const struct op *op,
                                   struct error *err)
{
    struct registry_seals *seals = &registry->seals;
    struct erasure erasure = {.row = op->row, .dot = *dot};
    struct unpack subject = registry_value(entry, op, 1), beacon = registry_value(entry, op, 3);
    if (!unpack_bin_exact(&subject, erasure.subject.bytes, ID_BYTES) ||
        !take_uint(entry, op, 2, UINT32_MAX, &erasure.year) ||
        !unpack_uint(&beacon, &erasure.beacon))
        return registry_broken(err, "erasure");
    struct erasure *erasures = array_grow(seals->erasures, seals->erasures_count,
                                          &seals->erasures_capacity, sizeof *erasures);
    if (!erasures)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    seals->erasures = erasures;
    erasures[seals->erasures_count++] = erasure;
    return STATUS_OK;
}

void registry_seals_release(struct registry_seals *seals)
{
    free(seals->keys);
    free(seals->grants);
    free(seals->erasures);
    *seals = (struct registry_seals){0};
}
