/* Taking registry entries in, and the forms of their values (registry.h). */

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "common/pack.h"
#include "common/registry_state.h"

#define SCHEMA_WINDOW_LOG_MAX 17

/* ---- values ---- */

static enum status broken(struct error *err, const char *what)
{
    return error_set(err, STATUS_BAD_INPUT, "a registry entry has a broken %s", what);
}

/* The value of a field of the op; absent: size 0. */
static struct bytes value_of(const struct entry_view *entry, const struct op *op, uint16_t field)
{
    for (uint32_t i = 0; i < op->fields_count; i++)
        if (entry->fields[op->fields_at + i].number == field)
            return entry->fields[op->fields_at + i].value;
    return (struct bytes){0};
}

static bool value_uint(const struct entry_view *entry, const struct op *op, uint16_t field,
                       uint64_t max, uint64_t *number)
{
    struct unpack in = unpack_of(value_of(entry, op, field));
    return unpack_uint_max(&in, max, number);
}

static bool value_bin(const struct entry_view *entry, const struct op *op, uint16_t field,
                      struct bytes *data)
{
    struct unpack in = unpack_of(value_of(entry, op, field));
    return unpack_bin(&in, data);
}

static bool value_str(const struct entry_view *entry, const struct op *op, uint16_t field,
                      struct bytes *text)
{
    struct unpack in = unpack_of(value_of(entry, op, field));
    return unpack_str(&in, text);
}

/* ---- network ---- */

static enum status open_network(const struct network *network, const struct entry_view *entry,
                                const struct op *op, struct authority *authority,
                                const uint8_t **root_key, struct error *err)
{
    struct bytes root, sealed;
    if (!value_bin(entry, op, 1, &root) || root.size != PUBLIC_KEY_BYTES ||
        !value_bin(entry, op, 2, &sealed))
        return broken(err, "root key or authority");
    struct network named = network_of_root(root.data);
    if (memcmp(named.id, network->id, NETWORK_BYTES) != 0)
        return error_set(err, STATUS_FORGED, "the root key is not this network's");
    *root_key = root.data;
    return authority_open(authority, network, sealed, root.data, err);
}

static enum status apply_network(struct registry *registry, const struct entry_view *entry,
                                 const struct op *op, struct error *err)
{
    const uint8_t *root_key = NULL;
    uint64_t lineage;
    if (registry->founded)
        return error_set(err, STATUS_DENIED, "the network is founded already");
    TRY(open_network(&registry->network, entry, op, &registry->authority, &root_key, err));
    if (!value_uint(entry, op, 3, UINT64_MAX, &lineage))
        return broken(err, "lineage");
    memcpy(registry->root_key, root_key, PUBLIC_KEY_BYTES);
    registry->lineage = lineage;
    registry->founded = true;
    return STATUS_OK;
}

/* ---- orgs ---- */

static size_t org_place(const struct registry *registry, uint32_t number)
{
    size_t at = registry->orgs_count;
    while (at > 0 && registry->orgs[at - 1]->number >= number)
        at--;
    return at;
}

static enum status read_org(const struct entry_view *entry, const struct op *op, struct org *org,
                            struct bytes *name, struct error *err)
{
    uint64_t number, parent = 0;
    struct bytes kind, parent_value = value_of(entry, op, 2);
    struct unpack in = unpack_of(parent_value);
    if (!value_uint(entry, op, 1, ORG_MAX, &number) || number == 0 ||
        (!unpack_nil(&in) && !unpack_uint_max(&in, ORG_MAX, &parent)) ||
        !value_str(entry, op, 3, &kind) || kind.size >= sizeof org->kind ||
        !value_str(entry, op, 4, name) || name->size == 0 || name->size > ORG_NAME_BYTES_MAX)
        return broken(err, "org");
    memcpy(org->kind, kind.data, kind.size);
    org->number = (uint32_t)number;
    org->parent = (uint32_t)parent;
    org->id = op->row;
    if (!org_kind_valid(org->kind) || (org->parent == 0) != (org->number == ORG_ROOT) ||
        org->parent == org->number)
        return broken(err, "org");
    return STATUS_OK;
}

