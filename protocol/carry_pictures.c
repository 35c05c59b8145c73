#include "protocol/carry_pictures.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/qr.h"
#include "common/qr_read.h"
#include "protocol/bundle_parts.h"

#define SIGNATURE_BYTES_MAX 16

static enum status path_of(const char *folder, unsigned index, unsigned total,
                           char path[FILE_PATH_BYTES], struct error *err)
{
    int size = snprintf(path, FILE_PATH_BYTES, "%s/bundle-%02u-of-%02u.png", folder, index, total);
    if (size >= FILE_PATH_BYTES)
        return error_set(err, STATUS_TOO_LARGE, "the path '%.100s' is too long", folder);
    return STATUS_OK;
}

static enum status write_one(const char *path, const char *text, struct error *err)
{
    struct buffer png = {0};
    enum status status = qr_png(text, &png, err);
    if (status == STATUS_OK)
        status = file_replace(path, FILE_PRIVATE, buffer_bytes(&png), err);
    buffer_release(&png);
    return status;
}

enum status carry_pictures_write(const char *folder, struct bytes bundle, unsigned *count,
                                 struct error *err)
{
    char path[FILE_PATH_BYTES], text[PART_TEXT_MAX + 1];
    unsigned total, done = 0;
    TRY(bundle_parts_count(bundle, &total, err));
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return error_set(err, STATUS_STORAGE, "cannot make '%.120s': %s", folder, strerror(errno));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && done < total) {
        bundle_parts_text(bundle, done + 1, total, text);
        status = path_of(folder, done + 1, total, path, err);
        if (status == STATUS_OK)
            status = write_one(path, text, err);
        done += status == STATUS_OK;
    }
    *count = done;
    for (unsigned i = 1; status != STATUS_OK && i <= done; i++)
        if (path_of(folder, i, total, path, NULL) == STATUS_OK)
            unlink(path);
    return status;
}

bool carry_is_picture(const char *path)
{
    uint8_t start[SIGNATURE_BYTES_MAX];
    size_t got = 0;
    int fd;
    if (file_open(path, &fd, NULL) != STATUS_OK)
        return false;
    bool read = file_read(fd, path, start, sizeof start, &got, NULL) == STATUS_OK;
    close(fd);
    return read && qr_is_picture(bytes_of(start, got));
}

static enum status take_text(void *context, struct bytes text, struct error *err)
{
    return bundle_parts_take(context, text, err);
}

static enum status take_file(struct bundle_parts *parts, const char *path, struct error *err)
{
    struct buffer picture = {0};
    enum status status = file_read_all(path, PICTURE_BYTES_MAX, &picture, err);
    if (status == STATUS_OK) {
        status = qr_read(buffer_bytes(&picture), take_text, parts, err);
        if (status != STATUS_OK)
            error_wrap(err, "'%.120s'", path);
    }
    buffer_release(&picture);
    return status;
}

enum status carry_pictures_read(const char *const *paths, size_t count, struct buffer *bundle,
                                struct error *err)
{
    struct bundle_parts parts = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = take_file(&parts, paths[i], err);
    if (status == STATUS_OK)
        status = bundle_parts_join(&parts, bundle, err);
    bundle_parts_release(&parts);
    return status;
}
