#include "common/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB_USUAL 16
#define MIB_MOST 4096

static off_t wanted_bytes(void)
{
    const char *text = getenv("JINQIU_BALLAST");
    long mib = text ? strtol(text, NULL, 10) : MIB_USUAL;
    return (off_t)(mib < 0 || mib > MIB_MOST ? MIB_USUAL : mib) * 1024 * 1024;
}

static bool is_there(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && found.st_size >= wanted_bytes(); /* else it was half made */
}

bool ballast_missing(const char *path)
{
    return wanted_bytes() > 0 && !is_there(path);
}

static enum status disk_full(struct error *err)
{
    return error_set(err, STATUS_DISK_FULL,
                     "the disk is full: what was saved is safe and can be read and sent, but "
                     "nothing new can be saved until some space is freed");
}

enum status ballast_hold(const char *path, struct error *err)
{
    if (!ballast_missing(path))
        return STATUS_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno == ENOSPC || errno == EDQUOT ? disk_full(err) : STATUS_OK;
    int code = posix_fallocate(fd, 0, wanted_bytes());
    close(fd);
    if (code == 0)
        return STATUS_OK;
    unlink(path);
    /* Where room can't be set aside at all, saving goes on without. */
    return code == ENOSPC || code == EDQUOT || code == EFBIG ? disk_full(err) : STATUS_OK;
}

bool ballast_drop(const char *path)
{
    return unlink(path) == 0;
}
