#ifndef COMMON_TWIN_FILE_H
#define COMMON_TWIN_FILE_H

/* A small file kept twice, as PATH.a and PATH.b, so that neither a torn write nor a bad sector
 * loses it. Each copy is
 *   magic 8 ‖ generation u64le ‖ size u32le ‖ payload ‖ BLAKE2b-256 of all before
 * The whole copy of the higher generation counts. A save replaces one copy, durably, before it
 * touches the other: the state of before or the new one is there after a cut at any place, and it
 * is the new one as soon as twin_save has returned. One writer at a time (the caller's lock). */

#include "common/disk.h"

#define TWIN_PAYLOAD_MAX 4096
#define TWIN_MAGIC_BYTES 8
#define TWIN_PATH_MAX 4096

struct twin_file {
    const struct disk *disk; /* borrowed */
    const char *folder;      /* borrowed */
    const char *name;        /* in the folder, borrowed */
    const char *magic;       /* TWIN_MAGIC_BYTES, borrowed */
    /* Filled by twin_load. */
    uint64_t generation; /* 0: there was no whole copy */
    int newest;          /* 0 or 1 */
    bool alike;          /* the other copy is whole and of the same generation */
};

/* The payload into `payload` (room for TWIN_PAYLOAD_MAX). STATUS_NOT_FOUND: neither copy is there.
 * STATUS_BAD_INPUT: no copy is whole. STATUS_STORAGE: they can't be read. */
enum status twin_load(struct twin_file *twin, uint8_t *payload, size_t *size, struct error *err);
/* After a load, whatever it said. A failure before the first copy is durable leaves the old state;
 * later ones are left to twin_heal. STATUS_DISK_FULL, STATUS_STORAGE. */
enum status twin_save(struct twin_file *twin, struct bytes payload, struct error *err);
/* In place of all there was, which is overwritten first: only `payload` is left when it returns. A
 * cut on the way may leave no whole copy. */
enum status twin_erase(struct twin_file *twin, struct bytes payload, struct error *err);
/* Bring the other copy up to what was loaded; does nothing when it is. */
enum status twin_heal(struct twin_file *twin, struct bytes payload, struct error *err);

#endif
