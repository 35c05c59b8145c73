#include "server/hub.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/id.h"
#include "common/pack.h"
#include "server/builtin_schema.h"
#include "server/roster.h"
#include "server/seed.h"

#define PATH_BYTES 4096
#define AUTHORITY_MAY_ENROL                                                       \
    (ROLE_BIT(ROLE_VOLUNTEER) | ROLE_BIT(ROLE_SECRETARY) | ROLE_BIT(ROLE_CLERK) | \
     ROLE_BIT(ROLE_BUREAU) | ROLE_BIT(ROLE_AUDITOR) | ROLE_BIT(ROLE_HUB))

static enum status path_in(char *out, const char *directory, const char *name, struct error *err)
{
    if ((size_t)snprintf(out, PATH_BYTES, "%s/%s", directory, name) >= PATH_BYTES)
        return error_set(err, STATUS_TOO_LARGE, "the path of '%s' is too long", name);
    return STATUS_OK;
}

static struct seed_place seed_of(const struct hub_options *options, const char *name)
{
    return (struct seed_place){options->directory, name, options->vault};
}

static enum status replica_options_of(const struct hub_options *options, char path[PATH_BYTES],
                                      struct replica_options *out, struct error *err)
{
    TRY(path_in(path, options->directory, "hub.db", err));
    *out = (struct replica_options){.path = path,
                                    .clock = options->clock,
                                    .cache_kib = 65536,
                                    .key = options->vault ? vault_page_key(options->vault) : NULL};
    return STATUS_OK;
}

static enum status make_own_tables(struct hub *hub, struct error *err)
{
    char *message = NULL;
    struct sqlite3 *database = replica_database(hub->replica);
    if (roster_execute(database,
                       "CREATE TABLE IF NOT EXISTS _invite(token_hash BLOB PRIMARY KEY, "
                       "org INTEGER NOT NULL, role INTEGER NOT NULL, person TEXT NOT NULL, "
                       "expires_ms INTEGER NOT NULL, device INTEGER, sign_key BLOB) STRICT;"
                       "CREATE TABLE IF NOT EXISTS _device_seen(device INTEGER PRIMARY KEY, "
                       "seen_ms INTEGER NOT NULL) STRICT;",
                       &message))
        return STATUS_OK;
    return error_set(err, STATUS_STORAGE, "cannot make the hub's tables: %s",
                     message ? message : "?");
}

struct founding {
    struct signing_key root, authority;
    struct identity hub;
    const char *name;
};

static void founding_release(struct founding *founding)
{
    signing_key_release(&founding->root);
    signing_key_release(&founding->authority);
    signing_key_release(&founding->hub.sign);
    dh_key_release(&founding->hub.dh);
}

static void founding_generate(struct founding *founding, uint8_t root_seed[32],
                              uint8_t authority_seed[32])
{
    randombytes_buf(root_seed, 32);
    randombytes_buf(authority_seed, 32);
    signing_key_from_seed(&founding->root, root_seed);
    signing_key_from_seed(&founding->authority, authority_seed);
    signing_key_generate(&founding->hub.sign);
    dh_key_generate(&founding->hub.dh);
    founding->hub.device = DEVICE_HUB;
    founding->hub.incarnation = INCARNATION_FIRST;
}

/* The first entries of the registry: genesis, link key, schema. */
static enum status found(struct hub *hub, const struct founding *founding, struct error *err)
{
    struct authority authority = {.suite = SUITE_1, .number = 1, .may_enrol = AUTHORITY_MAY_ENROL};
    memcpy(authority.sign_key, founding->authority.public_key, PUBLIC_KEY_BYTES);
    struct roster_genesis genesis = {.root = &founding->root,
                                     .authority = &authority,
                                     .authority_key = &founding->authority,
                                     .hub = &founding->hub,
                                     .root_name = founding->name};
    TRY(roster_write_genesis(hub->replica, &genesis, err));
    TRY(roster_write_link_key(hub->replica, &founding->authority, &founding->hub.dh, err));
    struct schema *schema = NULL;
    TRY(schema_load(&schema, builtin_schema(), err));
    enum status status = roster_write_schema(hub->replica, schema, err);
    schema_free(schema);
    return status;
}

static enum status create_replica(struct hub *hub, const struct hub_options *options,
                                  const struct founding *founding, struct error *err)
{
    char path[PATH_BYTES];
    struct replica_options replica_options;
    struct network network = network_of_root(founding->root.public_key);
    TRY(replica_options_of(options, path, &replica_options, err));
    TRY(replica_create(&hub->replica, &replica_options, &network, err));
    TRY(replica_begin(hub->replica, err));
    TRY(replica_set_identity(hub->replica, &founding->hub, err));
    TRY(found(hub, founding, err));
    TRY(hub_raise_beacon(hub, err));
    TRY(replica_commit(hub->replica, err));
    return make_own_tables(hub, err);
}