static enum status apply_org(struct registry *registry, const struct dot *dot,
                             const struct entry_view *entry, const struct op *op, struct error *err)
{
    struct org read = {0};
    struct bytes name;
    TRY(read_org(entry, op, &read, &name, err));
    if (dot->feed.scope != SCOPE_REGISTRY(read.number))
        return error_set(err, STATUS_DENIED, "an org stands in another org's part of the registry");
    if (registry_org(registry, read.number))
        return error_set(err, STATUS_DENIED, "org number %u is taken", read.number);
    struct org *org = malloc(sizeof *org);
    read.name = org ? strndup((const char *)name.data, name.size) : NULL;
    if (!read.name) {
        free(org);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    *org = read;
    enum status status =
        registry_insert((void ***)&registry->orgs, &registry->orgs_count, &registry->orgs_capacity,
                        org_place(registry, org->number), org);
    if (status != STATUS_OK) {
        free(org->name);
        free(org);
        return error_set(err, status, "out of memory");
    }
    return STATUS_OK;
}

/* ---- devices ---- */

static size_t device_place(const struct registry *registry, uint32_t index)
{
    size_t at = registry->devices_count;
    while (at > 0 && registry->devices[at - 1]->certificate.device >= index)
        at--;
    return at;
}

static enum status check_certificate(const struct registry *registry, const struct dot *dot,
                                     const struct op *op, const struct certificate *certificate,
                                     struct error *err)
{
    struct id id = device_id(&registry->network, certificate->sign_key);
    if (!id_equal(&id, &op->row))
        return error_set(err, STATUS_FORGED, "a certificate stands under another device's id");
    if (dot->feed.scope != SCOPE_REGISTRY(certificate->org))
        return error_set(err, STATUS_DENIED,
                         "a certificate stands in another org's part of the registry");
    if (!(registry->authority.may_enrol & ROLE_BIT(certificate->role)))
        return error_set(err, STATUS_DENIED, "the authority may not enrol a %s",
                         role_name(certificate->role));
    const struct device *old = registry_device(registry, certificate->device);
    if (old && memcmp(old->certificate.sign_key, certificate->sign_key, PUBLIC_KEY_BYTES) != 0)
        return error_set(err, STATUS_DENIED, "roster index %u belongs to another key",
                         certificate->device);
    if (old && old->certificate.serial >= certificate->serial)
        return error_set(err, STATUS_DENIED, "a certificate is not newer than the one before");
    return STATUS_OK;
}

static enum status put_device(struct registry *registry, const struct op *op,
                              const struct certificate *certificate, struct error *err)
{
    size_t at = device_place(registry, certificate->device);
    if (at < registry->devices_count &&
        registry->devices[at]->certificate.device == certificate->device) {
        certificate_release(&registry->devices[at]->certificate);
        registry->devices[at]->certificate = *certificate;
        return STATUS_OK;
    }
    struct device *device = malloc(sizeof *device);
    if (!device)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    *device = (struct device){op->row, *certificate, DEVICE_ACTIVE};
    enum status status = registry_insert((void ***)&registry->devices, &registry->devices_count,
                                         &registry->devices_capacity, at, device);
    if (status == STATUS_OK)
        return STATUS_OK;
    free(device);
    return error_set(err, status, "out of memory");
}

static enum status apply_device(struct registry *registry, const struct dot *dot,
                                const struct entry_view *entry, const struct op *op,
                                struct error *err)
{
    struct bytes sealed;
    struct certificate certificate;
    if (!registry->founded || !value_bin(entry, op, 1, &sealed))
        return broken(err, "certificate");
    TRY(certificate_open(&certificate, &registry->network, sealed, registry->authority.sign_key,
                         err));
    enum status status = check_certificate(registry, dot, op, &certificate, err);
    if (status == STATUS_OK)
        status = put_device(registry, op, &certificate, err);
    if (status != STATUS_OK)
        certificate_release(&certificate);
    return status;
}

/* ---- schema ---- */

enum status registry_pack_schema(const struct schema *schema, struct buffer *out, struct error *err)
{
    size_t bound = ZSTD_compressBound(schema->text_size);
    uint8_t *frame = malloc(bound);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t size = 0;
    bool good = frame && context;
    if (good) {
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 19);
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, SCHEMA_WINDOW_LOG_MAX);
        size = ZSTD_compress2(context, frame, bound, schema->text, schema->text_size);
        good = !ZSTD_isError(size) && pack_bin(out, bytes_of(frame, size)) == STATUS_OK;
    }
    ZSTD_freeCCtx(context);
    free(frame);
    return good ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status unpack_schema(struct bytes frame, struct buffer *text, struct error *err)
{
    unsigned long long size = ZSTD_getFrameContentSize(frame.data, frame.size);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
        size > SCHEMA_TEXT_MAX)
        return broken(err, "schema");
    TRY(buffer_reserve(text, (size_t)size + 1));
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    /* One-shot decoding needs no window, but a hostile frame must not ask for one either. */
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, SCHEMA_WINDOW_LOG_MAX);
    size_t got = ZSTD_decompressDCtx(context, text->data, (size_t)size, frame.data, frame.size);
    ZSTD_freeDCtx(context);
    if (ZSTD_isError(got) || got != size)
        return broken(err, "schema");
    text->size = got;
    return STATUS_OK;
}

