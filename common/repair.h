#ifndef COMMON_REPAIR_H
#define COMMON_REPAIR_H

/* Mending a replica's file when more than its tables is damaged: it is copied aside, and a new one
 * takes its place, with the same identity and every entry that still verifies. A feed goes on from
 * its last good entry; what lies beyond a gap is kept beside the log until a peer has filled it.
 * Nothing is taken that doesn't verify, and what is missing is noted by its number
 * (replica_missing). When anything may be lost, the device begins a new life, so that no number is
 * used twice. What only exists once per file can't be mended: with the keys of the device gone the
 * repair fails, and the device must join again. */

#include "common/replica.h"

#define REPAIR_PATH_MAX 4096

struct repaired {
    char aside[REPAIR_PATH_MAX]; /* where the damaged file was copied; "": nowhere */
    uint64_t taken;              /* entries that are in the new file */
    uint64_t missing;            /* entries that a peer must bring */
    uint64_t keys_lost;          /* own entries whose sealed values lost a key */
    uint64_t attachments_lost;   /* in part or whole, for others to bring */
    bool new_life;               /* not all could be read */
};

/* `options` name the damaged file and its key. STATUS_BUSY: another program has it open. Until it
 * returns STATUS_OK the file itself is untouched. */
enum status repair_file(const struct replica_options *options, struct repaired *repaired,
                        struct error *err);
/* Copy the file and its write-ahead log to FILE.damaged-N; what was there before stays. */
enum status repair_copy_aside(const char *path, char aside[REPAIR_PATH_MAX], struct error *err);

/* Check the file, and mend what is wrong with it: the tables from the log, or else the file. Each
 * fault is told to `report`. `repaired` is filled when the file was repaired. Fails as replica_open
 * and repair_file do; STATUS_STORAGE when it is damaged still. */
enum mended { MENDED_NOTHING, MENDED_TABLES, MENDED_FILE };
struct mending {
    verify_report *report;
    void *context;
    enum mended mended;
    uint64_t entries;          /* checked, in the end */
    uint64_t attachments_lost; /* of which a part was damaged, for others to bring */
    struct repaired repaired;
};
enum status replica_mend(const struct replica_options *options, struct mending *mending,
                         struct error *err);

/* The middle of it: a new replica, as `options` say, with what can be read of `damaged`. Gives
 * `replica`. STATUS_BAD_INPUT: network or identity can't be read. */
enum status replica_salvage(struct replica **replica, const struct replica_options *options,
                            const char *damaged, struct repaired *repaired, struct error *err);

#endif
