#ifndef PROTOCOL_PARCEL_UNITS_H
#define PROTOCOL_PARCEL_UNITS_H

/* Attachments on a stick: UNIT messages behind everything else in a bundle. */

#include "common/replica_attachment.h"
#include "protocol/bundle.h"

struct parcel_units {
    struct bundle_writer *writer;
    uint32_t reader;     /* whose rights limit what goes in; 0: none */
    uint64_t bytes_left; /* a file that doesn't fit any more isn't begun */
    uint64_t count;      /* of units that were written */
};
/* What the hub isn't known to hold, thumbnails first. */
enum status parcel_units_write(struct replica *replica, struct parcel_units *units,
                               struct error *err);
/* A UNIT out of a bundle: kept when it is the next one of what an entry here names. In a
 * transaction. */
enum status parcel_unit_take(struct replica *replica, struct bytes body, struct error *err);

#endif
