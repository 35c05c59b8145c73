#ifndef PROTOCOL_CARRY_PICTURES_H
#define PROTOCOL_CARRY_PICTURES_H

/* A small bundle as files with QR pictures (bundle_parts.h), and back. */

#include "common/bytes.h"

/* Writes DIR/bundle-01-of-05.png … and makes the folder; *count says how many. STATUS_TOO_LARGE:
 * the bundle needs more than PARTS_TOTAL_MAX. After a failure none is left. */
enum status carry_pictures_write(const char *folder, struct bytes bundle, unsigned *count,
                                 struct error *err);
/* Is this file a PNG or JPEG? */
bool carry_is_picture(const char *path);
/* Appends the bundle that the pictures make, which come in any order and may show several codes.
 * STATUS_BAD_INPUT: something is missing, or doesn't belong together. */
enum status carry_pictures_read(const char *const *paths, size_t count, struct buffer *bundle,
                                struct error *err);

#endif
