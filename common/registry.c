#include "common/registry.h"

#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
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

void registry_clear(struct registry *registry)
{
    struct network network = registry->network;
    registry_orgs_release(registry);
    for (size_t i = 0; i < registry->devices_count; i++) {
        struct device_record *record = registry->devices[i];
        certificate_release(&record->device.certificate);
        for (size_t k = 0; k < record->older_count; k++)
            certificate_release(&record->older[k]);
        free(record->older);
        frontier_release(&record->cut);
        free(record->cut_ends);
        free(record);
    }
    for (size_t i = 0; i < registry->schemas_count; i++)
        schema_free(registry->schemas[i]);
    registry_seals_release(&registry->seals);
    registry_index_release(&registry->devices_by_number);
    registry_index_release(&registry->devices_by_id);
    registry_index_release(&registry->devices_by_dh);
    free(registry->roots);
    free(registry->authorities);
    free(registry->devices);
    free(registry->schemas);
    *registry = (struct registry){.network = network};
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    registry_clear(registry);
    free(registry);
}

void *registry_room(void *array, size_t count, size_t *capacity)
{
    if (count < *capacity)
        return array;
    size_t wanted = *capacity ? *capacity * 2 : 16;
    void *grown = realloc(array, wanted * sizeof(void *));
    if (grown)
        *capacity = wanted;
    return grown;
}

const char *device_state_name(enum device_state state)
{
    static const char *const names[] = {
        [DEVICE_ACTIVE] = "active", [DEVICE_REVOKED] = "revoked", [DEVICE_FORKED] = "forked"};
    return names[state];
}

const struct network *registry_network(const struct registry *registry)
{
    return &registry->network;
}

/* ---- devices ---- */

struct device_record *registry_record(const struct registry *registry, uint32_t device)
{
    size_t walk = 0;
    struct device_record *record;
    while ((record = registry_index_next(&registry->devices_by_number, device, &walk)))
        if (record->device.certificate.device == device)
            return record;
    return NULL;
}

const struct device *registry_device(const struct registry *registry, uint32_t device)
{
    const struct device_record *record = registry_record(registry, device);
    return record ? &record->device : NULL;
}

static const struct device *lower_of(const struct device *a, const struct device *b)
{
    return a && a->certificate.device < b->certificate.device ? a : b;
}

const struct device *registry_device_by_id(const struct registry *registry, const struct id *id)
{
    size_t walk = 0;
    const struct device_record *record;
    const struct device *found = NULL;
    while ((record = registry_index_next(&registry->devices_by_id, registry_id_key(id), &walk)))
        if (id_equal(&record->device.id, id))
            found = lower_of(found, &record->device);
    return found;
}

/* A place in the index may be that of a key which a newer certificate has replaced. */
const struct device *registry_device_by_dh(const struct registry *registry,
                                           const uint8_t dh_key[DH_KEY_BYTES])
{
    size_t walk = 0;
    uint64_t key = registry_dh_key(dh_key);
    const struct device_record *record;
    const struct device *found = NULL;
    while ((record = registry_index_next(&registry->devices_by_dh, key, &walk)))
        if (memcmp(record->device.certificate.dh_key, dh_key, DH_KEY_BYTES) == 0)
            found = lower_of(found, &record->device);
    return found;
}

const struct certificate *device_certificate_at(const struct device_record *record,
                                                const struct feed_id *feed, uint64_t number)
{
    const struct certificate *certificate = &record->device.certificate;
    if (number >= frontier_get(&certificate->from, feed) || MUTANT("t12-role-of-now"))
        return certificate;
    for (size_t i = 0; i < record->older_count; i++)
        if (number >= frontier_get(&record->older[i].from, feed))
            return &record->older[i];
    return NULL;
}

size_t registry_devices_count(const struct registry *registry)
{
    return registry->devices_count;
}

const struct device *registry_device_at(const struct registry *registry, size_t index)
{
    return &registry->devices[index]->device;
}

uint32_t registry_next_device(const struct registry *registry)
{
    uint32_t next = DEVICE_HUB;
    for (size_t i = 0; i < registry->devices_count; i++) {
        const struct device_record *record = registry->devices[i];
        uint32_t beyond = record->device.certificate.device + 1;
        next = beyond > next ? beyond : next;
        for (size_t at = 0; at <= record->older_count; at++) {
            const struct certificate *certificate =
                at == 0 ? &record->device.certificate : &record->older[at - 1];
            beyond = certificate->lot + certificate->lot_count;
            next = beyond > next ? beyond : next;
        }
    }
    return next;
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
    return registry->authorities_count ? &registry->authorities[registry->authorities_count - 1]
                                       : NULL;
}

const struct root_set *registry_root(const struct registry *registry)
{
    return registry->roots_count ? &registry->roots[registry->roots_count - 1] : NULL;
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
