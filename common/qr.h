#ifndef COMMON_QR_H
#define COMMON_QR_H

/* A QR picture of a text for a terminal: half blocks, two rows of modules in a line, dark on light
 * with a quiet zone of four (ISO/IEC 18004). */

#include <stdio.h>

#include "common/error.h"

/* STATUS_TOO_LARGE when the text doesn't fit a picture. */
enum status qr_print(const char *text, FILE *out, struct error *err);

#endif