static enum status read_schema(const struct entry_view *entry, const struct op *op,
                               struct schema **schema, struct error *err)
{
    uint64_t epoch;
    struct bytes frame;
    struct buffer text = {0};
    if (!value_uint(entry, op, 1, UINT32_MAX, &epoch) || !value_bin(entry, op, 2, &frame))
        return broken(err, "schema");
    enum status status = unpack_schema(frame, &text, err);
    if (status == STATUS_OK)
        status = schema_load(schema, buffer_bytes(&text), err);
    buffer_release(&text);
    if (status == STATUS_OK && (*schema)->epoch != epoch) {
        schema_free(*schema);
        return broken(err, "schema epoch");
    }
    return status;
}

static enum status apply_schema(struct registry *registry, const struct entry_view *entry,
                                const struct op *op, struct error *err)
{
    struct schema *schema = NULL;
    const struct schema *old = registry_schema(registry);
    TRY(read_schema(entry, op, &schema, err));
    enum status status = old ? schema_check_successor(old, schema, err) : STATUS_OK;
    if (status == STATUS_OK) {
        status = registry_insert((void ***)&registry->schemas, &registry->schemas_count,
                                 &registry->schemas_capacity, registry->schemas_count, schema);
        if (status != STATUS_OK)
            error_set(err, status, "out of memory");
    }
    if (status != STATUS_OK)
        schema_free(schema);
    return status;
}

static enum status apply_link_key(struct registry *registry, const struct entry_view *entry,
                                  const struct op *op, struct error *err)
{
    struct bytes sealed;
    struct link_key link;
    if (!registry->founded || !value_bin(entry, op, 1, &sealed))
        return broken(err, "link key");
    TRY(link_key_open(&link, &registry->network, sealed, registry->authority.sign_key, err));
    if (registry->has_link_key && link.number <= registry->link_key.number)
        return error_set(err, STATUS_DENIED, "a link key is not newer than the one before");
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
        if (root && dot->number == 1)
            return apply_network(registry, entry, op, err);
        break;
    case REGISTRY_ORG:
        return apply_org(registry, dot, entry, op, err);
    case REGISTRY_DEVICE:
        return apply_device(registry, dot, entry, op, err);
    case REGISTRY_SCHEMA:
        if (root)
            return apply_schema(registry, entry, op, err);
        break;
    case REGISTRY_LINK_KEY:
        if (root)
            return apply_link_key(registry, entry, op, err);
        break;
    default:
        break;
    }
    return error_set(err, STATUS_DENIED, "table %u has no place in this part of the registry",
                     op->table);
}

enum status registry_apply(struct registry *registry, const struct dot *dot,
                           const struct entry_view *entry, struct error *err)
{
    if (!SCOPE_IS_REGISTRY(dot->feed.scope) || dot->feed.device != DEVICE_HUB)
        return error_set(err, STATUS_DENIED, "only the hub writes the registry");
    bool genesis = dot->feed.scope == SCOPE_REGISTRY(ORG_ROOT) && dot->number == 1;
    if (!genesis && !registry->founded)
        return error_set(err, STATUS_UNKNOWN, "the registry's first entry is missing");
    if (entry->ops_count > 1 && !genesis)
        return error_set(err, STATUS_DENIED, "a registry entry has more than one change");
    for (size_t i = 0; i < entry->ops_count; i++)
        TRY(apply_op(registry, dot, entry, &entry->ops[i], err));
    return STATUS_OK;
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
    const uint8_t *found = status == STATUS_OK ? registry_device_key(registry, DEVICE_HUB) : NULL;
    if (status == STATUS_OK && !found)
        status = error_set(err, STATUS_FORGED, "the first entry has no hub");
    if (found)
        memcpy(key, found, PUBLIC_KEY_BYTES);
    registry_free(registry);
    entry_view_release(&view);
    return status;
}
