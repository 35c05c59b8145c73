#include "common/twin_file.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/mutant.h"

#define HEAD_BYTES (TWIN_MAGIC_BYTES + 8 + 4)
#define CHECK_BYTES 32
#define FILE_MAX (HEAD_BYTES + TWIN_PAYLOAD_MAX + CHECK_BYTES)

struct copy {
    uint8_t bytes[FILE_MAX];
    size_t size;
    int code; /* errno of reading it */
    uint64_t generation;
    struct bytes payload; /* data NULL: not whole */
};

static enum status path_of(const struct twin_file *twin, int which, const char *suffix, char *path,
                           struct error *err)
{
    int size =
        snprintf(path, TWIN_PATH_MAX, "%s/%s.%c%s", twin->folder, twin->name, 'a' + which, suffix);
    if (size < 0 || size >= TWIN_PATH_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the path '%.100s' is too long", twin->folder);
    return STATUS_OK;
}

static void look_inside(const struct twin_file *twin, struct copy *copy)
{
    uint8_t check[CHECK_BYTES];
    if (copy->size < HEAD_BYTES + CHECK_BYTES ||
        memcmp(copy->bytes, twin->magic, TWIN_MAGIC_BYTES) != 0)
        return;
    size_t payload = get_u32le(copy->bytes + TWIN_MAGIC_BYTES + 8);
    if (payload != copy->size - HEAD_BYTES - CHECK_BYTES)
        return;
    crypto_generichash(check, sizeof check, copy->bytes, copy->size - CHECK_BYTES, NULL, 0);
    if (memcmp(check, copy->bytes + copy->size - CHECK_BYTES, CHECK_BYTES) != 0)
        return;
    copy->generation = get_u64le(copy->bytes + TWIN_MAGIC_BYTES);
    copy->payload = bytes_of(copy->bytes + HEAD_BYTES, payload);
}

static enum status read_copy(const struct twin_file *twin, int which, struct copy *copy,
                             struct error *err)
{
    char path[TWIN_PATH_MAX];
    *copy = (struct copy){0};
    TRY(path_of(twin, which, "", path, err));
    copy->code =
        twin->disk->read(twin->disk->context, path, copy->bytes, sizeof copy->bytes, &copy->size);
    if (copy->code == 0)
        look_inside(twin, copy);
    return STATUS_OK;
}

static enum status no_copy(const struct twin_file *twin, const struct copy copies[2],
                           struct error *err)
{
    bool gone[2], read[2];
    for (int i = 0; i < 2; i++) {
        gone[i] = copies[i].code == ENOENT || copies[i].code == ENOTDIR;
        read[i] = copies[i].code == 0 || copies[i].code == EFBIG;
    }
    if (gone[0] && gone[1])
        return error_set(err, STATUS_NOT_FOUND, "'%s' is not there", twin->name);
    if (!read[0] && !read[1])
        return error_set(err, STATUS_STORAGE, "cannot read '%s': %s", twin->name,
                         strerror(copies[gone[0]].code));
    return error_set(err, STATUS_BAD_INPUT, "'%s.a' and '%s.b' are damaged", twin->name,
                     twin->name);
}

enum status twin_load(struct twin_file *twin, uint8_t *payload, size_t *size, struct error *err)
{
    struct copy copies[2];
    *size = 0;
    twin->generation = 0;
    twin->newest = 0;
    twin->alike = false;
    for (int i = 0; i < 2; i++)
        TRY(read_copy(twin, i, &copies[i], err));
    bool whole[2] = {copies[0].payload.data != NULL, copies[1].payload.data != NULL};
    if (!whole[0] && !whole[1])
        return no_copy(twin, copies, err);
    twin->newest = !whole[0] || (whole[1] && copies[1].generation > copies[0].generation) ? 1 : 0;
    const struct copy *newest = &copies[twin->newest];
    twin->generation = newest->generation;
    twin->alike = whole[0] && whole[1] && copies[0].generation == copies[1].generation &&
                  bytes_equal(copies[0].payload, copies[1].payload);
    memcpy(payload, newest->payload.data, newest->payload.size);
    *size = newest->payload.size;
    return STATUS_OK;
}

static enum status failed(const struct twin_file *twin, int code, struct error *err)
{
    return error_set(err, file_status(code), "cannot write '%s': %s", twin->name, strerror(code));
}

static enum status write_copy(const struct twin_file *twin, int which, struct bytes content,
                              struct error *err)
{
    const struct disk *disk = twin->disk;
    char path[TWIN_PATH_MAX], part[TWIN_PATH_MAX];
    TRY(path_of(twin, which, "", path, err));
    TRY(path_of(twin, which, ".new", part, err));
    int code = disk->write(disk->context, part, content);
    if (code == 0 && !MUTANT("t17-slots-not-synced"))
        code = disk->sync(disk->context, part);
    if (code == 0)
        code = disk->rename(disk->context, part, path);
    if (code == 0)
        code = disk->sync_folder(disk->context, twin->folder);
    return code == 0 ? STATUS_OK : failed(twin, code, err);
}

static size_t put_together(const struct twin_file *twin, uint8_t *content, struct bytes payload)
{
    assert(payload.size <= TWIN_PAYLOAD_MAX);
    memcpy(content, twin->magic, TWIN_MAGIC_BYTES);
    put_u64le(content + TWIN_MAGIC_BYTES, twin->generation);
    put_u32le(content + TWIN_MAGIC_BYTES + 8, (uint32_t)payload.size);
    memcpy(content + HEAD_BYTES, payload.data, payload.size);
    size_t size = HEAD_BYTES + payload.size;
    crypto_generichash(content + size, CHECK_BYTES, content, size, NULL, 0);
    return size + CHECK_BYTES;
}

enum status twin_save(struct twin_file *twin, struct bytes payload, struct error *err)
{
    uint8_t content[FILE_MAX];
    int first = twin->generation == 0 || twin->newest == 1 ? 0 : 1;
    twin->generation++;
    size_t size = put_together(twin, content, payload);
    enum status status = write_copy(twin, first, bytes_of(content, size), err);
    if (status != STATUS_OK) {
        twin->generation--;
        return status;
    }
    twin->newest = first;
    twin->alike = write_copy(twin, !first, bytes_of(content, size), NULL) == STATUS_OK;
    return STATUS_OK;
}

enum status twin_heal(struct twin_file *twin, struct bytes payload, struct error *err)
{
    uint8_t content[FILE_MAX];
    if (twin->alike)
        return STATUS_OK;
    size_t size = put_together(twin, content, payload);
    TRY(write_copy(twin, !twin->newest, bytes_of(content, size), err));
    twin->alike = true;
    return STATUS_OK;
}

enum status twin_erase(struct twin_file *twin, struct bytes payload, struct error *err)
{
    const struct disk *disk = twin->disk;
    for (int i = 0; i < 2; i++) {
        char path[TWIN_PATH_MAX];
        TRY(path_of(twin, i, "", path, err));
        int code = disk->blank(disk->context, path);
        if (code == 0)
            code = disk->sync(disk->context, path);
        if (code != 0 && code != ENOENT)
            return failed(twin, code, err);
    }
    TRY(twin_save(twin, payload, err));
    return twin_heal(twin, payload, err);
}
