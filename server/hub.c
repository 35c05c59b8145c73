#include "server/hub.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/codes.h"
#include "common/id.h"
#include "common/pack.h"
#include "common/transfer.h"
#include "server/backup.h"
#include "server/builtin_schema.h"
#include "server/root_keys.h"
#include "server/roster.h"
#include "server/seed.h"

#define PATH_BYTES 4096
/* The daily key admits up to clerk; the rest is the root's. */
#define AUTHORITY_MAY_ENROL                                                       \
    (ROLE_BIT(ROLE_VOLUNTEER) | ROLE_BIT(ROLE_SECRETARY) | ROLE_BIT(ROLE_CLERK) | \
     ROLE_BIT(ROLE_HUB))
#define ROOT_KEYS 3
#define ROOT_THRESHOLD 2
#define LOT_USUAL 64 /* roster indices for a device that may admit others */

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

struct paths {
    char database[PATH_BYTES], ballast[PATH_BYTES];
};

static enum status replica_options_of(const struct hub_options *options, struct paths *paths,
                                      struct replica_options *out, struct error *err)
{
    TRY(path_in(paths->database, options->directory, "hub.db", err));
    TRY(path_in(paths->ballast, options->directory, "ballast", err));
    *out = (struct replica_options){.path = paths->database,
                                    .ballast = options->ballast ? paths->ballast : NULL,
                                    .clock = options->clock,
                                    .cache_kib = 65536,
                                    .key = options->vault ? vault_page_key(options->vault) : NULL};
    return STATUS_OK;
}

static enum status make_own_tables(struct hub *hub, struct error *err)
{
    char *message = NULL;
    struct sqlite3 *database = replica_database(hub->replica);
    TRY(codes_prepare(hub->replica, err));
    if (roster_execute(database,
                       "CREATE TABLE IF NOT EXISTS _device_seen(device INTEGER PRIMARY KEY, "
                       "seen_ms INTEGER NOT NULL) STRICT;"
                       "CREATE TABLE IF NOT EXISTS _device_told(device INTEGER PRIMARY KEY, "
                       "told_ms INTEGER NOT NULL, ahead_ms INTEGER NOT NULL, "
                       "program TEXT NOT NULL) STRICT;"
                       "CREATE TABLE IF NOT EXISTS _arrival(scope INTEGER, device INTEGER, "
                       "incarnation INTEGER, number INTEGER, at_ms INTEGER NOT NULL, "
                       "PRIMARY KEY(scope, device, incarnation, number)) STRICT, WITHOUT ROWID;"
                       "CREATE TABLE IF NOT EXISTS _quota(device INTEGER PRIMARY KEY, "
                       "day INTEGER NOT NULL, held INTEGER NOT NULL, entries INTEGER NOT NULL, "
                       "bytes INTEGER NOT NULL, entries_max INTEGER NOT NULL, "
                       "bytes_max INTEGER NOT NULL) STRICT;"
                       "CREATE TABLE IF NOT EXISTS _beacon(number INTEGER PRIMARY KEY, "
                       "at_ms INTEGER NOT NULL) STRICT;"
                       "CREATE TABLE IF NOT EXISTS _link_key(number INTEGER PRIMARY KEY, "
                       "public BLOB NOT NULL, secret BLOB, made_ms INTEGER NOT NULL) STRICT;"
                       "CREATE TABLE IF NOT EXISTS _account(name TEXT PRIMARY KEY, "
                       "role INTEGER NOT NULL, version INTEGER NOT NULL, salt BLOB NOT NULL, "
                       "passes INTEGER NOT NULL, memory_kib INTEGER NOT NULL, key BLOB NOT NULL, "
                       "totp BLOB, totp_used INTEGER NOT NULL DEFAULT 0, "
                       "changed_ms INTEGER NOT NULL) STRICT;",
                       &message))
        return STATUS_OK;
    return error_set(err, STATUS_STORAGE, "cannot make the hub's tables: %s",
                     message ? message : "?");
}

struct founding {
    struct root_set root;
    struct root_keys root_keys;
    struct signing_key authority;
    struct identity hub;
    uint8_t root_seeds[ROOT_KEYS_MAX][SEED_BYTES], authority_seed[SEED_BYTES];
    const char *name;
};

static void founding_release(struct founding *founding)
{
    sodium_memzero(founding, sizeof *founding);
}

