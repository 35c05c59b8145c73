#include "tests/sim/fleet.h"

#include <assert.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/dice.h"
#include "tests/sim/talk.h"
#include "tests/support/must.h"

#define BEGIN_MS 1767225600000 /* 2026-01-01 */
#define SEED 20260101

/* What every world starts from, and the same encrypted. */
static struct fleet firsts[2];
static char directories[2][64];

/* ---- clocks ---- */

static int64_t wall_ms(void *context)
{
    const struct fleet_clock *clock = context;
    int64_t now = (int64_t)*clock->now_ms;
    return BEGIN_MS + now + now / 1000000 * clock->drift_ppm + clock->offset_ms;
}

static uint64_t mono_ms(void *context)
{
    return *((const struct fleet_clock *)context)->now_ms;
}

static struct clock clock_of(struct place *place)
{
    return (struct clock){wall_ms, mono_ms, &place->clock};
}

/* ---- folders ---- */

static const char *database_name(size_t at)
{
    return at == 0 ? "hub.db" : "client.db";
}

static void database_of(const struct fleet *fleet, size_t at, char *out)
{
    snprintf(out, DISK_PATH_BYTES, "%s/%zu/%s", fleet->directory, at, database_name(at));
}

/* Whoever opens a replica looks first whether its file is there. */
static void make_placeholder(const struct fleet *fleet, size_t at)
{
    char path[DISK_PATH_BYTES];
    database_of(fleet, at, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert(fd >= 0);
    close(fd);
}

static void place_init(struct fleet *fleet, size_t at)
{
    struct place *place = &fleet->places[at];
    *place = (struct place){.clock = {.now_ms = &fleet->now_ms}};
    snprintf(place->folder, sizeof place->folder, "%s/%zu", fleet->directory, at);
    place->disk.flash = true;
    snprintf(place->disk.folder, sizeof place->disk.folder, "%s/%zu/", fleet->directory, at);
    for (size_t i = 0; i < FLEET_IMAGES; i++)
        strcpy(place->images[i].disk.folder, place->disk.folder);
}

/* ---- what is encrypted ---- */

/* The least that Argon2id takes: it is to be lived thousands of times. */
struct key_secret fleet_secret(unsigned passphrase, char text[FLEET_PASSPHRASE_BYTES])
{
    snprintf(text, FLEET_PASSPHRASE_BYTES, "passphrase %u", passphrase);
    return (struct key_secret){
        .kind = KEYSLOT_PASSPHRASE, .bytes = bytes_text(text), .cost = {1, 8}};
}

static void make_slots(struct fleet *fleet, size_t at)
{
    struct place *place = &fleet->places[at];
    char text[FLEET_PASSPHRASE_BYTES];
    struct key_secret secret = fleet_secret(place->passphrase, text);
    struct vault_place where = {place->folder, database_name(at)};
    if (!fleet->encrypted)
        return;
    MUST(vault_create(&place->vault, &where,
                      at == 0 ? PAGE_CIPHER_AEGIS_256 : PAGE_CIPHER_XCHACHA20, &secret, err));
    vault_let_go(place->vault);
}

static const struct page_key *key_of(const struct place *place)
{
    return place->vault ? vault_page_key(place->vault) : NULL;
}

/* A change that was cut off may have happened; one that was acknowledged has. */
static enum status unlock(struct place *place, struct error *err)
{
    char text[FLEET_PASSPHRASE_BYTES];
    struct key_secret secret = fleet_secret(place->passphrase, text);
    TRY(vault_load(&place->vault, place->folder, err));
    enum status status = vault_unlock(place->vault, &secret, err);
    if (status != STATUS_DENIED)
        return status;
    secret = fleet_secret(place->passphrase + 1, text);
    TRY(vault_unlock(place->vault, &secret, err));
    place->passphrase++;
    return STATUS_OK;
}

/* ---- the first disks ---- */

static uint32_t add_org(struct hub *hub, uint32_t parent, const char *kind, const char *name)
{
    struct id id;
    MUST(hub_add_org(hub, parent, kind, name, &id, err));
    return registry_org_by_id(replica_registry(hub->replica), &id)->number;
}

static void found_hub(struct place *place)
{
    struct hub_options options = {
        .directory = place->folder, .clock = clock_of(place), .vault = place->vault};
    MUST(hub_create(&place->hub, &options, "示例老干部局", err));
    place->replica = place->hub.replica;
    place->org = ORG_ROOT;
    place->role = ROLE_HUB;
    place->device = DEVICE_HUB;
}

static void join(struct fleet *fleet, size_t at, uint32_t org)
{
    struct place *place = &fleet->places[at];
    place->role = at == FLEET_VOLUNTEER ? ROLE_VOLUNTEER : ROLE_SECRETARY;
    struct hub *hub = &fleet->places[0].hub;
    char path[DISK_PATH_BYTES];
    struct identity identity = {.incarnation = INCARNATION_FIRST};
    signing_key_generate(&identity.sign);
    dh_key_generate(&identity.dh);
    struct hub_device device = {identity.sign.public_key, identity.dh.public_key, "示例党员001",
                                place->role, org};
    MUST(replica_begin(hub->replica, err));
    MUST(hub_add_device(hub, &device, &identity.device, err));
    MUST(replica_commit(hub->replica, err));
    database_of(fleet, at, path);
    make_slots(fleet, at);
    struct replica_options options = {
        .path = path, .clock = clock_of(place), .key = key_of(place), .cache_kib = 1024};
    MUST(replica_create(&place->replica, &options, replica_network(hub->replica), err));
    MUST(replica_set_identity(place->replica, &identity, err));
    place->org = org;
    place->device = identity.device;
}

static void make_first(struct fleet *first, char *directory, bool encrypted)
{
    const char *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(directory, sizeof directories[0], "%s/jinqiu-sim-XXXXXX", memory);
    assert(mkdtemp(directory));
    dice_seed(SEED);
    *first = (struct fleet){.count = FLEET_MAX, .directory = directory, .encrypted = encrypted};
    for (size_t i = 0; i < FLEET_MAX; i++) {
        place_init(first, i);
        disk_attach(&first->places[i].disk);
        assert(mkdir(first->places[i].folder, 0700) == 0);
    }
    make_slots(first, 0);
    found_hub(&first->places[0]);
    struct hub *hub = &first->places[0].hub;
    uint32_t county = add_org(hub, ORG_ROOT, "county", "示例县");
    first->township = add_org(hub, county, "township", "示例镇");
    first->branch = add_org(hub, first->township, "branch", "示例支部");
    for (size_t i = 1; i < FLEET_MAX; i++)
        join(first, i, i % 3 == 0 ? first->branch : first->township);
    memcpy(first->hub_key, replica_identity(hub->replica)->dh.public_key, DH_KEY_BYTES);
    for (size_t i = 1; i < FLEET_MAX; i++)
        talk_quietly(first, i);
    for (size_t i = 0; i < FLEET_MAX; i++) {
        make_placeholder(first, i);
        fleet_stop(first, i);
        disk_detach(&first->places[i].disk);
    }
}

struct disk fleet_disk_system(void);

/* What common/vault.c calls here (CMakeLists.txt). */
struct disk fleet_disk_system(void)
{
    return disk_for_slots(disk_system());
}

void fleet_prepare(void)
{
    dice_install();
    MUST(keys_init(err));
    disk_install_below_ciphers();
    sqlite3_randomness(0, NULL);
    make_first(&firsts[0], directories[0], false);
    make_first(&firsts[1], directories[1], true);
}

static void forget_first(struct fleet *first)
{
    static const char *const names[] = {"hub.db",     "client.db",  "authority.key",
                                        "root-1.key", "root-2.key", "root-3.key"};
    char path[2 * DISK_PATH_BYTES];
    for (size_t i = 0; i < FLEET_MAX; i++) {
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
            snprintf(path, sizeof path, "%s/%zu/%s", first->directory, i, names[n]);
            unlink(path);
        }
        rmdir(first->places[i].folder);
        disk_release(&first->places[i].disk);
    }
    rmdir(first->directory);
}

