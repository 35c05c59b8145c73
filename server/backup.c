#include "server/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/replica_stable.h"
#include "server/backup_keys.h"
#include "server/link_keys.h"

#define PATH_BYTES 4096
#define KEY_BYTES_MAX 4096
#define NUMBERS_SKIPPED 1000    /* devices and orgs that the lost time may have named */
#define BEACONS_SKIPPED 1000000 /* beacons that it may have sent */
#define TRAILER_MAGIC "JQBACKUP"
#define MAGIC_BYTES 8
#define CHECK_BYTES 32
#define TRAILER_END (CHECK_BYTES + 4 + MAGIC_BYTES) /* behind the slots */
#define TRAILER_MAX (KEYSLOTS_BYTES_MAX + TRAILER_END)

static const char *const key_files[] = {"root-1.key",      "root-2.key",      "root-3.key",
                                        "root-4.key",      "root-5.key",      "root-next-1.key",
                                        "root-next-2.key", "root-next-3.key", "root-next-4.key",
                                        "root-next-5.key", "authority.key",   "authority-next.key",
                                        "escrow.key"};
#define KEY_FILES (sizeof key_files / sizeof key_files[0])

static enum status path_in(char *out, const char *directory, const char *name, struct error *err)
{
    if ((size_t)snprintf(out, PATH_BYTES, "%s/%s", directory, name) >= PATH_BYTES)
        return error_set(err, STATUS_TOO_LARGE, "the path of '%s' is too long", name);
    return STATUS_OK;
}

static enum status failed(sqlite3 *database, const char *file, struct error *err)
{
    return error_set(err, STATUS_STORAGE, "cannot write '%s': %s", file, sqlite3_errmsg(database));
}

/* ---- backing up ---- */

static bool open_database(const char *path, int flags, const struct page_key *key,
                          sqlite3 **database)
{
    return sqlite3_open_v2(path, database, flags, NULL) == SQLITE_OK &&
           (!key || page_cipher_apply(*database, key, NULL) == STATUS_OK);
}

static enum status copy_database(const char *from, const char *to, const struct page_key *key,
                                 struct error *err)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *copy = NULL;
    enum status status = STATUS_OK;
    if (!open_database(from, SQLITE_OPEN_READONLY, key, &database) ||
        sqlite3_busy_timeout(database, 60000) != SQLITE_OK ||
        sqlite3_prepare_v2(database, "VACUUM INTO ?", -1, &copy, NULL) != SQLITE_OK ||
        sqlite3_bind_text(copy, 1, to, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_step(copy) != SQLITE_DONE)
        status = failed(database, to, err);
    sqlite3_finalize(copy);
    sqlite3_close(database);
    return status;
}

/* A key file's bytes; *size 0 when it isn't there (the root key may be away). */
static enum status read_key(const char *directory, const char *name, uint8_t *bytes, size_t *size,
                            struct error *err)
{
    char path[PATH_BYTES];
    TRY(path_in(path, directory, name, err));
    *size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return STATUS_OK;
    ssize_t got = fd < 0 ? -1 : read(fd, bytes, KEY_BYTES_MAX);
    if (fd >= 0)
        close(fd);
    if (got <= 0)
        return error_set(err, STATUS_STORAGE, "cannot open '%s': %s", name, strerror(errno));
    *size = (size_t)got;
    return STATUS_OK;
}

