#include "common/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Closes `fd` and gives the errno of what went wrong before, or of closing. */
static int finish(int fd, int code)
{
    if (close(fd) != 0 && code == 0)
        return errno;
    return code;
}

static int system_read(void *context, const char *path, uint8_t *bytes, size_t max, size_t *size)
{
    (void)context;
    *size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno;
    uint8_t beyond;
    ssize_t got = 0;
    while (*size < max && (got = read(fd, bytes + *size, max - *size)) > 0)
        *size += (size_t)got;
    got = *size < max ? got : read(fd, &beyond, 1);
    return finish(fd, got < 0 ? errno : got > 0 ? EFBIG : 0);
}

static int system_write(void *context, const char *path, struct bytes bytes)
{
    (void)context;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno;
    for (size_t done = 0; done < bytes.size;) {
        ssize_t put = write(fd, bytes.data + done, bytes.size - done);
        if (put <= 0)
            return finish(fd, put < 0 ? errno : EIO);
        done += (size_t)put;
    }
    return finish(fd, 0);
}

static int system_blank(void *context, const char *path)
{
    static const uint8_t zeros[4096];
    (void)context;
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno;
    off_t left = lseek(fd, 0, SEEK_END), at = 0;
    while (at < left) {
        size_t piece = left - at < (off_t)sizeof zeros ? (size_t)(left - at) : sizeof zeros;
        ssize_t put = pwrite(fd, zeros, piece, at);
        if (put <= 0)
            return finish(fd, put < 0 ? errno : EIO);
        at += put;
    }
    return finish(fd, left < 0 ? errno : 0);
}

static int sync_opened(const char *path, int flags)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0)
        return errno;
    return finish(fd, fsync(fd) == 0 ? 0 : errno);
}

static int system_sync(void *context, const char *path)
{
    (void)context;
    return sync_opened(path, O_NOFOLLOW);
}

static int system_rename(void *context, const char *from, const char *to)
{
    (void)context;
    return rename(from, to) == 0 ? 0 : errno;
}

static int system_sync_folder(void *context, const char *folder)
{
    (void)context;
    return sync_opened(folder, O_DIRECTORY);
}

struct disk disk_system(void)
{
    return (struct disk){.read = system_read,
                         .write = system_write,
                         .sync = system_sync,
                         .blank = system_blank,
                         .rename = system_rename,
                         .sync_folder = system_sync_folder};
}
