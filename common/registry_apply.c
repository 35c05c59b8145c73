/* Taking registry entries in, and the forms of their values (registry.h). */

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/mutant.h"
#include "common/pack.h"
#include "common/registry_state.h"
#include "common/registry_value.h"

/* ---- devices ---- */

static enum status check_certificate(const struct registry *registry, const struct op *op,
                                     const struct certificate *certificate, struct error *err)
{
    struct id id = device_id(&registry->network, certificate->sign_key);
    if (!id_equal(&id, &op->row))
        return error_set(err, STATUS_FORGED, "a certificate stands under another device's id");
    if (certificate->role == ROLE_HUB && certificate->org != ORG_ROOT)
        return error_set(err, STATUS_DENIED, "the hub stands at the root org");
    if ((certificate->role == ROLE_HUB) != (certificate->device == DEVICE_HUB))
        return error_set(err, STATUS_DENIED, "device %u and no other is the hub", DEVICE_HUB);
    return STATUS_OK;
}

static enum status reserve_device(struct registry *registry)
{
    struct device_record **devices =
        registry_room(registry->devices, registry->devices_count, &registry->devices_capacity);
    if (!devices)
        return STATUS_NO_MEMORY;
    registry->devices = devices;
    TRY(registry_index_reserve(&registry->devices_by_number));
    TRY(registry_index_reserve(&registry->devices_by_id));
    return registry_index_reserve(&registry->devices_by_dh);
}

static int record_by_number(const void *item, const void *wanted)
{
    uint32_t a = (*(struct device_record *const *)item)->device.certificate.device;
    uint32_t b = ((const struct device_record *)wanted)->device.certificate.device;
    return (a > b) - (a < b);
}

/* Needs what reserve_device made room for. Takes `record`. */
static void put_record(struct registry *registry, struct device_record *record)
{
    const struct certificate *certificate = &record->device.certificate;
    size_t at = array_place(registry->devices, registry->devices_count, sizeof record, record,
                            record_by_number);
    memmove(registry->devices + at + 1, registry->devices + at,
            (registry->devices_count - at) * sizeof(struct device_record *));
    registry->devices[at] = record;
    registry->devices_count++;
    registry_index_add(&registry->devices_by_number, certificate->device, record);
    registry_index_add(&registry->devices_by_id, registry_id_key(&record->device.id), record);
    registry_index_add(&registry->devices_by_dh, registry_dh_key(certificate->dh_key), record);
}