void fleet_forget(void)
{
    forget_first(&firsts[0]);
    forget_first(&firsts[1]);
}

/* ---- a world's ---- */

void fleet_open(struct fleet *fleet, size_t count, bool encrypted)
{
    const struct fleet *first = &firsts[encrypted];
    assert(count <= FLEET_MAX);
    sqlite3_randomness(0, NULL);
    *fleet = (struct fleet){.count = count,
                            .now_ms = first->now_ms,
                            .township = first->township,
                            .branch = first->branch,
                            .directory = first->directory,
                            .encrypted = encrypted};
    memcpy(fleet->hub_key, first->hub_key, DH_KEY_BYTES);
    for (size_t i = 0; i < count; i++) {
        place_init(fleet, i);
        fleet->places[i].org = first->places[i].org;
        fleet->places[i].role = first->places[i].role;
        fleet->places[i].device = first->places[i].device;
        disk_copy(&fleet->places[i].disk, &first->places[i].disk);
        disk_attach(&fleet->places[i].disk);
        MUST(fleet_start(fleet, i, err));
    }
}

void fleet_close(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->count; i++) {
        fleet_stop(fleet, i);
        disk_detach(&fleet->places[i].disk);
        disk_release(&fleet->places[i].disk);
        for (size_t n = 0; n < FLEET_IMAGES; n++)
            disk_release(&fleet->places[i].images[n].disk);
    }
}

