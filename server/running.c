#include "server/running.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define LINE_BYTES 64

static enum status open_file(const char *directory, int flags, int *fd, struct error *err)
{
    char path[PATH_BYTES];
    if ((size_t)snprintf(path, sizeof path, "%s/running", directory) >= sizeof path)
        return error_set(err, STATUS_TOO_LARGE, "the path of '%s' is too long", "running");
    *fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return error_set(err, STATUS_STORAGE, "cannot make '%s': %s", "running", strerror(errno));
    return STATUS_OK;
}

enum status running_open(struct running *running, const char *directory, struct error *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    running->fd = -1;
    TRY(open_file(directory, O_RDWR | O_CREAT, &running->fd, err));
    if (fcntl(running->fd, F_SETLK, &whole) == 0) {
        running_tell(running, (struct running_counts){0});
        return STATUS_OK;
    }
    bool taken = errno == EACCES || errno == EAGAIN;
    int code = errno;
    running_close(running);
    if (taken)
        return error_set(err, STATUS_EXISTS, "another hub serves the folder '%.120s' already",
                         directory);
    return error_set(err, STATUS_STORAGE, "cannot lock '%s': %s", "running", strerror(code));
}

/* Lines of one length, so that a reader never sees two mixed. */
void running_tell(const struct running *running, struct running_counts counts)
{
    char line[LINE_BYTES + 1];
    snprintf(line, sizeof line, "connected=%-10u strangers=%-10u %*s\n", counts.connected,
             counts.strangers, LINE_BYTES - 43, "");
    if (running->fd >= 0 && pwrite(running->fd, line, strlen(line), 0) < 0)
        return; /* nobody can be told; serving goes on */
}

void running_close(struct running *running)
{
    if (running->fd >= 0)
        close(running->fd);
    running->fd = -1;
}

struct running_counts running_read(const char *directory)
{
    struct running_counts counts = {0};
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char line[LINE_BYTES + 1] = "";
    int fd;
    if (open_file(directory, O_RDONLY, &fd, NULL) != STATUS_OK)
        return counts;
    bool served = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (served && read(fd, line, LINE_BYTES) > 0 &&
        sscanf(line, "connected=%u strangers=%u", &counts.connected, &counts.strangers) != 2)
        counts = (struct running_counts){0};
    close(fd);
    return counts;
}
