#ifndef COMMON_ID_H
#define COMMON_ID_H

/* 128-bit row ids. Random ones start with 48 bits of milliseconds, so that rows made one after
 * the other lie side by side in an index (layout as UUIDv7, RFC 9562 5.7, without version bits);
 * the time in them means nothing else. Natural ones are a hash of the key fields. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

#define ID_BYTES 16
#define ID_TEXT_BYTES 33 /* 32 hex digits and the terminator */

struct id {
    uint8_t bytes[ID_BYTES];
};

struct id id_random(int64_t wall_ms);
/* BLAKE2b-128 over ("jinqiu natural 1", table number as u32le, key). `key` is the canonical
 * MessagePack array of the key fields' values, in the schema's order. */
struct id id_natural(uint32_t table, struct bytes key);
bool id_equal(const struct id *a, const struct id *b);
bool id_is_zero(const struct id *id);
void id_format(const struct id *id, char out[ID_TEXT_BYTES]);
bool id_parse(const char *text, struct id *id); /* 32 hex digits, either case */

#endif
