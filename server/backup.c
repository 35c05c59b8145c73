#include "server/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define KEY_BYTES_MAX 4096
#define NUMBERS_SKIPPED 1000    /* devices and orgs that the lost time may have named */
#define BEACONS_SKIPPED 1000000 /* beacons that it may have sent */

static const char *const key_files[] = {"root.key", "authority.key"};
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

static enum status copy_database(const char *from, const char *to, struct error *err)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *copy = NULL;
    enum status status = STATUS_OK;
    if (sqlite3_open_v2(from, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
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

static enum status add_keys(const char *directory, const char *file, struct error *err)
{
    sqlite3 *database = NULL;
    uint8_t key[KEY_BYTES_MAX];
    size_t size;
    enum status status = STATUS_OK;
    if (sqlite3_open_v2(file, &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(database,
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

enum status hub_backup(const char *directory, const char *file, struct error *err)
{
    char from[PATH_BYTES], part[PATH_BYTES];
    TRY(path_in(from, directory, "hub.db", err));
    if ((size_t)snprintf(part, sizeof part, "%s.part", file) >= sizeof part)
        return error_set(err, STATUS_TOO_LARGE, "the path of '%s' is too long", file);
    if (access(file, F_OK) == 0)
        return error_set(err, STATUS_EXISTS, "'%s' exists already", file);
    unlink(part);
    enum status status = copy_database(from, part, err);
    if (status == STATUS_OK && chmod(part, 0600) != 0)
        status = error_set(err, STATUS_STORAGE, "cannot write '%s': %s", part, strerror(errno));
    if (status == STATUS_OK)
        status = add_keys(directory, part, err);
    if (status == STATUS_OK)
        status = sync_file(part, err);
    if (status == STATUS_OK && rename(part, file) != 0)
        status = error_set(err, STATUS_STORAGE, "cannot write '%s': %s", file, strerror(errno));
    if (status != STATUS_OK)
        unlink(part);
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
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write(fd, key.data, key.size) == (ssize_t)key.size && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return written ? STATUS_OK
                   : error_set(err, STATUS_STORAGE, "cannot write '%s': %s", name, strerror(errno));
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
        if (sqlite3_step(read) == SQLITE_ROW)
            status = write_key(
                directory, key_files[i],
                bytes_of(sqlite3_column_blob(read, 0), (size_t)sqlite3_column_bytes(read, 0)), err);
        sqlite3_finalize(read);
        TRY(status);
    }
    return STATUS_OK;
}

static enum status unpack(const char *directory, const char *file, struct error *err)
{
    char path[PATH_BYTES];
    sqlite3 *database = NULL;
    TRY(path_in(path, directory, "hub.db", err));
    TRY(copy_database(file, path, err));
    enum status status = STATUS_OK;
    if (chmod(path, 0600) != 0 ||
        sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        status = failed(database, path, err);
    if (status == STATUS_OK)
        status = take_keys(database, directory, err);
    /* VACUUM leaves no trace of the keys in the database. */
    if (status == STATUS_OK &&
        sqlite3_exec(database,
                     "DROP TABLE _backup; DELETE FROM _invite WHERE device IS NULL;"
                     "PRAGMA journal_mode = DELETE; VACUUM",
                     NULL, NULL, NULL) != SQLITE_OK)
        status = failed(database, path, err);
    sqlite3_close(database);
    return status;
}

static enum status set_number(struct replica *replica, const char *name, uint64_t number,
                              struct error *err)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return replica_meta_set(replica, name, bytes_text(text), err);
}

/* What makes the restored hub another one. */
static enum status begin_anew(struct hub *hub, struct error *err)
{
    struct replica *replica = hub->replica;
    const struct registry *registry = replica_registry(replica);
    uint64_t lineage, beacon = replica_entry_head(replica).beacon;
    randombytes_buf(&lineage, sizeof lineage);
    TRY(set_number(replica, "lineage", lineage >> 1, err));
    TRY(set_number(replica, "beacon_number", beacon + BEACONS_SKIPPED, err));
    TRY(set_number(replica, "device_floor", registry_next_device(registry) + NUMBERS_SKIPPED, err));
    TRY(set_number(replica, "org_floor", registry_next_org(registry) + NUMBERS_SKIPPED, err));
    TRY(replica_new_life(replica, err));
    return hub_raise_beacon(hub, err);
}

/* A restore that failed leaves the folder as empty as it was. */
static void clear_folder(const char *directory)
{
    static const char *const names[] = {"root.key", "authority.key", "hub.db", "hub.db-journal",
                                        "hub.db-wal", "hub.db-shm"};
    char path[PATH_BYTES];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (path_in(path, directory, names[i], NULL) == STATUS_OK)
            unlink(path);
}

enum status hub_restore(const struct hub_options *options, const char *file, struct error *err)
{
    struct hub hub = {0};
    TRY(make_empty_folder(options->directory, err));
    enum status status = unpack(options->directory, file, err);
    if (status == STATUS_OK)
        status = hub_open(&hub, options, err);
    if (status == STATUS_OK)
        status = replica_begin(hub.replica, err);
    if (status == STATUS_OK) {
        status = begin_anew(&hub, err);
        if (status == STATUS_OK)
            status = replica_commit(hub.replica, err);
        else
            replica_rollback(hub.replica);
    }
    hub_close(&hub);
    if (status != STATUS_OK)
        clear_folder(options->directory);
    return status;
}
