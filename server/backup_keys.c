#include "server/backup_keys.h"

#include <errno.h>
#include <sodium.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "common/disk.h"
#include "common/seal.h"

#define MAGIC "JQKEYS 1"
#define MAGIC_BYTES 8
#define CHECK_BYTES 32
#define FILE_BYTES_MAX (1024 * 1024 * 1024)

static enum status collect(sqlite3 *database, struct buffer *out, struct error *err)
{
    sqlite3_stmt *read = NULL;
    enum status status = buffer_append(out, MAGIC, MAGIC_BYTES);
    uint8_t check[CHECK_BYTES];
    int code = sqlite3_prepare_v2(database, "SELECT wrapped FROM _key WHERE wrapped IS NOT NULL",
                                  -1, &read, NULL);
    bool good = code == SQLITE_OK;
    while (status == STATUS_OK && good && (code = sqlite3_step(read)) == SQLITE_ROW)
        if (sqlite3_column_bytes(read, 0) == SEAL_WRAPPED_BYTES)
            status = buffer_append(out, sqlite3_column_blob(read, 0), SEAL_WRAPPED_BYTES);
    sqlite3_finalize(read);
    crypto_generichash(check, sizeof check, out->data, out->size, NULL, 0);
    if (status == STATUS_OK)
        status = buffer_append(out, check, sizeof check);
    if (status == STATUS_OK && code != SQLITE_DONE)
        return error_set(err, STATUS_STORAGE, "the database: %s", sqlite3_errmsg(database));
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

static enum status write_file(const char *file, struct bytes bytes, struct error *err)
{
    struct disk disk = disk_system();
    int code = disk.write(disk.context, file, bytes);
    if (code == 0)
        code = disk.sync(disk.context, file);
    return code == 0
               ? STATUS_OK
               : error_set(err, STATUS_STORAGE, "cannot write '%s': %s", file, strerror(code));
}

enum status backup_keys_write(const char *part, const struct page_key *key, const char *file,
                              struct error *err)
{
    sqlite3 *database = NULL;
    struct buffer keys = {0};
    bool opened = sqlite3_open_v2(part, &database, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
                  (!key || page_cipher_apply(database, key, NULL) == STATUS_OK);
    enum status status =
        opened ? collect(database, &keys, err)
               : error_set(err, STATUS_STORAGE, "the database: %s", sqlite3_errmsg(database));
    if (status == STATUS_OK)
        status = write_file(file, buffer_bytes(&keys), err);
    /* No journal, and zeros where they stood: the copy isn't anything yet. */
    if (status == STATUS_OK && sqlite3_exec(database,
                                            "PRAGMA journal_mode = OFF; PRAGMA secure_delete = ON;"
                                            "UPDATE _key SET wrapped = NULL",
                                            NULL, NULL, NULL) != SQLITE_OK)
        status = error_set(err, STATUS_STORAGE, "the database: %s", sqlite3_errmsg(database));
    sqlite3_close(database);
    buffer_release(&keys);
    return status;
}

/* ---- putting back ---- */

static enum status read_file(const char *file, struct buffer *out, struct error *err)
{
    struct disk disk = disk_system();
    struct stat found;
    if (lstat(file, &found) != 0)
        return error_set(err, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_STORAGE,
                         "cannot open '%s': %s", file, strerror(errno));
    if (!S_ISREG(found.st_mode) || found.st_size > FILE_BYTES_MAX)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is damaged", file);
    size_t bytes = (size_t)found.st_size;
    if (buffer_reserve(out, bytes) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    int code = disk.read(disk.context, file, out->data, bytes, &out->size);
    return code == 0 ? STATUS_OK
                     : error_set(err, STATUS_STORAGE, "cannot read '%s': %s", file, strerror(code));
}

static bool is_whole(struct bytes file)
{
    uint8_t check[CHECK_BYTES];
    if (file.size < MAGIC_BYTES + CHECK_BYTES || memcmp(file.data, MAGIC, MAGIC_BYTES) != 0 ||
        (file.size - MAGIC_BYTES - CHECK_BYTES) % SEAL_WRAPPED_BYTES != 0)
        return false;
    crypto_generichash(check, sizeof check, file.data, file.size - CHECK_BYTES, NULL, 0);
    return memcmp(check, file.data + file.size - CHECK_BYTES, CHECK_BYTES) == 0;
}

static enum status put_back(struct replica *replica, struct bytes keys, struct error *err)
{
    sqlite3_stmt *put = NULL;
    enum status status = STATUS_OK;
    TRY(replica_prepare(replica, "UPDATE _key SET wrapped = ?2 WHERE id = ?1 AND wrapped IS NULL",
                        &put, err));
    for (size_t at = 0; status == STATUS_OK && at < keys.size; at += SEAL_WRAPPED_BYTES) {
        struct seal_id id = value_key_id(replica_network(replica), keys.data + at);
        sqlite3_bind_int64(put, 1, (int64_t)get_u64le(id.bytes));
        sqlite3_bind_blob(put, 2, keys.data + at, SEAL_WRAPPED_BYTES, SQLITE_STATIC);
        status = replica_run(replica, put, err);
    }
    sqlite3_finalize(put);
    return status;
}

enum status backup_keys_read(struct replica *replica, const char *file, struct error *err)
{
    struct buffer keys = {0};
    enum status status = read_file(file, &keys, err);
    if (status == STATUS_OK && !is_whole(buffer_bytes(&keys)))
        status = error_set(err, STATUS_BAD_INPUT, "'%s' is damaged", file);
    if (status == STATUS_OK)
        status = put_back(
            replica, bytes_of(keys.data + MAGIC_BYTES, keys.size - MAGIC_BYTES - CHECK_BYTES), err);
    buffer_release(&keys);
    return status;
}
