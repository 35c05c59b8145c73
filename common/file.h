#ifndef COMMON_FILE_H
#define COMMON_FILE_H

/* Plain files that people name: read with care, since a stick may hold anything, and written so
 * that a name stands for a whole and durable file only. What everything would be lost with goes by
 * the seam of disk.h instead.
 *
 * Failures: STATUS_NOT_FOUND, STATUS_EXISTS, STATUS_DISK_FULL, else STATUS_STORAGE, with the
 * system's word. */

#include <stdio.h>
#include <sys/types.h>

#include "common/bytes.h"

#define FILE_PATH_BYTES 4096

/* Modes of new files, before the umask: for their owner only, or as anybody's documents. */
#define FILE_PRIVATE 0600
#define FILE_SHARED 0666

/* What an errno means to a caller. */
enum status file_status(int code);
/* By errno: set and give what `path` failed with. */
enum status file_cannot_open(const char *path, struct error *err);
enum status file_cannot_write(const char *path, struct error *err);

/* Nothing but a plain file of at most 2 GiB: a pipe or a device on a stick must not hold us up. */
enum status file_open(const char *path, int *fd, struct error *err);
/* The next bytes of an open file; *got is 0 at its end. */
enum status file_read(int fd, const char *path, void *out, size_t most, size_t *got,
                      struct error *err);
/* Appends the content, or a little more than `most` bytes of it. */
enum status file_read_all(const char *path, size_t most, struct buffer *content, struct error *err);

/* A file in the making: PATH.part until it is whole. `fd` -1: nothing to close. */
struct file_draft {
    const char *path; /* borrowed */
    char part[FILE_PATH_BYTES];
    int fd;
    uint64_t bytes; /* put so far */
    FILE *stream;   /* NULL: nobody asked for it */
};
enum status file_draft_open(struct file_draft *draft, const char *path, mode_t mode,
                            struct error *err);
/* `context` is the draft. */
enum status file_draft_put(void *context, struct bytes bytes, struct error *err);
/* For those who print instead of putting; it stays the draft's. */
enum status file_draft_stream(struct file_draft *draft, FILE **stream, struct error *err);
/* After a failure so far, or one here, nothing is left of it, and what had the name before has it
 * still. */
enum status file_draft_close(struct file_draft *draft, enum status so_far, struct error *err);

/* All of a file at once: in place of what has the name, or only where nothing has it. */
enum status file_replace(const char *path, mode_t mode, struct bytes content, struct error *err);
enum status file_create(const char *path, mode_t mode, struct bytes content, struct error *err);

#endif