static enum status founding_generate(struct founding *founding, const struct hub_options *options,
                                     struct error *err)
{
    uint32_t count = options->root_keys ? options->root_keys : ROOT_KEYS;
    uint32_t threshold = options->root_threshold  ? options->root_threshold
                         : count < ROOT_THRESHOLD ? count
                                                  : ROOT_THRESHOLD;
    if (count > ROOT_KEYS_MAX || threshold > count)
        return error_set(err, STATUS_BAD_INPUT,
                         "a root has 1 to %d keys, and as many of them must sign at most",
                         ROOT_KEYS_MAX);
    founding->root = (struct root_set){.suite = SUITE_1, .version = 1, .threshold = threshold};
    for (uint32_t i = 0; i < count; i++) {
        struct signing_key *key = &founding->root_keys.keys[founding->root_keys.count++];
        randombytes_buf(founding->root_seeds[i], SEED_BYTES);
        signing_key_from_seed(key, founding->root_seeds[i]);
        TRY(root_set_add(&founding->root, key->public_key, err));
    }
    randombytes_buf(founding->authority_seed, SEED_BYTES);
    signing_key_from_seed(&founding->authority, founding->authority_seed);
    signing_key_generate(&founding->hub.sign);
    dh_key_generate(&founding->hub.dh);
    founding->hub.device = DEVICE_HUB;
    founding->hub.incarnation = INCARNATION_FIRST;
    return STATUS_OK;
}

static enum status write_seeds(const struct hub_options *options, const struct founding *founding,
                               struct error *err)
{
    struct seed_place authority = seed_of(options, AUTHORITY_FILE);
    for (uint32_t i = 0; i < founding->root.count; i++) {
        struct seed_place root = seed_of(options, root_key_file(i));
        TRY(seed_write(&root, founding->root_seeds[i], err));
    }
    return seed_write(&authority, founding->authority_seed, err);
}

/* The first entries of the registry: genesis, link key, schema. */
static enum status found(struct hub *hub, const struct founding *founding, struct error *err)
{
    struct authority authority = {.suite = SUITE_1, .number = 1, .may_enrol = AUTHORITY_MAY_ENROL};
    memcpy(authority.sign_key, founding->authority.public_key, PUBLIC_KEY_BYTES);
    struct root_signers signers = root_keys_signers(&founding->root_keys);
    struct roster_genesis genesis = {.root_set = &founding->root,
                                     .root = &signers,
                                     .authority = &authority,
                                     .authority_key = &founding->authority,
                                     .hub = &founding->hub,
                                     .root_name = founding->name};
    TRY(roster_write_genesis(hub->replica, &genesis, err));
    struct schema *schema = NULL;
    TRY(schema_load(&schema, builtin_schema(), err));
    enum status status = roster_write_schema(hub->replica, schema, err);
    schema_free(schema);
    return status;
}

static enum status create_replica(struct hub *hub, const struct hub_options *options,
                                  const struct founding *founding, struct error *err)
{
    struct paths paths;
    struct replica_options replica_options;
    struct network network;
    TRY(root_set_network(&founding->root, &network, err));
    TRY(replica_options_of(options, &paths, &replica_options, err));
    TRY(replica_create(&hub->replica, &replica_options, &network, err));
    TRY(replica_begin(hub->replica, err));
    TRY(replica_set_identity(hub->replica, &founding->hub, err));
    TRY(found(hub, founding, err));
    TRY(make_own_tables(hub, err));
    TRY(transfer_start(hub->replica, err));
    TRY(hub_raise_beacon(hub, err));
    return replica_commit(hub->replica, err);
}

enum status hub_create(struct hub *hub, const struct hub_options *options, const char *name,
                       struct error *err)
{
    *hub = (struct hub){.options = *options, .authority_number = 1};
    size_t length = strlen(name);
    if (length == 0 || length > ORG_NAME_BYTES_MAX || !utf8_valid(bytes_text(name)))
        return error_set(err, STATUS_BAD_INPUT, "the name must have 1 to %d bytes of UTF-8",
                         ORG_NAME_BYTES_MAX);
    if (mkdir(options->directory, 0700) != 0 && errno != EEXIST)
        return error_set(err, STATUS_STORAGE, "cannot make '%s': %s", options->directory,
                         strerror(errno));
    struct founding founding = {.name = name};
    enum status status = founding_generate(&founding, options, err);
    hub->authority = founding.authority;
    if (status == STATUS_OK)
        status = write_seeds(options, &founding, err);
    if (status == STATUS_OK)
        status = create_replica(hub, options, &founding, err);
    founding_release(&founding);
    if (status != STATUS_OK)
        hub_close(hub);
    return status;
}

