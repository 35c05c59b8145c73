#ifndef SERVER_DEVICE_NOTE_H
#define SERVER_DEVICE_NOTE_H

/* What the hub notes of a device when it comes: when that was, and, now and then, what the device
 * told of itself. Tables of this hub alone, no part of the changelog. */

#include "common/replica.h"
#include "protocol/session.h"

struct device_note {                     /* what it told */
    int64_t told_ms;                     /* when, by our clock; 0: never */
    int64_t ahead_ms;                    /* its clock before ours; behind: negative */
    char program[SESSION_PROGRAM_BYTES]; /* its version, as it says; "": it said none */
};

/* It is here. Inside a transaction. */
enum status device_note_seen(struct replica *replica, uint32_t device, struct error *err);
/* Inside a transaction. `program` may hold anything: what is no version is kept as "". */
enum status device_note_save(struct replica *replica, uint32_t device, int64_t ahead_ms,
                             const char *program, struct error *err);
/* Of a folder where an older program noted less, that is empty. */
enum status device_note_load(struct replica *replica, uint32_t device, struct device_note *note,
                             struct error *err);

#endif
