#include "protocol/carry_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mutant.h"

#define FILE_BYTES_MAX (2LL << 30) /* a stick with FAT32 takes 4 GiB */

static enum status status_of(int code)
{
    return code == ENOENT                     ? STATUS_NOT_FOUND
           : code == ENOSPC || code == EDQUOT ? STATUS_DISK_FULL
                                              : STATUS_STORAGE;
}

enum status carry_open(const char *path, int *fd, struct error *err)
{
    struct stat found;
    bool any = MUTANT("t10-any-file-opened");
    *fd = open(path, O_RDONLY | O_CLOEXEC | (any ? 0 : O_NOFOLLOW | O_NONBLOCK));
    if (*fd < 0)
        return error_set(err, status_of(errno), "cannot open '%.120s': %s", path, strerror(errno));
    if (any ||
        (fstat(*fd, &found) == 0 && S_ISREG(found.st_mode) && found.st_size <= FILE_BYTES_MAX))
        return STATUS_OK;
    close(*fd);
    return error_set(err, STATUS_BAD_INPUT, "'%.120s' is not a plain file of at most 2 GiB", path);
}

enum status carry_read(int fd, const char *path, void *out, size_t most, size_t *got,
                       struct error *err)
{
    ssize_t size = read(fd, out, most);
    if (size < 0)
        return error_set(err, status_of(errno), "cannot read '%.120s': %s", path, strerror(errno));
    *got = (size_t)size;
    return STATUS_OK;
}

enum status carry_draft_open(struct carry_draft *draft, const char *path, struct error *err)
{
    *draft = (struct carry_draft){.path = path, .fd = -1};
    if ((size_t)snprintf(draft->part, sizeof draft->part, "%s.part", path) >= sizeof draft->part)
        return error_set(err, STATUS_TOO_LARGE, "the path of '%.120s' is too long", path);
    draft->fd = open(draft->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return draft->fd >= 0 ? STATUS_OK
                          : error_set(err, status_of(errno), "cannot make '%.120s': %s", path,
                                      strerror(errno));
}

enum status carry_draft_put(void *context, struct bytes bytes, struct error *err)
{
    struct carry_draft *draft = context;
    while (bytes.size > 0) {
        ssize_t put = write(draft->fd, bytes.data, bytes.size);
        if (put <= 0)
            return error_set(err, status_of(errno), "cannot write '%.120s': %s", draft->path,
                             strerror(errno));
        draft->bytes += (uint64_t)put;
        bytes = bytes_of(bytes.data + put, bytes.size - (size_t)put);
    }
    return STATUS_OK;
}

enum status carry_draft_close(struct carry_draft *draft, enum status so_far, struct error *err)
{
    if (draft->fd < 0)
        return so_far;
    bool synced = so_far == STATUS_OK && fsync(draft->fd) == 0;
    close(draft->fd);
    if (synced && rename(draft->part, draft->path) == 0)
        return STATUS_OK;
    enum status status = so_far == STATUS_OK
                             ? error_set(err, status_of(errno), "cannot write '%.120s': %s",
                                         draft->path, strerror(errno))
                             : so_far;
    unlink(draft->part);
    return status;
}

enum status carry_read_all(const char *path, size_t most, struct buffer *content, struct error *err)
{
    uint8_t piece[4096];
    int fd;
    size_t got = 1;
    TRY(carry_open(path, &fd, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && got > 0 && content->size <= most) {
        status = carry_read(fd, path, piece, sizeof piece, &got, err);
        if (status == STATUS_OK && buffer_append(content, piece, got) != STATUS_OK)
            status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    close(fd);
    return status;
}