static enum status add_device(struct registry *registry, const struct op *op,
                              const struct certificate *certificate, struct error *err)
{
    struct device_record *record = malloc(sizeof *record);
    if (!record || reserve_device(registry) != STATUS_OK) {
        free(record);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    *record = (struct device_record){.device = {op->row, *certificate, DEVICE_ACTIVE, false}};
    put_record(registry, record);
    return STATUS_OK;
}

static int by_age(const struct certificate *a, const struct certificate *b)
{
    if (a->serial != b->serial)
        return a->serial < b->serial ? -1 : 1;
    return memcmp(a->hash.bytes, b->hash.bytes, HASH_BYTES);
}

/* Certificates of one device may come from several orgs' parts of the registry, so in any order,
 * and the same one from each: what is left in the end must be the same. Takes `certificate` unless
 * it fails. */
static enum status add_certificate(struct registry *registry, struct device_record *record,
                                   struct certificate *certificate, struct error *err)
{
    struct certificate *newest = &record->device.certificate;
    size_t at = 0;
    if (memcmp(newest->sign_key, certificate->sign_key, PUBLIC_KEY_BYTES) != 0)
        return error_set(err, STATUS_DENIED, "roster index %u belongs to another key",
                         certificate->device);
    while (at < record->older_count && by_age(&record->older[at], certificate) > 0)
        at++;
    if (by_age(newest, certificate) == 0 ||
        (at < record->older_count && by_age(&record->older[at], certificate) == 0)) {
        certificate_release(certificate);
        return STATUS_OK;
    }
    struct certificate *grown = realloc(record->older, (record->older_count + 1) * sizeof *grown);
    if (grown)
        record->older = grown;
    if (!grown || registry_index_reserve(&registry->devices_by_dh) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    memmove(grown + at + 1, grown + at, (record->older_count - at) * sizeof *grown);
    record->older_count++;
    if (by_age(newest, certificate) > 0 && !MUTANT("t7-last-certificate-counts")) {
        grown[at] = *certificate;
        return STATUS_OK;
    }
    grown[0] = *newest;
    *newest = *certificate;
    registry_index_add(&registry->devices_by_dh, registry_dh_key(newest->dh_key), record);
    return STATUS_OK;
}

static enum status apply_device(struct registry *registry, const struct dot *dot,
                                const struct entry_view *entry, const struct op *op,
                                struct error *err)
{
    struct bytes sealed;
    struct certificate certificate;
    if (!registry->founded || !registry_value_bin(entry, op, 1, &sealed))
        return registry_broken(err, "certificate");
    TRY(registry_open_certificate(registry, dot, sealed, &certificate, err));
    enum status status = check_certificate(registry, op, &certificate, err);
    struct device_record *record = registry_record(registry, certificate.device);
    if (status == STATUS_OK)
        status = record ? add_certificate(registry, record, &certificate, err)
                        : add_device(registry, op, &certificate, err);
    if (status != STATUS_OK)
        certificate_release(&certificate);
    return status;
}

/* ---- schema ---- */

static enum status read_schema(const struct entry_view *entry, const struct op *op,
                               struct schema **schema, struct error *err)
{
    uint64_t epoch;
    struct bytes frame;
    struct buffer text = {0};
    if (!registry_value_uint(entry, op, 1, UINT32_MAX, &epoch) ||
        !registry_value_bin(entry, op, 2, &frame))
        return registry_broken(err, "schema");
    enum status status = registry_unpack_schema(frame, &text, err);
    if (status == STATUS_OK)
        status = schema_load(schema, buffer_bytes(&text), err);
    buffer_release(&text);
    if (status == STATUS_OK && (*schema)->epoch != epoch) {
        schema_free(*schema);
        *schema = NULL;
        return registry_broken(err, "schema epoch");
    }
    return status;
}

/* The network's first schema is one of the hub's first life; all others follow one another. */
static enum status check_schema(const struct registry *registry, const struct dot *dot,
                                const struct schema *schema, struct error *err)
{
    const struct schema *last = registry_schema(registry);
    if (last ? schema->epoch > last->epoch + 1 && !MUTANT("t7-schema-epoch-skipped")
             : dot->feed.incarnation != INCARNATION_FIRST)
        return error_set(err, STATUS_UNKNOWN, "schema epoch %u is not known yet",
                         schema->epoch - 1);
    return last ? schema_check_successor(last, schema, err) : STATUS_OK;
}

static enum status apply_schema(struct registry *registry, const struct dot *dot,
                                const struct entry_view *entry, const struct op *op,
                                struct error *err)
{
    struct schema *schema = NULL;
    TRY(read_schema(entry, op, &schema, err));
    enum status status = check_schema(registry, dot, schema, err);
    struct schema **schemas =
        registry_room(registry->schemas, registry->schemas_count, &registry->schemas_capacity);
    if (schemas)
        registry->schemas = schemas;
    else
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status == STATUS_OK)
        registry->schemas[registry->schemas_count++] = schema;
    else
        schema_free(schema);
    return status;
}

/* The highest number is in force, whatever came first. */
static enum status apply_link_key(struct registry *registry, const struct entry_view *entry,
                                  const struct op *op, struct error *err)
{
    struct bytes sealed;
    struct link_key link;
    if (!registry->founded || !registry_value_bin(entry, op, 1, &sealed))
        return registry_broken(err, "link key");
    enum status status = STATUS_FORGED;
    for (size_t i = registry->authorities_count; i-- > 0 && status != STATUS_OK;)
        status = link_key_open(&link, &registry->network, sealed, registry->authorities[i].sign_key,
                               err);
    TRY(status);
    const struct link_key *known = &registry->link_key;
    bool newer =
        !registry->has_link_key || link.number > known->number || MUTANT("t7-link-key-goes-back") ||
        (link.number == known->number && memcmp(link.dh_key, known->dh_key, DH_KEY_BYTES) > 0);
    if (newer)
        registry->link_key = link;
    registry->has_link_key = true;
    return STATUS_OK;
}

/* ---- entries ---- */

static enum status apply_op(struct registry *registry, const struct dot *dot,
                            const struct entry_view *entry, const struct op *op, struct error *err)
{
    bool root = dot->feed.scope == SCOPE_REGISTRY(ORG_ROOT);
    switch (op->table) {
    case REGISTRY_NETWORK:
        if (root)
            return registry_apply_network(registry, entry, op, err);
        break;
    case REGISTRY_ORG:
        return registry_apply_org(registry, dot, entry, op, err);
    case REGISTRY_DEVICE:
        return apply_device(registry, dot, entry, op, err);
    case REGISTRY_REVOCATION:
        return registry->founded ? registry_apply_revocation(registry, entry, op, err)
                                 : registry_broken(err, "revocation");
    case REGISTRY_SCHEMA:
        if (root)
            return apply_schema(registry, dot, entry, op, err);
        break;
    case REGISTRY_LINK_KEY:
        if (root)
            return apply_link_key(registry, entry, op, err);
        break;
    case REGISTRY_SCOPE_KEY:
        return registry_apply_scope_key(registry, dot, entry, op, err);
    case REGISTRY_GRANT:
        return registry_apply_grants(registry, entry, op, err);
    case REGISTRY_ERASURE:
        return registry_apply_erasure(registry, dot, entry, op, err);
    case REGISTRY_LAPSE:
        return registry->founded ? registry_apply_lapse(registry, entry, op, err)
                                 : registry_broken(err, "lapse");
    default:
        break;
    }
    return error_set(err, STATUS_DENIED, "table %u has no place in this part of the registry",
                     op->table);
}

static bool is_genesis(const struct dot *dot)
{
    return dot->feed.scope == SCOPE_REGISTRY(ORG_ROOT) && dot->feed.device == DEVICE_HUB &&
           dot->feed.incarnation == INCARNATION_FIRST && dot->number == 1;
}

/* Before it there is nothing, so taking it back whole is to start anew. */
static enum status apply_genesis(struct registry *registry, const struct dot *dot,
                                 const struct entry_view *entry, struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < entry->ops_count && status == STATUS_OK; i++)
        status = apply_op(registry, dot, entry, &entry->ops[i], err);
    if (status == STATUS_OK && (!registry->founded || !registry_org(registry, ORG_ROOT) ||
                                !registry_device(registry, DEVICE_HUB)))
        status = error_set(err, STATUS_FORGED,
                           "the registry's first entry lacks the network, the root org or the hub");
    if (status != STATUS_OK)
        registry_clear(registry);
    return status;
}