static enum status store_key(sqlite3 *database, const char *name, struct bytes key)
{
    sqlite3_stmt *insert = NULL;
    bool stored =
        sqlite3_prepare_v2(database, "INSERT INTO _backup(name, bytes) VALUES(?, ?)", -1, &insert,
                           NULL) == SQLITE_OK &&
        sqlite3_bind_text(insert, 1, name, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_bind_blob(insert, 2, key.data, (int)key.size, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_step(insert) == SQLITE_DONE;
    sqlite3_finalize(insert);
    return stored ? STATUS_OK : STATUS_STORAGE;
}

/* Whoever opens this copy as a hub begins anew, also where a restore was broken off. */
#define MARK_COPY                                                                      \
    "INSERT INTO _meta(name, value) VALUES('" META_ANEW "', x'31') ON CONFLICT(name) " \
    "DO UPDATE SET value = x'31';"

static enum status add_keys(const char *directory, const char *file, const struct page_key *key_of,
                            struct error *err)
{
    sqlite3 *database = NULL;
    uint8_t key[KEY_BYTES_MAX];
    size_t size;
    enum status status = STATUS_OK;
    if (!open_database(file, SQLITE_OPEN_READWRITE, key_of, &database) ||
        sqlite3_exec(database,
                     MARK_COPY
                     "CREATE TABLE _backup(name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
                     NULL, NULL, NULL) != SQLITE_OK)
        status = failed(database, file, err);
    for (size_t i = 0; i < KEY_FILES && status == STATUS_OK; i++) {
        status = read_key(directory, key_files[i], key, &size, err);
        if (status == STATUS_OK && size > 0 &&
            store_key(database, key_files[i], bytes_of(key, size)) != STATUS_OK)
            status = failed(database, file, err);
    }
    sodium_memzero(key, sizeof key);
    sqlite3_close(database);
    return status;
}

static enum status sync_file(const char *file, struct error *err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return synced ? STATUS_OK
                  : error_set(err, STATUS_STORAGE, "cannot sync '%s': %s", file, strerror(errno));
}

static enum status sync_folder_of(const char *file, struct error *err)
{
    char path[PATH_BYTES];
    if ((size_t)snprintf(path, sizeof path, "%s", file) >= sizeof path)
        return error_set(err, STATUS_TOO_LARGE, "the path of '%s' is too long", file);
    return sync_file(dirname(path), err);
}

/* The slots that open an encrypted copy, behind its last page, where SQLite doesn't look. */
static enum status add_slots(const struct vault *vault, const char *file, struct error *err)
{
    uint8_t trailer[TRAILER_MAX];
    size_t size = vault_encode(vault, trailer);
    crypto_generichash(trailer + size, CHECK_BYTES, trailer, size, NULL, 0);
    put_u32le(trailer + size + CHECK_BYTES, (uint32_t)size);
    memcpy(trailer + size + CHECK_BYTES + 4, TRAILER_MAGIC, MAGIC_BYTES);
    size += TRAILER_END;
    int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, trailer, size) == (ssize_t)size;
    if (fd >= 0)
        close(fd);
    return written ? STATUS_OK
                   : error_set(err, STATUS_STORAGE, "cannot write '%s': %s", file, strerror(errno));
}

static enum status write_backup(const struct hub_options *options, const char *part,
                                const char *keys, struct error *err)
{
    char from[PATH_BYTES];
    const struct page_key *key = options->vault ? vault_page_key(options->vault) : NULL;
    TRY(path_in(from, options->directory, "hub.db", err));
    TRY(copy_database(from, part, key, err));
    if (chmod(part, 0600) != 0)
        return error_set(err, STATUS_STORAGE, "cannot write '%s': %s", part, strerror(errno));
    TRY(backup_keys_write(part, key, keys, err));
    TRY(add_keys(options->directory, part, key, err));
    if (options->vault)
        TRY(add_slots(options->vault, part, err));
    return sync_file(part, err);
}

/* What the copy that is about to be made holds at the least. */
static enum status read_held(const struct hub_options *options, struct frontier *held,
                             struct error *err)
{
    struct replica *replica = NULL;
    TRY(hub_open_reader(options, 0, &replica, err));
    enum status status = frontier_copy(held, replica_frontier(replica), err);
    replica_close(replica);
    return status;
}

static enum status note_in(struct hub *hub, const struct frontier *held, struct error *err)
{
    TRY(replica_begin(hub->replica, err));
    enum status status = replica_note_backup(hub->replica, held, err);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}

/* One that couldn't be noted is a backup all the same: clients clean up a little later. */
static void note_backup(const struct hub_options *options, const struct frontier *held)
{
    struct hub hub = {0};
    if (hub_open(&hub, options, NULL) == STATUS_OK)
        note_in(&hub, held, NULL);
    hub_close(&hub);
}

static enum status make_backup(const struct hub_options *options, const char *file,
                               struct error *err)
{
    char part[PATH_BYTES], keys[PATH_BYTES], keys_part[PATH_BYTES];
    if ((size_t)snprintf(keys_part, sizeof keys_part, "%s.keys.part", file) >= sizeof keys_part)
        return error_set(err, STATUS_TOO_LARGE, "the path of '%s' is too long", file);
    snprintf(part, sizeof part, "%s.part", file);
    snprintf(keys, sizeof keys, "%s.keys", file);
    if (access(file, F_OK) == 0)
        return error_set(err, STATUS_EXISTS, "'%s' exists already", file);
    unlink(part);
    enum status status = write_backup(options, part, keys_part, err);
    if (status == STATUS_OK && (rename(keys_part, keys) != 0 || rename(part, file) != 0))
        status = error_set(err, STATUS_STORAGE, "cannot write '%s': %s", file, strerror(errno));
    if (status == STATUS_OK)
        status = sync_folder_of(file, err);
    if (status != STATUS_OK) {
        unlink(file);
        unlink(part);
        unlink(keys_part);
    }
    return status;
}

enum status hub_backup(const struct hub_options *options, const char *file, struct error *err)
{
    struct frontier held = {0};
    enum status status = read_held(options, &held, err);
    if (status == STATUS_OK)
        status = make_backup(options, file, err);
    if (status == STATUS_OK)
        note_backup(options, &held);
    frontier_release(&held);
    return status;
}

/* ---- restoring ---- */

static enum status make_empty_folder(const char *directory, struct error *err)
{
    size_t entries = 0;
    if (mkdir(directory, 0700) == 0)
        return STATUS_OK;
    DIR *folder = errno == EEXIST ? opendir(directory) : NULL;
    if (!folder)
        return error_set(err, STATUS_STORAGE, "cannot make '%s': %s", directory, strerror(errno));
    while (readdir(folder))
        entries++;
    closedir(folder);
    return entries <= 2 ? STATUS_OK
                        : error_set(err, STATUS_EXISTS, "the folder '%s' is not empty", directory);
}

static enum status write_key(const char *directory, const char *name, struct bytes key,
                             struct error *err)
{
    char path[PATH_BYTES];
    TRY(path_in(path, directory, name, err));
    return file_create(path, FILE_PRIVATE, key, err);
}

/* Only the names that a hub knows become files. */
static enum status take_keys(sqlite3 *database, const char *directory, struct error *err)
{
    for (size_t i = 0; i < KEY_FILES; i++) {
        sqlite3_stmt *read = NULL;
        enum status status = STATUS_OK;
        if (sqlite3_prepare_v2(database, "SELECT bytes FROM _backup WHERE name = ?", -1, &read,
                               NULL) != SQLITE_OK)
            return error_set(err, STATUS_BAD_INPUT, "the file is not a backup of a hub");
        sqlite3_bind_text(read, 1, key_files[i], -1, SQLITE_STATIC);
        int code = sqlite3_step(read);
        if (code == SQLITE_ROW)
            status = write_key(
                directory, key_files[i],
                bytes_of(sqlite3_column_blob(read, 0), (size_t)sqlite3_column_bytes(read, 0)), err);
        else if (code != SQLITE_DONE)
            status = error_set(err, STATUS_STORAGE, "the database: %s", sqlite3_errmsg(database));
        sqlite3_finalize(read);
        TRY(status);
    }
    return STATUS_OK;
}

static enum status unpack(const struct hub_options *options, const char *file, struct error *err)
{
    char path[PATH_BYTES];
    sqlite3 *database = NULL;
    const struct page_key *key = options->vault ? vault_page_key(options->vault) : NULL;
    TRY(path_in(path, options->directory, "hub.db", err));
    TRY(copy_database(file, path, key, err));
    enum status status = STATUS_OK;
    if (chmod(path, 0600) != 0 || !open_database(path, SQLITE_OPEN_READWRITE, key, &database))
        status = failed(database, path, err);
    if (status == STATUS_OK)
        status = take_keys(database, options->directory, err);
    /* VACUUM leaves no trace of the keys in the database. */
    if (status == STATUS_OK &&
        sqlite3_exec(database,
                     MARK_COPY "DROP TABLE _backup; DELETE FROM _invite WHERE device IS NULL;"
                               "PRAGMA journal_mode = DELETE; VACUUM",
                     NULL, NULL, NULL) != SQLITE_OK)
        status = failed(database, path, err);
    sqlite3_close(database);
    return status;
}

/* The end of a backup; *vault NULL when it isn't encrypted. */
static enum status take_slots(const char *file, struct vault **vault, struct error *err)
{
    uint8_t trailer[TRAILER_MAX], check[CHECK_BYTES];
    *vault = NULL;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, STATUS_NOT_FOUND, "cannot open '%s': %s", file, strerror(errno));
    off_t length = lseek(fd, 0, SEEK_END);
    size_t size = length < TRAILER_MAX ? 0 : TRAILER_MAX;
    bool whole = size == 0 || pread(fd, trailer, size, length - (off_t)size) == (ssize_t)size;
    close(fd);
    if (!whole)
        return error_set(err, STATUS_STORAGE, "cannot read '%s': %s", file, strerror(errno));
    if (size == 0 || memcmp(trailer + size - MAGIC_BYTES, TRAILER_MAGIC, MAGIC_BYTES) != 0)
        return STATUS_OK;
    size_t slots = get_u32le(trailer + size - MAGIC_BYTES - 4);
    if (slots > KEYSLOTS_BYTES_MAX)
        return error_set(err, STATUS_BAD_INPUT, "the key slots are damaged");
    const uint8_t *start = trailer + size - TRAILER_END - slots;
    crypto_generichash(check, sizeof check, start, slots, NULL, 0);
    if (memcmp(check, start + slots, CHECK_BYTES) != 0)
        return error_set(err, STATUS_BAD_INPUT, "the key slots are damaged");
    return vault_decode(vault, bytes_of(start, slots), err);
}

