#ifndef SERVER_RUNNING_H
#define SERVER_RUNNING_H

/* DIR/running: that a hub serves this folder, and how many are connected.
 *
 * The running hub holds a lock on the file, which the system takes away when the process ends,
 * however it ends; so what a dead hub left there counts for nothing. Nothing here is synced: it is
 * about now. Not for two threads at once. */

#include <stdbool.h>

#include "common/error.h"

struct running {
    int fd;
};

struct running_counts {
    unsigned connected; /* clients whose device is known */
    unsigned strangers; /* connections that haven't shown who they are */
};

/* Lock the folder for this process. STATUS_EXISTS when another hub serves it. */
enum status running_open(struct running *running, const char *directory, struct error *err);
void running_tell(const struct running *running, struct running_counts counts);
/* Also without running_open having succeeded. */
void running_close(struct running *running);

/* What the hub that serves `directory` says; zeros when none does. */
struct running_counts running_read(const char *directory);

#endif
