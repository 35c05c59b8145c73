#ifndef COMMON_ARCHIVE_H
#define COMMON_ARCHIVE_H

/* A ZIP file in memory, from which parts are unpacked into memory, within bounds.
 *
 * What the file says of its sizes is believed when it refuses, never when it allows: unpacking
 * itself counts, and stops. Nothing is written to a disk. */

#include "common/bytes.h"

struct archive_bounds {
    size_t entries_max;
    size_t bytes_max; /* of all parts together */
    size_t ratio_max; /* unpacked to packed, of each */
};

struct archive; /* opaque; borrows the bytes */

/* STATUS_BAD_INPUT, STATUS_TOO_LARGE. */
enum status archive_open(struct archive **archive, struct bytes in,
                         const struct archive_bounds *bounds, struct error *err);
void archive_close(struct archive *archive); /* NULL is fine */
/* Append a part to `out`. STATUS_NOT_FOUND, STATUS_BAD_INPUT, STATUS_TOO_LARGE. */
enum status archive_read(struct archive *archive, const char *name, struct buffer *out,
                         struct error *err);

#endif
