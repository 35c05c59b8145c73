#ifndef TESTS_SUPPORT_SIM_DISK_STATE_H
#define TESTS_SUPPORT_SIM_DISK_STATE_H

/* Inside of sim_disk*.c: what SQLite's files and the small ones have in common. */

#include "tests/support/sim_disk.h"

enum disk_verdict { DISK_WORKS, DISK_HAS_NO_ROOM, DISK_FAILS, DISK_DIES, DISK_IS_DEAD };

/* What a call meets; one that DISK_DIES has begun. `writing`: the call needs room. */
enum disk_verdict disk_meet(struct sim_disk *disk, bool writing);

/* NULL: this path is on no simulated disk. */
struct sim_disk *disk_of(const char *path);
/* NULL: there is none, and none is to be made. */
struct disk_file *disk_file_of(struct sim_disk *disk, const char *path, bool make);
void disk_resize(struct disk_content *content, size_t size);
/* These bytes of `now` aren't safe yet. */
void disk_mark(struct disk_file *file, size_t from, size_t to);
/* All of `now` is safe. */
void disk_keep(struct disk_file *file);
/* A file moves to a name, in place of what that stood for; from now on the folder isn't synced. */
void disk_rename(struct disk_file *from, struct disk_file *to);
/* It stays there. */
void disk_settle_name(struct disk_file *file);
void disk_forget_shared(struct disk_file *file);
void *disk_must(void *memory);

#endif