/* The key of this name, when it is the authority that the registry names. */
static bool take_authority(struct hub *hub, const char *name, const struct authority *authority,
                           struct error *err)
{
    struct seed_place place = seed_of(&hub->options, name);
    uint8_t seed[SEED_BYTES];
    struct signing_key key;
    if (seed_read(&place, seed, err) != STATUS_OK)
        return false;
    signing_key_from_seed(&key, seed);
    sodium_memzero(seed, sizeof seed);
    bool fits = memcmp(key.public_key, authority->sign_key, PUBLIC_KEY_BYTES) == 0;
    if (fits) {
        signing_key_release(&hub->authority);
        hub->authority = key;
        hub->authority_number = authority->number;
    } else {
        error_set(err, STATUS_NOT_FOUND, "'%s' is not the key of authority %u", name,
                  authority->number);
    }
    signing_key_release(&key);
    return fits;
}

enum status hub_take_authority(struct hub *hub, struct error *err)
{
    const struct authority *authority = registry_authority(replica_registry(hub->replica));
    struct error problem = {0};
    if (!authority)
        return error_set(err, STATUS_BAD_INPUT,
                         "the registry of this hub is damaged: restore a backup");
    if (authority->number == hub->authority_number ||
        take_authority(hub, AUTHORITY_NEXT_FILE, authority, NULL) ||
        take_authority(hub, AUTHORITY_FILE, authority, &problem))
        return STATUS_OK;
    return error_set(err, problem.status, "%s", problem.text);
}

/* Only a number that is committed may make the old key go. */
enum status hub_follow_authority(struct hub *hub, struct error *err)
{
    const struct authority *authority = registry_authority(replica_registry(hub->replica));
    struct seed_place next = seed_of(&hub->options, AUTHORITY_NEXT_FILE);
    TRY(hub_take_authority(hub, err));
    if (replica_in_transaction(hub->replica) ||
        !take_authority(hub, AUTHORITY_NEXT_FILE, authority, NULL))
        return STATUS_OK;
    return seed_rename(&next, AUTHORITY_FILE, err);
}

/* A repair, or a log that lost its end: clients may hold what this hub wrote and doesn't know. */
static enum status follow_loss(struct hub *hub, struct error *err)
{
    uint64_t due;
    TRY(replica_meta_number(hub->replica, META_ANEW, &due, err));
    if (due == 0)
        return STATUS_OK;
    TRY(replica_begin(hub->replica, err));
    enum status status = hub_begin_anew(hub, err);
    if (status == STATUS_OK)
        status = replica_meta_set(hub->replica, META_ANEW, bytes_text("0"), err);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}

enum status hub_open(struct hub *hub, const struct hub_options *options, struct error *err)
{
    *hub = (struct hub){.options = *options};
    struct paths paths;
    struct replica_options replica_options;
    TRY(replica_options_of(options, &paths, &replica_options, err));
    TRY(replica_open(&hub->replica, &replica_options, err));
    enum status status = hub_follow_authority(hub, err);
    if (status == STATUS_OK)
        status = make_own_tables(hub, err);
    if (status == STATUS_OK)
        status = transfer_start(hub->replica, err);
    if (status == STATUS_OK)
        status = follow_loss(hub, err);
    if (status != STATUS_OK)
        hub_close(hub);
    return status;
}

enum status hub_open_reader(const struct hub_options *options, int64_t cache_kib,
                            struct replica **replica, struct error *err)
{
    struct paths paths;
    struct replica_options reader;
    TRY(replica_options_of(options, &paths, &reader, err));
    reader.ballast = NULL;
    reader.read_only = true;
    reader.cache_kib = cache_kib;
    return replica_open(replica, &reader, err);
}

void hub_close(struct hub *hub)
{
    if (!hub)
        return;
    replica_close(hub->replica);
    signing_key_release(&hub->authority);
    *hub = (struct hub){0};
}

