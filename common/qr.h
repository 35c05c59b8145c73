#ifndef COMMON_QR_H
#define COMMON_QR_H

/* A QR picture of a text for a terminal: half blocks, two rows of modules in a line, dark on light
 * with a quiet zone of four (ISO/IEC 18004). */

#include <stdio.h>

#include "common/bytes.h"

/* STATUS_TOO_LARGE when the text doesn't fit a picture. */
enum status qr_print(const char *text, FILE *out, struct error *err);
/* The same for a page that draws it itself: a line of 0 and 1 for each row of modules, 1 is dark,
 * without the quiet zone. Appends to `out`. */
enum status qr_modules(const char *text, struct buffer *out, struct error *err);
/* Appends a PNG of it, with the quiet zone. */
enum status qr_png(const char *text, struct buffer *png, struct error *err);

#endif