enum status registry_apply(struct registry *registry, const struct dot *dot,
                           const struct entry_view *entry, struct error *err)
{
    bool hub = dot->feed.device == DEVICE_HUB;
    if (!SCOPE_IS_REGISTRY(dot->feed.scope))
        return error_set(err, STATUS_DENIED, "records are not the registry");
    if (!registry->founded && is_genesis(dot))
        return apply_genesis(registry, dot, entry, err);
    if (!registry->founded)
        return error_set(err, STATUS_UNKNOWN, "the registry's first entry is missing");
    if (entry->ops_count != 1)
        return error_set(err, STATUS_DENIED, "a registry entry has more than one change");
    uint32_t table = entry->ops[0].table;
    if (!hub && table != REGISTRY_DEVICE && table != REGISTRY_GRANT)
        return error_set(err, STATUS_DENIED, "only the hub writes the registry");
    return apply_op(registry, dot, entry, &entry->ops[0], err);
}

enum status registry_reapply(struct registry *registry, const struct dot *dot,
                             const struct entry_view *entry, struct error *err)
{
    registry->reapplying = true;
    enum status status = registry_apply(registry, dot, entry, err);
    registry->reapplying = false;
    return status;
}

enum status registry_genesis_key(const struct network *network, struct bytes body,
                                 uint8_t key[PUBLIC_KEY_BYTES], struct error *err)
{
    static const struct feed_id feed = {SCOPE_REGISTRY(ORG_ROOT), DEVICE_HUB, INCARNATION_FIRST};
    static const struct dot dot = {{SCOPE_REGISTRY(ORG_ROOT), DEVICE_HUB, INCARNATION_FIRST}, 1};
    struct entry_view view = {0};
    struct registry *registry = NULL;
    enum status status = entry_decode(&view, &feed, body, err);
    if (status == STATUS_OK)
        status = registry_new(&registry, network, err);
    if (status == STATUS_OK)
        status = registry_apply(registry, &dot, &view, err);
    if (status == STATUS_OK)
        memcpy(key, registry_device_key(registry, DEVICE_HUB), PUBLIC_KEY_BYTES);
    registry_free(registry);
    entry_view_release(&view);
    return status;
}