/* The next number, or one that the time before a restore can't have given out. */
static uint32_t above_floor(struct replica *replica, const char *name, uint32_t next)
{
    uint64_t floor = 0;
    replica_meta_number(replica, name, &floor, NULL);
    return floor > next ? (uint32_t)floor : next;
}

static uint32_t next_device(struct hub *hub)
{
    return above_floor(hub->replica, "device_floor",
                       registry_next_device(replica_registry(hub->replica)));
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

struct certificate hub_certificate(struct hub *hub, const struct hub_device *device, uint32_t index)
{
    struct certificate certificate = {.suite = SUITE_1,
                                      .device = index,
                                      .serial = 1,
                                      .role = device->role,
                                      .org = device->org,
                                      .beacon = replica_entry_head(hub->replica).beacon};
    certificate.person = id_random(clock_wall_ms(replica_clock(hub->replica)));
    memcpy(certificate.sign_key, device->sign_key, PUBLIC_KEY_BYTES);
    memcpy(certificate.dh_key, device->dh_key, DH_KEY_BYTES);
    snprintf(certificate.person_name, sizeof certificate.person_name, "%s", device->person);
    hub_give_lot(hub, &certificate);
    return certificate;
}

void hub_give_lot(struct hub *hub, struct certificate *certificate)
{
    if (!role_may_admit(certificate->role, ROLE_VOLUNTEER))
        return;
    uint32_t next = next_device(hub);
    certificate->lot = next > certificate->device ? next : certificate->device + 1;
    certificate->lot_count = LOT_USUAL;
}

static enum status seal_by_root(struct hub *hub, const struct certificate *certificate,
                                struct buffer *sealed, struct error *err)
{
    const struct root_set *set = registry_root(replica_registry(hub->replica));
    struct root_keys keys = {0};
    struct root_signers signers;
    enum status status = root_keys_find(&keys, &hub->options, set, err);
    signers = root_keys_signers(&keys);
    if (status == STATUS_OK && !root_keys_suffice(&keys, set))
        status = error_set(err, STATUS_DENIED,
                           "only the root admits a %s, and too few of its keys are here",
                           role_name(certificate->role));
    if (status == STATUS_OK)
        status = certificate_seal_by_root(certificate, replica_network(hub->replica), &signers,
                                          sealed, err);
    root_keys_release(&keys);
    return status;
}

enum status hub_certify(struct hub *hub, struct certificate *certificate, struct error *err)
{
    struct buffer sealed = {0};
    TRY(hub_take_authority(hub, err));
    bool by_root = certificate->role == ROLE_BUREAU || certificate->role == ROLE_AUDITOR;
    certificate->issuer = by_root ? ISSUER_ROOT : hub->authority_number;
    enum status status = by_root ? seal_by_root(hub, certificate, &sealed, err)
                                 : certificate_seal(certificate, replica_network(hub->replica),
                                                    &hub->authority, &sealed, err);
    if (status == STATUS_OK)
        status = roster_write_device(hub->replica, certificate, buffer_bytes(&sealed), err);
    buffer_release(&sealed);
    return status == STATUS_OK ? hub_raise_beacon(hub, err) : status;
}

/* Nobody else gets a number that was promised. */
static enum status keep_number(struct hub *hub, const struct certificate *certificate,
                               struct error *err)
{
    char text[16];
    uint32_t beyond = certificate->lot_count ? certificate->lot + certificate->lot_count
                                             : certificate->device + 1;
    snprintf(text, sizeof text, "%u", beyond);
    return replica_meta_set(hub->replica, "device_floor", bytes_text(text), err);
}

enum status hub_add_device(struct hub *hub, const struct hub_device *device, uint32_t *index,
                           struct error *err)
{
    const struct registry *registry = replica_registry(hub->replica);
    struct id id = device_id(replica_network(hub->replica), device->sign_key);
    if (registry_device_by_id(registry, &id) || registry_device_by_dh(registry, device->dh_key))
        return error_set(err, STATUS_EXISTS, "a device with these keys is enrolled already");
    *index = next_device(hub);
    struct certificate certificate = hub_certificate(hub, device, *index);
    enum status status = hub_certify(hub, &certificate, err);
    if (status == STATUS_DENIED && keep_number(hub, &certificate, NULL) != STATUS_OK)
        return STATUS_STORAGE;
    return status;
}
