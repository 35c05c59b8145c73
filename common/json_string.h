#ifndef COMMON_JSON_STRING_H
#define COMMON_JSON_STRING_H

/* A text as a string of JSON (RFC 8259, 7), in the bytes that Jansson prints of it, without a tree
 * being built. */

#include "common/bytes.h"

/* Appends. `text` is well-formed UTF-8. STATUS_NO_MEMORY. */
enum status json_string_put(struct buffer *out, struct bytes text);

#endif
