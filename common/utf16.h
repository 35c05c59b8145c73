#ifndef COMMON_UTF16_H
#define COMMON_UTF16_H

/* UTF-16LE (RFC 2781) and UTF-8 (RFC 3629): Chinese takes two bytes a character instead of three.
 * No byte order mark, no locale. */

#include "common/bytes.h"

/* Appends `utf8`, which is well formed (utf8_valid). STATUS_NO_MEMORY. */
enum status utf16_append(struct buffer *out, struct bytes utf8);
/* Appends as UTF-8. STATUS_BAD_INPUT for half a unit, half a surrogate pair or a NUL; `out` is then
 * as it was. STATUS_NO_MEMORY. */
enum status utf16_read(struct buffer *out, struct bytes utf16);

#endif
