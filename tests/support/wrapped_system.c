#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/wrapped.h"

int __real_open(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t size, off_t at);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_ftruncate(int fd, off_t size);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
FILE *__real_fopen(const char *path, const char *mode);
int __real_fclose(FILE *file);
int __real_fflush(FILE *file);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t at);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
FILE *__wrap_fopen(const char *path, const char *mode);
int __wrap_fclose(FILE *file);
int __wrap_fflush(FILE *file);

int (*wrapped_system_fails)(enum wrapped_use use);

static bool fails(enum wrapped_use use)
{
    int code = wrapped_system_fails ? wrapped_system_fails(use) : 0;
    if (code != 0)
        errno = code;
    return code != 0;
}

static int open_or_fail(const char *path, int flags, int mode)
{
    bool writes = flags & (O_CREAT | O_WRONLY | O_RDWR);
    return fails(writes ? WRAPPED_WRITE : WRAPPED_READ) ? -1 : __real_open(path, flags, mode);
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    return open_or_fail(path, flags, mode);
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    return open_or_fail(path, flags, mode);
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    return fails(WRAPPED_READ) ? -1 : __real_read(fd, bytes, size);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    return fails(WRAPPED_WRITE) ? -1 : __real_write(fd, bytes, size);
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    return fails(WRAPPED_WRITE) ? -1 : __real_pwrite64(fd, bytes, size, at);
}

int __wrap_fsync(int fd)
{
    return fails(WRAPPED_WRITE) ? -1 : __real_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
    return fails(WRAPPED_WRITE) ? -1 : __real_fdatasync(fd);
}

int __wrap_ftruncate(int fd, off_t size)
{
    return fails(WRAPPED_WRITE) ? -1 : __real_ftruncate(fd, size);
}

int __wrap_rename(const char *from, const char *to)
{
    return fails(WRAPPED_WRITE) ? -1 : __real_rename(from, to);
}

int __wrap_unlink(const char *path)
{
    return fails(WRAPPED_WRITE) ? -1 : __real_unlink(path);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    bool reads = strcmp(mode, "r") == 0 || strcmp(mode, "rb") == 0;
    return fails(reads ? WRAPPED_READ : WRAPPED_WRITE) ? NULL : __real_fopen(path, mode);
}

int __wrap_fclose(FILE *file)
{
    bool now = fails(WRAPPED_WRITE);
    int code = errno, done = __real_fclose(file);
    errno = now ? code : errno;
    return now ? EOF : done;
}

int __wrap_fflush(FILE *file)
{
    return fails(WRAPPED_WRITE) ? EOF : __real_fflush(file);
}
