#include "common/registry.h"

#include <stdlib.h>
#include <string.h>

#include "common/registry_state.h"

enum status registry_new(struct registry **out, const struct network *network, struct error *err)
{
    struct registry *registry = calloc(1, sizeof *registry);
    *out = registry;
    if (!registry)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    registry->network = *network;
    return STATUS_OK;
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->orgs_count; i++) {
        free(registry->orgs[i]->name);
        free(registry->orgs[i]);
    }
    for (size_t i = 0; i < registry->devices_count; i++) {
        certificate_release(&registry->devices[i]->certificate);
        free(registry->devices[i]);
    }
    for (size_t i = 0; i < registry->schemas_count; i++)
        schema_free(registry->schemas[i]);
    free(registry->orgs);
    free(registry->devices);
    free(registry->schemas);
    free(registry);
}

enum status registry_insert(void ***array, size_t *count, size_t *capacity, size_t at, void *item)
{
    if (*count == *capacity) {
        size_t wanted = *capacity ? *capacity * 2 : 16;
        void **grown = realloc(*array, wanted * sizeof *grown);
        if (!grown)
            return STATUS_NO_MEMORY;
        *array = grown;
        *capacity = wanted;
    }
    memmove(*array + at + 1, *array + at, (*count - at) * sizeof **array);
    (*array)[at] = item;
    (*count)++;
    return STATUS_OK;
}

bool org_kind_valid(const char *kind)
{
    static const char *const kinds[] = {"bureau", "county", "township", "community", "branch"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i], kind) == 0)
            return true;
    return false;
}

const char *device_state_name(enum device_state state)
{
    return state == DEVICE_ACTIVE ? "active" : state == DEVICE_REVOKED ? "revoked" : "forked";
}

const struct network *registry_network(const struct registry *registry)
{
    return &registry->network;
}

/* ---- orgs ---- */

const struct org *registry_org(const struct registry *registry, uint32_t number)
{
    size_t low = 0, high = registry->orgs_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (registry->orgs[middle]->number == number)
            return registry->orgs[middle];
        if (registry->orgs[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct org *registry_org_by_id(const struct registry *registry, const struct id *id)
{
    for (size_t i = 0; i < registry->orgs_count; i++)
        if (id_equal(&registry->orgs[i]->id, id))
            return registry->orgs[i];
    return NULL;
}

size_t registry_orgs_count(const struct registry *registry)
{
    return registry->orgs_count;
}

const struct org *registry_org_at(const struct registry *registry, size_t index)
{
    return registry->orgs[index];
}

/* The depth bound also ends a walk in a ring. */
bool registry_within(const struct registry *registry, uint32_t ancestor, uint32_t org)
{
    for (int depth = 0; depth <= ORG_DEPTH_MAX && org != 0; depth++) {
        if (org == ancestor)
            return true;
        const struct org *node = registry_org(registry, org);
        org = node ? node->parent : 0;
    }
    return false;
}

uint32_t registry_next_org(const struct registry *registry)
{
    return registry->orgs_count ? registry->orgs[registry->orgs_count - 1]->number + 1 : ORG_ROOT;
}

/* ---- devices ---- */

const struct device *registry_device(const struct registry *registry, uint32_t device)
{
    size_t low = 0, high = registry->devices_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t at = registry->devices[middle]->certificate.device;
        if (at == device)
            return registry->devices[middle];
        if (at < device)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct device *registry_device_by_id(const struct registry *registry, const struct id *id)
{
    for (size_t i = 0; i < registry->devices_count; i++)
        if (id_equal(&registry->devices[i]->id, id))
            return registry->devices[i];
    return NULL;
}

const struct device *registry_device_by_dh(const struct registry *registry,
                                           const uint8_t dh_key[DH_KEY_BYTES])
{
    for (size_t i = 0; i < registry->devices_count; i++)
        if (memcmp(registry->devices[i]->certificate.dh_key, dh_key, DH_KEY_BYTES) == 0)
            return registry->devices[i];
    return NULL;
}

size_t registry_devices_count(const struct registry *registry)
{
    return registry->devices_count;
}

const struct device *registry_device_at(const struct registry *registry, size_t index)
{
    return registry->devices[index];
}

uint32_t registry_next_device(const struct registry *registry)
{
    size_t count = registry->devices_count;
    return count ? registry->devices[count - 1]->certificate.device + 1 : DEVICE_HUB;
}

const uint8_t *registry_device_key(const struct registry *registry, uint32_t device)
{
    const struct device *found = registry_device(registry, device);
    return found ? found->certificate.sign_key : NULL;
}

struct id device_id(const struct network *network, const uint8_t sign_key[PUBLIC_KEY_BYTES])
{
    struct hash hash;
    struct id id;
    hash_object(&hash, TAG_CERTIFICATE, network, bytes_of(sign_key, PUBLIC_KEY_BYTES));
    memcpy(id.bytes, hash.bytes, ID_BYTES);
    return id;
}

const char *registry_person_name(const struct registry *registry, uint32_t device)
{
    const struct device *found = registry_device(registry, device);
    return found ? found->certificate.person_name : "?";
}

/* ---- the rest ---- */

const struct authority *registry_authority(const struct registry *registry)
{
    return registry->founded ? &registry->authority : NULL;
}

const struct link_key *registry_link_key(const struct registry *registry)
{
    return registry->has_link_key ? &registry->link_key : NULL;
}

uint64_t registry_lineage(const struct registry *registry)
{
    return registry->lineage;
}

const struct schema *registry_schema(const struct registry *registry)
{
    return registry->schemas_count ? registry->schemas[registry->schemas_count - 1] : NULL;
}