enum status hub_create(struct hub *hub, const struct hub_options *options, const char *name,
                       struct error *err)
{
    *hub = (struct hub){.authority_number = 1};
    size_t length = strlen(name);
    if (length == 0 || length > ORG_NAME_BYTES_MAX || !utf8_valid(bytes_text(name)))
        return error_set(err, STATUS_BAD_INPUT, "the name must have 1 to %d bytes of UTF-8",
                         ORG_NAME_BYTES_MAX);
    if (mkdir(options->directory, 0700) != 0 && errno != EEXIST)
        return error_set(err, STATUS_STORAGE, "cannot make '%s': %s", options->directory,
                         strerror(errno));
    struct founding founding = {.name = name};
    uint8_t root_seed[32], authority_seed[32];
    founding_generate(&founding, root_seed, authority_seed);
    hub->authority = founding.authority;
    struct seed_place root = seed_of(options, "root.key");
    struct seed_place authority = seed_of(options, "authority.key");
    enum status status = seed_write(&root, root_seed, err);
    if (status == STATUS_OK)
        status = seed_write(&authority, authority_seed, err);
    if (status == STATUS_OK)
        status = create_replica(hub, options, &founding, err);
    sodium_memzero(root_seed, sizeof root_seed);
    sodium_memzero(authority_seed, sizeof authority_seed);
    founding_release(&founding);
    if (status != STATUS_OK)
        hub_close(hub);
    return status;
}

enum status hub_open(struct hub *hub, const struct hub_options *options, struct error *err)
{
    *hub = (struct hub){.authority_number = 1};
    char path[PATH_BYTES];
    struct replica_options replica_options;
    uint8_t seed[32];
    TRY(replica_options_of(options, path, &replica_options, err));
    TRY(replica_open(&hub->replica, &replica_options, err));
    struct seed_place authority = seed_of(options, "authority.key");
    enum status status = seed_read(&authority, seed, err);
    if (status == STATUS_OK) {
        signing_key_from_seed(&hub->authority, seed);
        hub->authority_number = registry_authority(replica_registry(hub->replica))->number;
        status = make_own_tables(hub, err);
    }
    sodium_memzero(seed, sizeof seed);
    if (status != STATUS_OK)
        hub_close(hub);
    return status;
}

void hub_close(struct hub *hub)
{
    if (!hub)
        return;
    replica_close(hub->replica);
    signing_key_release(&hub->authority);
    *hub = (struct hub){0};
}

/* Runs `write` and a new beacon in one transaction. */
/* The next number, or one that the time before a restore can't have given out. */
static uint32_t above_floor(struct replica *replica, const char *name, uint32_t next)
{
    uint64_t floor = 0;
    replica_meta_number(replica, name, &floor, NULL);
    return floor > next ? (uint32_t)floor : next;
}

enum status hub_add_org(struct hub *hub, uint32_t parent, const char *kind, const char *name,
                        struct id *id, struct error *err)
{
    bool own = !replica_in_transaction(hub->replica);
    if (own)
        TRY(replica_begin(hub->replica, err));
    struct org org = {.number = above_floor(hub->replica, "org_floor",
                                            registry_next_org(replica_registry(hub->replica))),
                      .parent = parent,
                      .id = id_random(clock_wall_ms(replica_clock(hub->replica)))};
    *id = org.id;
    enum status status = roster_write_org(hub->replica, &org, kind, name, err);
    if (status == STATUS_OK)
        status = hub_raise_beacon(hub, err);
    if (status == STATUS_OK)
        return own ? replica_commit(hub->replica, err) : STATUS_OK;
    if (own)
        replica_rollback(hub->replica);
    return status;
}

enum status hub_add_device(struct hub *hub, const struct hub_device *device, uint32_t *index,
                           struct error *err)
{
    const struct registry *registry = replica_registry(hub->replica);
    struct id id = device_id(replica_network(hub->replica), device->sign_key);
    if (registry_device_by_id(registry, &id) || registry_device_by_dh(registry, device->dh_key))
        return error_set(err, STATUS_EXISTS, "a device with these keys is enrolled already");
    struct certificate certificate = {
        .suite = SUITE_1,
        .device = above_floor(hub->replica, "device_floor", registry_next_device(registry)),
        .serial = 1,
        .role = device->role,
        .org = device->org,
        .issuer = hub->authority_number,
        .beacon = replica_entry_head(hub->replica).beacon};
    certificate.person = id_random(clock_wall_ms(replica_clock(hub->replica)));
    memcpy(certificate.sign_key, device->sign_key, PUBLIC_KEY_BYTES);
    memcpy(certificate.dh_key, device->dh_key, DH_KEY_BYTES);
    snprintf(certificate.person_name, sizeof certificate.person_name, "%s", device->person);
    *index = certificate.device;
    TRY(roster_write_device(hub->replica, &certificate, &hub->authority, err));
    return hub_raise_beacon(hub, err);
}
