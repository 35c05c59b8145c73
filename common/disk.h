#ifndef COMMON_DISK_H
#define COMMON_DISK_H

/* The seam for small files whose loss would be the loss of everything: six calls to the system,
 * so that a test can cut the power between any two. Each gives 0 or an errno. Databases have
 * SQLite's own seam. */

#include "common/bytes.h"

struct disk {
    /* Up to `max` bytes; more in the file is EFBIG. */
    int (*read)(void *context, const char *path, uint8_t *bytes, size_t max, size_t *size);
    /* Make the file, or begin it anew; 0600. Durable only after `sync`. */
    int (*write)(void *context, const char *path, struct bytes bytes);
    int (*sync)(void *context, const char *path);
    /* Zeros over all that the file holds, in its own blocks. */
    int (*blank)(void *context, const char *path);
    /* Replaces `to` at once; durable only after `sync_folder`. */
    int (*rename)(void *context, const char *from, const char *to);
    int (*sync_folder)(void *context, const char *folder);
    void *context;
};

struct disk disk_system(void);

#endif
