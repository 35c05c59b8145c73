#ifndef COMMON_QR_READ_H
#define COMMON_QR_READ_H

/* What QR codes say in a photograph or a picture of them (PNG, JPEG).
 *
 * In memory: files are the caller's. A picture comes from anywhere, so its size is bounded before
 * it is unpacked. */

#include "common/bytes.h"

#define PICTURE_SIDE_MAX 8192u        /* pixels */
#define PICTURE_BYTES_MAX (16u << 20) /* of the file */

/* Does it begin as a picture that qr_read takes? */
bool qr_is_picture(struct bytes file);
/* Gives the text of each QR code in the picture. STATUS_BAD_INPUT: no such picture;
 * STATUS_NOT_FOUND: no code in it; else what `take` fails with. */
enum status qr_read(struct bytes picture,
                    enum status (*take)(void *context, struct bytes text, struct error *err),
                    void *context, struct error *err);

#endif
