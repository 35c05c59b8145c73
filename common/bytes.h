#ifndef COMMON_BYTES_H
#define COMMON_BYTES_H

/* Borrowed slices, owned buffers and their text forms. No meaning, no I/O. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* A borrowed slice: never freed through this. {NULL, 0} is "absent". */
struct bytes {
    const uint8_t *data;
    size_t size;
};

/* A growing buffer that owns its memory; {0} is a valid empty one. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

struct bytes bytes_of(const void *data, size_t size);
struct bytes bytes_text(const char *text); /* without the terminator */
bool bytes_equal(struct bytes a, struct bytes b);
/* Like memcmp, shorter first on a common prefix. */
int bytes_compare(struct bytes a, struct bytes b);

struct bytes buffer_bytes(const struct buffer *buffer); /* borrows */
void buffer_release(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* keeps the memory */
/* Make room for `extra` more bytes. STATUS_NO_MEMORY leaves the buffer unchanged. */
enum status buffer_reserve(struct buffer *buffer, size_t extra);
enum status buffer_append(struct buffer *buffer, const void *data, size_t size);
enum status buffer_append_bytes(struct buffer *buffer, struct bytes bytes);
/* Drop `size` bytes from the front. */
void buffer_consume(struct buffer *buffer, size_t size);

/* LEB128, at most 10 bytes. */
enum status buffer_append_varint(struct buffer *buffer, uint64_t value);
/* Read one at the front of `in` and move `in` past it; false when it is torn, over-long or not in
 * its shortest form. */
bool bytes_take_varint(struct bytes *in, uint64_t *value);

void put_u32le(uint8_t *out, uint32_t value);
void put_u64le(uint8_t *out, uint64_t value);
uint32_t get_u32le(const uint8_t *in);
uint64_t get_u64le(const uint8_t *in);

/* Lower-case hex. `out` has room for 2 * size + 1. */
void hex_encode(struct bytes in, char *out);
/* Exactly `size` bytes from 2 * size digits; false on anything else. */
bool hex_decode(const char *text, uint8_t *out, size_t size);

/* True when `in` is well-formed UTF-8 (RFC 3629) without NUL. */
bool utf8_valid(struct bytes in);

#endif
