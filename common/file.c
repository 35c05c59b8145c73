#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mutant.h"

#define FILE_BYTES_MAX (2LL << 30) /* a stick with FAT32 takes 4 GiB */

enum status file_status(int code)
{
    return code == ENOENT                     ? STATUS_NOT_FOUND
           : code == EEXIST                   ? STATUS_EXISTS
           : code == ENOSPC || code == EDQUOT ? STATUS_DISK_FULL
                                              : STATUS_STORAGE;
}

enum status file_cannot_open(const char *path, struct error *err)
{
    return error_set(err, file_status(errno), "cannot open '%.120s': %s", path, strerror(errno));
}

enum status file_cannot_write(const char *path, struct error *err)
{
    return error_set(err, file_status(errno), "cannot write '%.120s': %s", path, strerror(errno));
}

enum status file_open(const char *path, int *fd, struct error *err)
{
    struct stat found;
    bool any = MUTANT("t10-any-file-opened");
    *fd = open(path, O_RDONLY | O_CLOEXEC | (any ? 0 : O_NOFOLLOW | O_NONBLOCK));
    if (*fd < 0)
        return file_cannot_open(path, err);
    if (any ||
        (fstat(*fd, &found) == 0 && S_ISREG(found.st_mode) && found.st_size <= FILE_BYTES_MAX))
        return STATUS_OK;
    close(*fd);
    return error_set(err, STATUS_BAD_INPUT, "'%.120s' is not a plain file of at most 2 GiB", path);
}

enum status file_read(int fd, const char *path, void *out, size_t most, size_t *got,
                      struct error *err)
{
    ssize_t size = read(fd, out, most);
    if (size < 0)
        return error_set(err, file_status(errno), "cannot read '%.120s': %s", path,
                         strerror(errno));
    *got = (size_t)size;
    return STATUS_OK;
}

enum status file_read_all(const char *path, size_t most, struct buffer *content, struct error *err)
{
    uint8_t piece[4096];
    int fd;
    size_t got = 1;
    TRY(file_open(path, &fd, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && got > 0 && content->size <= most) {
        status = file_read(fd, path, piece, sizeof piece, &got, err);
        if (status == STATUS_OK && buffer_append(content, piece, got) != STATUS_OK)
            status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    close(fd);
    return status;
}

/* ---- files in the making ---- */

enum status file_draft_open(struct file_draft *draft, const char *path, mode_t mode,
                            struct error *err)
{
    *draft = (struct file_draft){.path = path, .fd = -1};
    if ((size_t)snprintf(draft->part, sizeof draft->part, "%s.part", path) >= sizeof draft->part)
        return error_set(err, STATUS_TOO_LARGE, "the path '%.100s' is too long", path);
    unlink(draft->part); /* what a power cut left */
    draft->fd = open(draft->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    return draft->fd >= 0 ? STATUS_OK : file_cannot_write(draft->part, err);
}

/* errno says why not. */
static bool put_all(int fd, struct bytes bytes)
{
    while (bytes.size > 0) {
        errno = EIO; /* of a write that takes nothing */
        ssize_t put = write(fd, bytes.data, bytes.size);
        if (put <= 0)
            return false;
        bytes = bytes_of(bytes.data + put, bytes.size - (size_t)put);
    }
    return true;
}

enum status file_draft_put(void *context, struct bytes bytes, struct error *err)
{
    struct file_draft *draft = context;
    if (!put_all(draft->fd, bytes))
        return file_cannot_write(draft->part, err);
    draft->bytes += bytes.size;
    return STATUS_OK;
}

enum status file_draft_stream(struct file_draft *draft, FILE **stream, struct error *err)
{
    *stream = draft->stream = fdopen(draft->fd, "w");
    return *stream ? STATUS_OK : file_cannot_write(draft->part, err);
}

static bool make_durable(struct file_draft *draft)
{
    bool flushed = !draft->stream || (!ferror(draft->stream) && fflush(draft->stream) == 0);
    return flushed && fsync(draft->fd) == 0;
}

enum status file_draft_close(struct file_draft *draft, enum status so_far, struct error *err)
{
    if (draft->fd < 0)
        return so_far;
    enum status status = so_far;
    if (status == STATUS_OK && !make_durable(draft))
        status = file_cannot_write(draft->part, err);
    bool closed = (draft->stream ? fclose(draft->stream) : close(draft->fd)) == 0;
    if (status == STATUS_OK && (!closed || rename(draft->part, draft->path) != 0))
        status = file_cannot_write(draft->path, err);
    if (status != STATUS_OK)
        unlink(draft->part);
    return status;
}

enum status file_replace(const char *path, mode_t mode, struct bytes content, struct error *err)
{
    struct file_draft draft;
    enum status status = file_draft_open(&draft, path, mode, err);
    if (status == STATUS_OK)
        status = file_draft_put(&draft, content, err);
    return file_draft_close(&draft, status, err);
}

enum status file_create(const char *path, mode_t mode, struct bytes content, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return file_cannot_write(path, err);
    enum status status = STATUS_OK;
    if (!put_all(fd, content) || fsync(fd) != 0)
        status = file_cannot_write(path, err);
    if (close(fd) != 0 && status == STATUS_OK)
        status = file_cannot_write(path, err);
    if (status != STATUS_OK)
        unlink(path);
    return status;
}
