#ifndef TESTS_SUPPORT_SIM_DISK_H
#define TESTS_SUPPORT_SIM_DISK_H

/* Disks of machines that live in tests: SQLite's files and key slots in memory, and the faults of
 * real disks.
 *
 * Each file has two sides: `now` is what the process reads back, `kept` is what the platter holds.
 * A sync carries over the 512-byte sectors that were written since. When the power goes, every
 * sector on its way is there, missing or torn; on cheap flash the rest of a torn one is spoiled. A
 * file that was renamed bears the new name or the old one until its folder is synced.
 * Files are in memory only; SQLite finds them through a VFS that is the process's default one. Not
 * thread-safe. Releasing {0} does nothing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/disk.h"

#define DISK_FILES_MAX 8 /* the database, -wal, -journal, slots.a, slots.b and their new ones */
#define DISK_SECTOR_BYTES 512
#define DISK_PATH_BYTES 160

struct disk_content {
    uint8_t *bytes;
    size_t size, capacity;
    bool exists;
};

struct disk_file {
    char path[DISK_PATH_BYTES]; /* "": free */
    struct disk_content now, kept;
    bool renamed; /* and the folder not synced: the platter has `moved`, or still `kept` */
    struct disk_content moved;
    uint8_t *dirty; /* one per sector of `now` */
    size_t dirty_capacity;
    void **shared; /* the WAL index, gone with the process */
    size_t shared_count;
};

enum disk_fault {
    DISK_SOUND,
    DISK_POWER_CUT, /* from this call on nothing works, and what wasn't synced is in danger */
    DISK_KILL,      /* the process dies; what it wrote stays */
    DISK_FULL,      /* so many writes are refused */
    DISK_ERROR      /* so many calls fail; a failing sync leaves its sectors in danger */
};

struct sim_disk {
    char folder[DISK_PATH_BYTES]; /* files below it are on this disk */
    struct disk_file files[DISK_FILES_MAX];
    uint64_t calls; /* writes, truncations, syncs, deletions so far */
    enum disk_fault fault;
    uint64_t fault_at, hits; /* `calls` at which the fault begins, and how many it hits yet */
    bool lying;              /* sync does nothing */
    bool flash;
    bool dead; /* the machine or its process is down until disk_restart */
    bool cut;  /* dead by DISK_POWER_CUT */
    uint64_t faults_met;
    struct sim_disk *next; /* of those that the VFS knows */
};

/* Make the VFS the default one of the process; or one below the page ciphers. */
void disk_install(void);
void disk_install_below_ciphers(void);
/* The calls that common/disk.h asks for: key slots on simulated disks; all else is a real file. */
struct disk disk_for_slots(struct disk real);
/* Let the VFS find a disk; it stays where it is until disk_detach. */
void disk_attach(struct sim_disk *disk);
void disk_detach(struct sim_disk *disk);
void disk_release(struct sim_disk *disk);

/* Arm a fault, `calls` from now. */
void disk_arm(struct sim_disk *disk, enum disk_fault fault, uint64_t calls, uint64_t hits);
/* On again after DISK_POWER_CUT or DISK_KILL; every file must be closed. `seed` says what became of
 * each sector that wasn't synced. */
void disk_restart(struct sim_disk *disk, uint64_t seed);
/* The same, for a machine that goes down this moment, between two calls. */
void disk_cut_now(struct sim_disk *disk);

/* Copy all files as they read now; `to` has them safe on its platter. Both keep their folders. */
void disk_copy(struct sim_disk *to, const struct sim_disk *from);
/* Is this text in any file, as it reads now? */
bool disk_holds(const struct sim_disk *disk, const char *text);
/* Bytes in all files. */
size_t disk_size(const struct sim_disk *disk);

#endif
