/* Scope keys: made, renewed when somebody has left, and granted (replica_seal.h).
 *
 * Each org has one for each set of roles that some field of the schema is sealed for. The devices
 * of the org whose role is in the set have a grant; those above open it with the key of the org
 * above. */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/pack.h"
#include "common/registry_draft.h"
#include "common/replica_seal.h"
#include "common/replica_state.h"

#define ROLE_SETS_MAX 16

struct role_sets {
    uint32_t sets[ROLE_SETS_MAX];
    size_t count;
};

static struct role_sets sets_of(const struct schema *schema)
{
    struct role_sets found = {.count = 0};
    for (size_t t = 0; schema && t < schema->tables_count; t++)
        for (size_t f = 0; f < schema->tables[t].fields_count; f++) {
            uint32_t roles = schema->tables[t].fields[f].seal_roles;
            size_t at = 0;
            while (at < found.count && found.sets[at] != roles)
                at++;
            if (roles != 0 && at == found.count && found.count < ROLE_SETS_MAX)
                found.sets[found.count++] = roles;
        }
    return found;
}

/* ---- one entry of the registry ---- */

static enum status start(struct registry_draft *draft, struct replica *replica, uint32_t org,
                         enum registry_table table, struct error *err)
{
    struct id row = id_random(clock_wall_ms(&replica->clock));
    TRY(registry_draft_start(draft, replica, SCOPE_REGISTRY(org), err));
    return entry_writer_op(&draft->writer, table, &row, err);
}

/* ---- scope keys ---- */

static enum status key_fields(struct registry_draft *draft, const struct scope_key *key,
                              struct error *err)
{
    struct buffer *value = &draft->value;
    TRY(registry_draft_field(draft, 1, pack_uint(value, key->org), err));
    TRY(registry_draft_field(draft, 2, pack_uint(value, key->roles), err));
    TRY(registry_draft_field(draft, 3, pack_uint(value, key->number), err));
    TRY(registry_draft_field(draft, 4, pack_bin(value, bytes_of(key->id.bytes, SEAL_ID_BYTES)),
                             err));
    return registry_draft_field(draft, 5,
                                key->has_above
                                    ? pack_bin(value, bytes_of(key->above, SEAL_WRAPPED_BYTES))
                                    : pack_nil(value),
                                err);
}

static const struct scope_key *newest_key(const struct registry *registry, uint32_t org,
                                          uint32_t roles)
{
    const struct scope_key *keys;
    size_t count = registry_scope_keys(registry, org, roles, &keys);
    return count ? &keys[count - 1] : NULL;
}

static bool grant_put(struct buffer *list, const struct seal_key *key,
                      const struct certificate *holder)
{
    uint8_t sealed[SEAL_GRANT_BYTES];
    return scope_key_grant(sealed, key, holder->dh_key) &&
           pack_bin(list, bytes_of(key->id.bytes, SEAL_ID_BYTES)) == STATUS_OK &&
           pack_uint(list, holder->device) == STATUS_OK &&
           pack_bin(list, bytes_of(sealed, sizeof sealed)) == STATUS_OK;
}

/* `list` holds `count` grants. */
static enum status write_grants(struct replica *replica, uint32_t org, const struct buffer *list,
                                uint32_t count, struct error *err)
{
    struct registry_draft draft;
    if (count == 0)
        return STATUS_OK;
    enum status status = start(&draft, replica, org, REGISTRY_GRANT, err);
    if (status == STATUS_OK && (pack_array(&draft.value, count * 3) != STATUS_OK ||
                                buffer_append_bytes(&draft.value, buffer_bytes(list)) != STATUS_OK))
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status == STATUS_OK)
        status = registry_draft_field(&draft, 1, STATUS_OK, err);
    return registry_draft_finish(&draft, status, err);
}

/* ---- who should hold a key ---- */

