#ifndef COMMON_PACK_H
#define COMMON_PACK_H

/* Canonical MessagePack: one byte string for one value.
 *
 * Packing goes through msgpack-c. Reading never does: hostile bytes make it ask for gigabytes
 * (docs/decisions/0002-reading-messagepack.md). The reader here is a cursor over a slice: it
 * allocates nothing, checks every length against the bytes that are really there, and accepts the
 * canonical subset only:
 *   nil, bool, integers in their shortest form, str (well-formed UTF-8, no NUL), bin, array, and
 * ext 1 (a sealed text value). No map, no float, no other ext. Depth <= PACK_DEPTH_MAX. Shortest
 * form: the form that msgpack-c's msgpack_pack_int64/uint64 chooses; non-negative integers are
 * always of the unsigned family; str/bin/array headers are the shortest that hold the length. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

#define PACK_DEPTH_MAX 8
#define PACK_EXT_SEALED 1

enum pack_kind {
    PACK_NIL,
    PACK_BOOL,
    PACK_UINT, /* >= 0 */
    PACK_NEGATIVE,
    PACK_STR,
    PACK_BIN,
    PACK_ARRAY,
    PACK_SEALED /* ext 1 */
};

/* ---- writing: appends to a buffer; STATUS_NO_MEMORY is the only failure ---- */
enum status pack_nil(struct buffer *out);
enum status pack_bool(struct buffer *out, bool value);
enum status pack_uint(struct buffer *out, uint64_t value);
enum status pack_int(struct buffer *out, int64_t value);
enum status pack_str(struct buffer *out, struct bytes text); /* caller vouches for UTF-8 */
enum status pack_bin(struct buffer *out, struct bytes data);
enum status pack_array(struct buffer *out, uint32_t count);
enum status pack_sealed(struct buffer *out, struct bytes data);

/* ---- reading ---- */
struct unpack {
    const uint8_t *at;
    const uint8_t *end;
    bool trusted; /* texts aren't looked through again */
};

struct unpack unpack_of(struct bytes in);
/* Of a value that unpack_value took once. */
struct unpack unpack_again(struct bytes in);
bool unpack_done(const struct unpack *in); /* nothing left */
/* Kind of the next item without taking it; false at the end or on a byte outside the subset. */
bool unpack_peek(const struct unpack *in, enum pack_kind *kind);

/* Each takes one item of that kind and moves on, or returns false and stays. */
bool unpack_nil(struct unpack *in);
bool unpack_bool(struct unpack *in, bool *value);
bool unpack_uint(struct unpack *in, uint64_t *value);
bool unpack_uint_max(struct unpack *in, uint64_t max, uint64_t *value);
bool unpack_u32(struct unpack *in, uint32_t *value);
bool unpack_int(struct unpack *in, int64_t *value);     /* also takes unsigned up to INT64_MAX */
bool unpack_str(struct unpack *in, struct bytes *text); /* borrows */
bool unpack_bin(struct unpack *in, struct bytes *data); /* borrows */
bool unpack_bin_exact(struct unpack *in, uint8_t *out, size_t size);
bool unpack_sealed(struct unpack *in, struct bytes *data);
/* Array header. Fails when more elements are announced than bytes are left. */
bool unpack_array(struct unpack *in, uint32_t *count);
/* Take one whole value of any kind (checked, nested), giving its bytes. */
bool unpack_value(struct unpack *in, struct bytes *value);
/* Skip `extra` elements, which a later version put behind ours; nothing may follow. */
bool unpack_end(struct unpack *in, uint32_t extra);

/* One whole canonical value and nothing behind it? */
bool pack_valid(struct bytes value);

#endif