static enum status set_number(struct replica *replica, const char *name, uint64_t number,
                              struct error *err)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return replica_meta_set(replica, name, bytes_text(text), err);
}

enum status hub_begin_anew(struct hub *hub, struct error *err)
{
    struct replica *replica = hub->replica;
    const struct registry *registry = replica_registry(replica);
    uint64_t beacon = replica_entry_head(replica).beacon;
    TRY(replica_new_lineage(replica, err));
    TRY(set_number(replica, "beacon_number", beacon + BEACONS_SKIPPED, err));
    TRY(set_number(replica, "device_floor", registry_next_device(registry) + NUMBERS_SKIPPED, err));
    TRY(set_number(replica, "org_floor", registry_next_org(registry) + NUMBERS_SKIPPED, err));
    TRY(replica_new_life(replica, err));
    TRY(link_keys_follow(hub, NUMBERS_SKIPPED, &hub->links_changed, err));
    return hub_raise_beacon(hub, err);
}

/* A restore that failed leaves the folder as empty as it was. */
static void clear_folder(const char *directory)
{
    static const char *const names[] = {"hub.db",  "hub.db-journal", "hub.db-wal",  "hub.db-shm",
                                        "slots.a", "slots.b",        "slots.a.new", "slots.b.new"};
    char path[PATH_BYTES];
    for (size_t i = 0; i < KEY_FILES; i++)
        if (path_in(path, directory, key_files[i], NULL) == STATUS_OK)
            unlink(path);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (path_in(path, directory, names[i], NULL) == STATUS_OK)
            unlink(path);
}