static bool entitled(const struct registry *registry, const struct device *device, uint32_t roles)
{
    return registry_device_state(registry, device) == DEVICE_ACTIVE &&
           (ROLE_BIT(device->certificate.role) & roles) != 0;
}

/* Somebody holds it, or the one above it that opened it, who should not any more. */
static bool is_stale(const struct registry *registry, const struct scope_key *key)
{
    const struct org *org = registry_org(registry, key->org);
    const struct scope_key *above =
        org && org->parent ? newest_key(registry, org->parent, key->roles) : NULL;
    const struct scope_grant *grants;
    if (above && key->has_above) {
        struct seal_id under = seal_wrapped_under(key->above);
        if (seal_id_compare(&under, &above->id) != 0)
            return true;
    }
    size_t count = registry_scope_grants(registry, &key->id, 0, &grants);
    for (size_t i = 0; i < count; i++) {
        const struct device *device = registry_device(registry, grants[i].device);
        if (!device || !entitled(registry, device, key->roles) ||
            !registry_within(registry, device->certificate.org, key->org))
            return true;
    }
    return false;
}

/* Devices of all orgs, side by side by org. */
struct roster {
    const struct device **devices;
    size_t count;
};

static int by_org(const void *a, const void *b)
{
    uint32_t left = (*(const struct device *const *)a)->certificate.org;
    uint32_t right = (*(const struct device *const *)b)->certificate.org;
    return (left > right) - (left < right);
}

static enum status make_roster(const struct registry *registry, struct roster *roster,
                               struct error *err)
{
    roster->count = registry_devices_count(registry);
    roster->devices = malloc((roster->count + 1) * sizeof *roster->devices);
    if (!roster->devices)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < roster->count; i++)
        roster->devices[i] = registry_device_at(registry, i);
    qsort(roster->devices, roster->count, sizeof *roster->devices, by_org);
    return STATUS_OK;
}

static int org_compare(const void *device, const void *org)
{
    uint32_t a = (*(const struct device *const *)device)->certificate.org;
    uint32_t b = *(const uint32_t *)org;
    return (a > b) - (a < b);
}

static size_t first_of(const struct roster *roster, uint32_t org)
{
    return array_place(roster->devices, roster->count, sizeof *roster->devices, &org, org_compare);
}

/* ---- the hub's round ---- */

