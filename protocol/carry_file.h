#ifndef PROTOCOL_CARRY_FILE_H
#define PROTOCOL_CARRY_FILE_H

/* Files that travel: read with care, since a stick may hold anything, and written so that a name
 * stands for a whole and durable file only. */

#include "common/bytes.h"

#define CARRY_PATH_BYTES 4096

/* Nothing but a plain file of at most 2 GiB: a pipe or a device on a stick must not hold us up. */
enum status carry_open(const char *path, int *fd, struct error *err);
/* Appends the content, or a little more than `most` bytes of it. */
enum status carry_read_all(const char *path, size_t most, struct buffer *content,
                           struct error *err);
/* The next bytes of an open file; *got is 0 at its end. */
enum status carry_read(int fd, const char *path, void *out, size_t most, size_t *got,
                       struct error *err);

/* A file in the making; it gets its name when it is whole and durable. `fd` -1: nothing to close.
 */
struct carry_draft {
    const char *path;
    char part[CARRY_PATH_BYTES];
    int fd;
    uint64_t bytes;
};
enum status carry_draft_open(struct carry_draft *draft, const char *path, struct error *err);
/* `context` is the draft. */
enum status carry_draft_put(void *context, struct bytes bytes, struct error *err);
/* After a failure so far, or one here, nothing is left of the file. */
enum status carry_draft_close(struct carry_draft *draft, enum status so_far, struct error *err);

#endif