static enum status restore_into(const struct hub_options *options, const char *file,
                                bool *with_keys, struct error *err)
{
    struct hub hub = {0};
    char keys[PATH_BYTES];
    TRY(unpack(options, file, err));
    snprintf(keys, sizeof keys, "%s.keys", file);
    enum status status = hub_open(&hub, options, err);
    if (status == STATUS_OK)
        status = replica_begin(hub.replica, err);
    if (status == STATUS_OK) {
        status = backup_keys_read(hub.replica, keys, err);
        *with_keys = status == STATUS_OK;
        if (*with_keys || status == STATUS_NOT_FOUND)
            status = replica_commit(hub.replica, err);
        else
            replica_rollback(hub.replica);
    }
    hub_close(&hub);
    return status == STATUS_OK ? sync_file(options->directory, err) : status;
}

enum status hub_restore(const struct hub_options *options, const char *file,
                        const struct backup_unlocker *unlocker, bool *with_keys, struct error *err)
{
    struct vault *vault;
    struct hub_options with = *options;
    TRY(make_empty_folder(options->directory, err));
    TRY(take_slots(file, &vault, err));
    if (vault)
        TRY(unlocker->unlock(unlocker->context, vault, err));
    with.vault = vault;
    enum status status = vault ? vault_settle(vault, options->directory, err) : STATUS_OK;
    if (status == STATUS_OK)
        status = restore_into(&with, file, with_keys, err);
    if (status != STATUS_OK)
        clear_folder(options->directory);
    return status;
}
