#ifndef TESTS_SUPPORT_FAKE_DISK_H
#define TESTS_SUPPORT_FAKE_DISK_H

/* A folder in memory that can lose its power between any two calls. What a file holds lasts only
 * after sync, and a name only after sync_folder; whatever wasn't synced may be there, be missing or
 * be torn when the machine is on again. */

#include "common/disk.h"

#define FAKE_FILES_MAX 64
#define FAKE_NAMES_MAX 8
#define FAKE_CHANGES_MAX 16
#define FAKE_BYTES_MAX 6000
#define FAKE_PATH_MAX 64

struct fake_content {
    uint8_t bytes[FAKE_BYTES_MAX];
    size_t size;
};
struct fake_file {
    struct fake_content now, platter;
    bool dirty;
};
struct fake_name {
    char path[FAKE_PATH_MAX]; /* "": free */
    int file;
};
/* A name that was made, or moved here from `from`. */
struct fake_change {
    char from[FAKE_PATH_MAX], to[FAKE_PATH_MAX];
    int file;
};

struct fake_disk {
    struct fake_file files[FAKE_FILES_MAX];
    size_t files_count;
    struct fake_name now[FAKE_NAMES_MAX], platter[FAKE_NAMES_MAX];
    struct fake_change changes[FAKE_CHANGES_MAX]; /* since sync_folder */
    size_t changes_count;
    unsigned calls;   /* that write or sync, so far */
    unsigned fail_at; /* this one fails with `code`; 0: none */
    bool dead;        /* and all behind it */
    int code;
};

struct disk fake_disk(struct fake_disk *fake);
/* Power off and on; the same seed damages alike. */
void fake_disk_cut(struct fake_disk *fake, uint64_t seed);
/* What a file holds now; NULL: there is none. */
struct fake_content *fake_disk_file(struct fake_disk *fake, const char *path);

#endif
