#include "server/roster.h"

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "common/pack.h"
#include "common/registry_draft.h"

static const struct id NO_ROW;

static enum status field_uint(struct registry_draft *draft, uint16_t field, uint64_t value,
                              struct error *err)
{
    return registry_draft_field(draft, field, pack_uint(&draft->value, value), err);
}

static enum status field_text(struct registry_draft *draft, uint16_t field, const char *text,
                              struct error *err)
{
    return registry_draft_field(draft, field, pack_str(&draft->value, bytes_text(text)), err);
}

static enum status field_bin(struct registry_draft *draft, uint16_t field, struct bytes data,
                             struct error *err)
{
    return registry_draft_field(draft, field, pack_bin(&draft->value, data), err);
}

/* A sealed object as the field's bin; the buffer is ready for the next. */
static enum status field_sealed(struct registry_draft *draft, uint16_t field, struct buffer *sealed,
                                struct error *err)
{
    enum status status = field_bin(draft, field, buffer_bytes(sealed), err);
    buffer_clear(sealed);
    return status;
}

static enum status genesis_network(struct registry_draft *draft,
                                   const struct roster_genesis *genesis, struct buffer *sealed,
                                   struct error *err)
{
    const struct network *network = replica_network(draft->replica);
    struct buffer body = {0};
    uint64_t lineage;
    randombytes_buf(&lineage, sizeof lineage);
    TRY(entry_writer_op(&draft->writer, REGISTRY_NETWORK, &NO_ROW, err));
    enum status status = root_set_encode(genesis->root_set, &body);
    if (status == STATUS_OK)
        status = root_object_seal(sealed, TAG_ROOT_SET, network, buffer_bytes(&body), genesis->root,
                                  err);
    buffer_release(&body);
    TRY(status);
    TRY(field_sealed(draft, 1, sealed, err));
    TRY(authority_seal(genesis->authority, network, genesis->root, sealed, err));
    TRY(field_sealed(draft, 2, sealed, err));
    return field_uint(draft, 3, lineage >> 1, err);
}

static enum status org_fields(struct registry_draft *draft, const struct org *org, const char *kind,
                              const char *name, struct error *err)
{
    TRY(entry_writer_op(&draft->writer, REGISTRY_ORG, &org->id, err));
    TRY(field_uint(draft, 1, org->number, err));
    TRY(registry_draft_field(
        draft, 2, org->parent ? pack_uint(&draft->value, org->parent) : pack_nil(&draft->value),
        err));
    TRY(field_text(draft, 3, kind, err));
    return field_text(draft, 4, name, err);
}

static enum status genesis_fields(struct registry_draft *draft,
                                  const struct roster_genesis *genesis, struct buffer *sealed,
                                  struct error *err)
{
    int64_t now = clock_wall_ms(replica_clock(draft->replica));
    struct org root = {.number = ORG_ROOT, .id = id_random(now)};
    struct certificate certificate = {.suite = SUITE_1,
                                      .device = DEVICE_HUB,
                                      .serial = 1,
                                      .role = ROLE_HUB,
                                      .org = ORG_ROOT,
                                      .issuer = genesis->authority->number,
                                      .person = id_random(now)};
    memcpy(certificate.sign_key, genesis->hub->sign.public_key, PUBLIC_KEY_BYTES);
    memcpy(certificate.dh_key, genesis->hub->dh.public_key, DH_KEY_BYTES);
    memcpy(certificate.person_name, "hub", 4);
    TRY(genesis_network(draft, genesis, sealed, err));
    TRY(org_fields(draft, &root, "bureau", genesis->root_name, err));
    TRY(certificate_seal(&certificate, replica_network(draft->replica), genesis->authority_key,
                         sealed, err));
    return registry_draft_device(draft, &certificate, buffer_bytes(sealed), err);
}

enum status roster_write_genesis(struct replica *replica, const struct roster_genesis *genesis,
                                 struct error *err)
{
    struct registry_draft draft;
    struct buffer sealed = {0};
    TRY(registry_draft_start(&draft, replica, SCOPE_REGISTRY(ORG_ROOT), err));
    enum status status = genesis_fields(&draft, genesis, &sealed, err);
    buffer_release(&sealed);
    return registry_draft_finish(&draft, status, err);
}

enum status roster_write_link_key(struct replica *replica, const struct signing_key *authority,
                                  const struct link_key *link, struct error *err)
{
    struct registry_draft draft;
    struct buffer sealed = {0};
    TRY(registry_draft_start(&draft, replica, SCOPE_REGISTRY(ORG_ROOT), err));
    enum status status = entry_writer_op(&draft.writer, REGISTRY_LINK_KEY, &NO_ROW, err);
    if (status == STATUS_OK)
        status = link_key_seal(link, replica_network(replica), authority, &sealed, err);
    if (status == STATUS_OK)
        status = field_sealed(&draft, 1, &sealed, err);
    buffer_release(&sealed);
    return registry_draft_finish(&draft, status, err);
}