/* A session in which nothing was new notes that it was held, and nothing else. */
static void on_write(void *context, int operation, const char *database, const char *table,
                     sqlite3_int64 row)
{
    struct place *place = context;
    (void)operation;
    (void)database;
    (void)row;
    place->writes += strcmp(table, "_peer") != 0;
}

static enum status start_client(struct fleet *fleet, size_t at, struct error *err)
{
    struct place *place = &fleet->places[at];
    char path[DISK_PATH_BYTES];
    database_of(fleet, at, path);
    struct replica_options options = {
        .path = path, .clock = clock_of(place), .key = key_of(place), .cache_kib = 1024};
    return replica_open(&place->replica, &options, err);
}

static enum status start_hub(struct place *place, struct error *err)
{
    struct hub_options options = {
        .directory = place->folder, .clock = clock_of(place), .vault = place->vault};
    TRY(hub_open(&place->hub, &options, err));
    place->replica = place->hub.replica;
    return STATUS_OK;
}

enum status fleet_start(struct fleet *fleet, size_t at, struct error *err)
{
    struct place *place = &fleet->places[at];
    if (place->replica)
        return STATUS_OK;
    place->starts++;
    if (fleet->encrypted)
        TRY(unlock(place, err));
    TRY(at == 0 ? start_hub(place, err) : start_client(fleet, at, err));
    sqlite3_update_hook(replica_database(place->replica), on_write, place);
    return STATUS_OK;
}

void fleet_stop(struct fleet *fleet, size_t at)
{
    struct place *place = &fleet->places[at];
    if (at == 0)
        hub_close(&place->hub);
    else
        replica_close(place->replica);
    vault_free(place->vault);
    place->replica = NULL;
    place->vault = NULL;
}

bool fleet_spread(const struct fleet *fleet, size_t at)
{
    const struct frontier *hub = replica_frontier(fleet->places[0].replica);
    for (size_t other = 1; other < fleet->count; other++) {
        const struct frontier *held = replica_frontier(fleet->places[other].replica);
        for (size_t i = 0; other != at && i < held->count; i++)
            if (held->rows[i].feed.device == fleet->places[at].device &&
                held->rows[i].number > frontier_get(hub, &held->rows[i].feed))
                return true;
    }
    return false;
}

void fleet_follow(struct fleet *fleet)
{
    const struct replica *hub = fleet->places[0].replica;
    for (size_t at = 1; hub && at < fleet->count; at++) {
        struct place *place = &fleet->places[at];
        const struct device *device = registry_device(replica_registry(hub), place->device);
        place->org = device->certificate.org;
        place->role = device->certificate.role;
    }
}

bool fleet_reads(const struct fleet *fleet, size_t at, uint32_t org)
{
    const struct place *place = &fleet->places[at];
    return at == 0 || place->org == org || place->org == fleet->township;
}