static enum status renew_key(struct replica *replica, uint32_t org, uint32_t roles,
                             struct error *err)
{
    const struct registry *registry = replica->registry;
    const struct scope_key *newest = newest_key(registry, org, roles);
    const struct org *node = registry_org(registry, org);
    const struct scope_key *above = newest_key(registry, node->parent, roles);
    struct scope_key next = {.org = org, .roles = roles, .number = newest ? newest->number + 1 : 1};
    struct seal_key key, key_above;
    struct registry_draft draft;
    if (newest && !is_stale(registry, newest))
        return STATUS_OK;
    scope_key_generate(&key, &replica->network);
    next.id = key.id;
    if (above) {
        key_above.id = above->id;
        next.has_above = scope_key_open(replica, &key_above, 0);
    }
    if (next.has_above)
        scope_key_wrap(next.above, &replica->network, &key, &key_above);
    enum status status = start(&draft, replica, org, REGISTRY_SCOPE_KEY, err);
    if (status == STATUS_OK)
        status = key_fields(&draft, &next, err);
    status = registry_draft_finish(&draft, status, err);
    /* The hub's own grant makes it ours to grant on, where none above opens it. */
    struct buffer list = {0};
    if (status == STATUS_OK && !next.has_above) {
        const struct device *self = registry_device(registry, replica->identity.device);
        status = grant_put(&list, &key, &self->certificate)
                     ? write_grants(replica, org, &list, 1, err)
                     : error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    buffer_release(&list);
    sodium_memzero(&key, sizeof key);
    sodium_memzero(&key_above, sizeof key_above);
    return status;
}

/* Devices of the key's org that lack it: into `list`. */
static void list_missing(struct replica *replica, const struct roster *roster,
                         const struct scope_key *known, struct buffer *list, uint32_t *count)
{
    const struct registry *registry = replica->registry;
    struct seal_key key = {.id = known->id};
    bool opened = false;
    for (size_t i = first_of(roster, known->org);
         i < roster->count && roster->devices[i]->certificate.org == known->org; i++) {
        const struct certificate *holder = &roster->devices[i]->certificate;
        const struct scope_grant *grants;
        if (!entitled(registry, roster->devices[i], known->roles) ||
            registry_scope_grants(registry, &known->id, holder->device, &grants) > 0)
            continue;
        if (!opened && !(opened = scope_key_open(replica, &key, 0)))
            return;
        *count += grant_put(list, &key, holder);
    }
    sodium_memzero(&key, sizeof key);
}

static enum status grant_org(struct replica *replica, const struct roster *roster, uint32_t org,
                             const struct role_sets *sets, struct error *err)
{
    struct buffer list = {0};
    uint32_t count = 0;
    for (size_t i = 0; i < sets->count; i++) {
        const struct scope_key *keys;
        size_t numbers = registry_scope_keys(replica->registry, org, sets->sets[i], &keys);
        for (size_t k = 0; k < numbers; k++)
            list_missing(replica, roster, &keys[k], &list, &count);
    }
    enum status status = write_grants(replica, org, &list, count, err);
    buffer_release(&list);
    return status;
}

enum status replica_grant_all(struct replica *replica, struct error *err)
{
    const struct registry *registry = replica->registry;
    struct role_sets sets = sets_of(replica->schema);
    struct roster roster = {0};
    if (sets.count == 0 || replica->identity.device != DEVICE_HUB)
        return STATUS_OK;
    enum status status = make_roster(registry, &roster, err);
    /* Parents have lower numbers: a new key above is there before those below look. */
    for (size_t i = 0; i < registry_orgs_count(registry) && status == STATUS_OK; i++) {
        uint32_t org = registry_org_at(registry, i)->number;
        for (size_t k = 0; k < sets.count && status == STATUS_OK; k++)
            status = renew_key(replica, org, sets.sets[k], err);
        if (status == STATUS_OK)
            status = grant_org(replica, &roster, org, &sets, err);
    }
    free(roster.devices);
    return status;
}

enum status replica_grant_newcomer(struct replica *replica, const struct certificate *newcomer,
                                   struct error *err)
{
    struct role_sets sets = sets_of(replica->schema);
    struct buffer list = {0};
    uint32_t count = 0;
    for (size_t i = 0; i < sets.count; i++) {
        const struct scope_key *keys;
        size_t numbers = registry_scope_keys(replica->registry, newcomer->org, sets.sets[i], &keys);
        for (size_t k = 0; k < numbers && (ROLE_BIT(newcomer->role) & sets.sets[i]); k++) {
            struct seal_key key = {.id = keys[k].id};
            if (scope_key_open(replica, &key, 0))
                count += grant_put(&list, &key, newcomer);
            sodium_memzero(&key, sizeof key);
        }
    }
    enum status status = write_grants(replica, newcomer->org, &list, count, err);
    buffer_release(&list);
    return status;
}

/* ---- erasing ---- */

enum status replica_erase(struct replica *replica, uint32_t org, const struct id *subject,
                          uint32_t year, struct error *err)
{
    struct registry_draft draft;
    enum status status = start(&draft, replica, org, REGISTRY_ERASURE, err);
    if (status == STATUS_OK)
        status = registry_draft_field(
            &draft, 1, pack_bin(&draft.value, bytes_of(subject->bytes, ID_BYTES)), err);
    if (status == STATUS_OK)
        status = registry_draft_field(&draft, 2, pack_uint(&draft.value, year), err);
    if (status == STATUS_OK)
        status = registry_draft_field(&draft, 3,
                                      pack_uint(&draft.value, draft.writer.head.beacon + 1), err);
    return registry_draft_finish(&draft, status, err);
}