enum status roster_write_schema(struct replica *replica, const struct schema *schema,
                                struct error *err)
{
    struct registry_draft draft;
    TRY(registry_draft_start(&draft, replica, SCOPE_REGISTRY(ORG_ROOT), err));
    enum status status = entry_writer_op(&draft.writer, REGISTRY_SCHEMA, &NO_ROW, err);
    if (status == STATUS_OK)
        status = field_uint(&draft, 1, schema->epoch, err);
    if (status == STATUS_OK)
        status = registry_pack_schema(schema, &draft.value, err);
    if (status == STATUS_OK)
        status = registry_draft_field(&draft, 2, STATUS_OK, err);
    return registry_draft_finish(&draft, status, err);
}

enum status roster_write_org(struct replica *replica, const struct org *org, const char *kind,
                             const char *name, struct error *err)
{
    if (!org_kind_valid(kind))
        return error_set(err, STATUS_BAD_INPUT,
                         "'%s' is not a kind of org (bureau, county, township, community, branch)",
                         kind);
    if (!*name || strlen(name) > ORG_NAME_BYTES_MAX || !utf8_valid(bytes_text(name)))
        return error_set(err, STATUS_BAD_INPUT, "the name must have 1 to %d bytes of UTF-8",
                         ORG_NAME_BYTES_MAX);
    if (!registry_org(replica_registry(replica), org->parent))
        return error_set(err, STATUS_NOT_FOUND, "there is no such parent org");
    struct registry_draft draft;
    TRY(registry_draft_start(&draft, replica, SCOPE_REGISTRY(org->number), err));
    return registry_draft_finish(&draft, org_fields(&draft, org, kind, name, err), err);
}

static enum status write_certificate(struct replica *replica, uint32_t org,
                                     const struct certificate *certificate, struct bytes sealed,
                                     struct error *err)
{
    struct registry_draft draft;
    TRY(registry_draft_start(&draft, replica, SCOPE_REGISTRY(org), err));
    return registry_draft_finish(&draft, registry_draft_device(&draft, certificate, sealed, err),
                                 err);
}

enum status roster_write_device(struct replica *replica, const struct certificate *certificate,
                                struct bytes sealed, struct error *err)
{
    uint32_t orgs[ROSTER_ORGS_MAX];
    size_t count =
        registry_device_orgs(replica_registry(replica), certificate->device, orgs, ROSTER_ORGS_MAX);
    TRY(write_certificate(replica, certificate->org, certificate, sealed, err));
    for (size_t i = 0; i < count; i++)
        if (orgs[i] != certificate->org)
            TRY(write_certificate(replica, orgs[i], certificate, sealed, err));
    return STATUS_OK;
}

enum status roster_write_network(struct replica *replica, uint16_t field, struct bytes sealed,
                                 struct error *err)
{
    struct registry_draft draft;
    TRY(registry_draft_start(&draft, replica, SCOPE_REGISTRY(ORG_ROOT), err));
    enum status status = entry_writer_op(&draft.writer, REGISTRY_NETWORK, &NO_ROW, err);
    if (status == STATUS_OK)
        status = field_bin(&draft, field, sealed, err);
    return registry_draft_finish(&draft, status, err);
}

static enum status revocation_fields(struct registry_draft *draft,
                                     const struct roster_revocation *revocation, struct buffer *cut,
                                     struct error *err)
{
    TRY(entry_writer_op(&draft->writer, REGISTRY_REVOCATION, &revocation->row, err));
    TRY(field_uint(draft, 1, revocation->device, err));
    TRY(field_uint(draft, 2, revocation->serial, err));
    TRY(field_uint(draft, 3, revocation->state, err));
    TRY(frontier_encode(revocation->cut, cut, err));
    TRY(field_sealed(draft, 4, cut, err));
    return field_bin(draft, 5, revocation->hashes, err);
}

enum status roster_write_revocation(struct replica *replica, uint32_t org,
                                    const struct roster_revocation *revocation, struct error *err)
{
    struct registry_draft draft;
    struct buffer cut = {0};
    TRY(registry_draft_start(&draft, replica, SCOPE_REGISTRY(org), err));
    enum status status = revocation_fields(&draft, revocation, &cut, err);
    buffer_release(&cut);
    return registry_draft_finish(&draft, status, err);
}

static enum status lapse_fields(struct registry_draft *draft, const struct device *device,
                                bool lapsed, struct error *err)
{
    uint32_t index = device->certificate.device;
    uint32_t serial = registry_lapse_serial(replica_registry(draft->replica), index) + 1;
    TRY(entry_writer_op(&draft->writer, REGISTRY_LAPSE, &device->id, err));
    TRY(field_uint(draft, 1, index, err));
    TRY(field_uint(draft, 2, serial, err));
    return field_uint(draft, 3, lapsed, err);
}

enum status roster_write_lapse(struct replica *replica, const struct device *device, bool lapsed,
                               struct error *err)
{
    struct registry_draft draft;
    TRY(registry_draft_start(&draft, replica, SCOPE_REGISTRY(device->certificate.org), err));
    return registry_draft_finish(&draft, lapse_fields(&draft, device, lapsed, err), err);
}

bool roster_execute(struct sqlite3 *database, const char *sql, char **message)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    if (message)
        *message = NULL;
    return false;
}
