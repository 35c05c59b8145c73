#ifndef COMMON_ARMOR_H
#define COMMON_ARMOR_H

/* A few bytes as one line of text that people copy, print or send: a prefix of five characters that
 * says what it is ("JQE1-"), then base64url of the bytes and of a check of 4 bytes (the first of
 * their BLAKE2b-256), so that a slip is noticed. */

#include "common/bytes.h"

#define ARMOR_RAW_MAX 512
#define ARMOR_TEXT_MAX (5 + (ARMOR_RAW_MAX + 4) * 4 / 3 + 4)

/* `raw` has at most ARMOR_RAW_MAX bytes; `text` has room for `size`. */
void armor_format(const char *prefix, struct bytes raw, char *text, size_t size);
/* Exactly `size` bytes into `raw`. Spaces around the text don't matter. STATUS_BAD_INPUT: another
 * prefix, mistyped or cut off. */
enum status armor_parse(const char *prefix, const char *text, uint8_t *raw, size_t size,
                        struct error *err);

#endif
