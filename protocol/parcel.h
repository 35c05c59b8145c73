#ifndef PROTOCOL_PARCEL_H
#define PROTOCOL_PARCEL_H

/* What a replica puts into a bundle (bundle.h) for others, and what it takes out of theirs.
 *
 * Runs and a receipt, checked and judged like those of a session. No file here: carry.c has those
 * of people, the simulator sticks of its own. */

#include "common/replica.h"
#include "protocol/bundle.h"

/* Appends what this replica holds of what `reader` may read (0: all), signed. */
enum status parcel_receipt(struct replica *replica, uint32_t reader, struct buffer *sealed,
                           struct error *err);
/* A receipt of a device that we know. STATUS_UNKNOWN: we don't. */
enum status parcel_open_receipt(struct replica *replica, struct bytes sealed,
                                struct receipt *receipt, struct error *err);

struct parcel_wish {
    /* For the one device that gave this receipt. NULL: what the hub isn't known to hold, for the
     * hub and for the devices of the writer's org and of those above it, which may carry it on. */
    const struct receipt *receiver;
    bundle_sink *sink;
    void *context;
    uint64_t files_bytes; /* of attachments that the hub isn't known to hold, at most; 0: none */
};
struct parcel_written {
    uint64_t entries, units; /* of attachments */
};
/* STATUS_DENIED: the receiver was revoked. */
enum status parcel_write(struct replica *replica, const struct parcel_wish *wish,
                         struct parcel_written *written, struct error *err);

struct parcel { /* being read */
    struct replica *replica;
    struct bundle_reader *reader;
    struct received received;
    uint64_t since_commit;
};
/* Begins a transaction. After a failure there is nothing to close. */
enum status parcel_open(struct parcel *parcel, struct replica *replica, struct error *err);
/* The next bytes of the bundle; fails as bundle_feed does, or as the storage does. */
enum status parcel_feed(struct parcel *parcel, struct bytes bytes, struct error *err);
/* No more bytes come: `fed` says why. What a bundle brought before it turned out damaged or cut off
 * stays, and is durable when this returns; a disk that failed takes it back. STATUS_BAD_INPUT: cut
 * off. Else `fed`, with *err left alone. */
enum status parcel_close(struct parcel *parcel, enum status fed, struct error *err);

#endif
