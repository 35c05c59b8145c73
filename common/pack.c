#include "common/pack.h"

#include <assert.h>
#include <msgpack.h>
#include <string.h>

#include "common/mutant.h"

/* ---- writing: msgpack-c into our buffer ---- */

static int write_callback(void *data, const char *bytes, size_t size)
{
    return buffer_append(data, bytes, size) == STATUS_OK ? 0 : -1;
}

static msgpack_packer packer_into(struct buffer *out)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_callback);
    return packer;
}

static enum status outcome(int failed)
{
    return failed ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status pack_nil(struct buffer *out)
{
    msgpack_packer packer = packer_into(out);
    return outcome(msgpack_pack_nil(&packer));
}

enum status pack_bool(struct buffer *out, bool value)
{
    msgpack_packer packer = packer_into(out);
    return outcome(value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

enum status pack_uint(struct buffer *out, uint64_t value)
{
    msgpack_packer packer = packer_into(out);
    return outcome(msgpack_pack_uint64(&packer, value));
}

enum status pack_int(struct buffer *out, int64_t value)
{
    if (value >= 0)
        return pack_uint(out, (uint64_t)value);
    msgpack_packer packer = packer_into(out);
    return outcome(msgpack_pack_int64(&packer, value));
}

enum status pack_str(struct buffer *out, struct bytes text)
{
    assert(text.size <= UINT32_MAX);
    msgpack_packer packer = packer_into(out);
    TRY(outcome(msgpack_pack_str(&packer, text.size)));
    return buffer_append_bytes(out, text);
}

enum status pack_bin(struct buffer *out, struct bytes data)
{
    assert(data.size <= UINT32_MAX);
    msgpack_packer packer = packer_into(out);
    TRY(outcome(msgpack_pack_bin(&packer, data.size)));
    return buffer_append_bytes(out, data);
}

enum status pack_array(struct buffer *out, uint32_t count)
{
    msgpack_packer packer = packer_into(out);
    return outcome(msgpack_pack_array(&packer, count));
}

enum status pack_sealed(struct buffer *out, struct bytes data)
{
    assert(data.size <= UINT32_MAX);
    msgpack_packer packer = packer_into(out);
    TRY(outcome(msgpack_pack_ext(&packer, data.size, PACK_EXT_SEALED)));
    return buffer_append_bytes(out, data);
}

/* ---- reading: a bounded cursor of our own ---- */

/* One item's header, decoded. */
struct item {
    enum pack_kind kind;
    uint64_t value; /* integer's bits, bool, or the length of what follows */
    size_t header;  /* bytes of the header */
};

struct unpack unpack_of(struct bytes in)
{
    return (struct unpack){in.data, in.data ? in.data + in.size : NULL, false};
}

struct unpack unpack_again(struct bytes in)
{
    struct unpack again = unpack_of(in);
    again.trusted = true;
    return again;
}

bool unpack_done(const struct unpack *in)
{
    return in->at == in->end;
}

static size_t left(const struct unpack *in)
{
    return (size_t)(in->end - in->at);
}

/* The big-endian number of `width` bytes behind the first byte; false when torn. */
static bool tail(const struct unpack *in, size_t width, struct item *item)
{
    if (left(in) < 1 + width)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value = value << 8 | in->at[1 + i];
    item->value = value;
    item->header = 1 + width;
    return true;
}

/* A header whose number must be above what the next shorter form could hold. */
static bool tail_above(const struct unpack *in, size_t width, uint64_t above, struct item *item)
{
    return tail(in, width, item) && (item->value > above || MUTANT("t13-long-forms-taken"));
}

static bool negative(const struct unpack *in, size_t width, int64_t below, struct item *item)
{
    if (!tail(in, width, item))
        return false;
    unsigned shift = (unsigned)(64 - 8 * width);
    int64_t value = (int64_t)(item->value << shift) >> shift;
    item->value = (uint64_t)value;
    item->kind = PACK_NEGATIVE;
    return value < below;
}

static bool sealed_fixed(const struct unpack *in, struct item *item)
{
    item->value = 1ull << (in->at[0] - 0xd4);
    item->header = 2;
    return left(in) >= 2 && in->at[1] == PACK_EXT_SEALED;
}

static bool sealed_sized(const struct unpack *in, size_t width, struct item *item)
{
    if (!tail(in, width, item) || left(in) < item->header + 1 ||
        in->at[item->header] != PACK_EXT_SEALED)
        return false;
    item->header++;
    uint64_t length = item->value;
    bool has_fixed = length == 1 || length == 2 || length == 4 || length == 8 || length == 16;
    return width == 1 ? !has_fixed : width == 2 ? length > 0xff : length > 0xffff;
}

static bool read_sealed(const struct unpack *in, struct item *item)
{
    item->kind = PACK_SEALED;
    uint8_t lead = in->at[0];
    if (lead >= 0xd4)
        return sealed_fixed(in, item);
    return sealed_sized(in, lead == 0xc7 ? 1 : lead == 0xc8 ? 2 : 4, item);
}

static bool read_short(uint8_t lead, struct item *item)
{
    item->header = 1;
    if (lead < 0x80)
        *item = (struct item){PACK_UINT, lead, 1};
    else if (lead >= 0xe0)
        *item = (struct item){PACK_NEGATIVE, (uint64_t)(int64_t)(int8_t)lead, 1};
    else if ((lead & 0xe0) == 0xa0)
        *item = (struct item){PACK_STR, lead & 31u, 1};
    else if ((lead & 0xf0) == 0x90)
        *item = (struct item){PACK_ARRAY, lead & 15u, 1};
    else if (lead == 0xc0)
        *item = (struct item){PACK_NIL, 0, 1};
    else if (lead == 0xc2 || lead == 0xc3)
        *item = (struct item){PACK_BOOL, lead & 1u, 1};
    else
        return false;
    return true;
}

static bool read_long(const struct unpack *in, struct item *item)
{
    switch (in->at[0]) {
    case 0xcc:
        item->kind = PACK_UINT;
        return tail_above(in, 1, 0x7f, item);
    case 0xcd:
        item->kind = PACK_UINT;
        return tail_above(in, 2, 0xff, item);
    case 0xce:
        item->kind = PACK_UINT;
        return tail_above(in, 4, 0xffff, item);
    case 0xcf:
        item->kind = PACK_UINT;
        return tail_above(in, 8, 0xffffffff, item);
    case 0xd0:
        return negative(in, 1, -32, item);
    case 0xd1:
        return negative(in, 2, INT8_MIN, item);
    case 0xd2:
        return negative(in, 4, INT16_MIN, item);
    case 0xd3:
        return negative(in, 8, INT32_MIN, item);
    case 0xd9:
        item->kind = PACK_STR;
        return tail_above(in, 1, 31, item);
    case 0xda:
        item->kind = PACK_STR;
        return tail_above(in, 2, 0xff, item);
    case 0xdb:
        item->kind = PACK_STR;
        return tail_above(in, 4, 0xffff, item);
    case 0xc4:
        item->kind = PACK_BIN;
        return tail(in, 1, item);
    case 0xc5:
        item->kind = PACK_BIN;
        return tail_above(in, 2, 0xff, item);
    case 0xc6:
        item->kind = PACK_BIN;
        return tail_above(in, 4, 0xffff, item);
    case 0xdc:
        item->kind = PACK_ARRAY;
        return tail_above(in, 2, 15, item);
    case 0xdd:
        item->kind = PACK_ARRAY;
        return tail_above(in, 4, 0xffff, item);
    case 0xc7:
    case 0xc8:
    case 0xc9:
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
        return read_sealed(in, item);
    default:
        return false;
    }
}

static bool has_content(enum pack_kind kind)
{
    return kind == PACK_STR || kind == PACK_BIN || kind == PACK_SEALED;
}

/* The next item's header; its content or elements must fit into the bytes that are left. */
static bool read_item(const struct unpack *in, struct item *item)
{
    if (in->at == in->end || (!read_short(in->at[0], item) && !read_long(in, item)))
        return false;
    if (!has_content(item->kind) && item->kind != PACK_ARRAY)
        return true;
    return item->value <= left(in) - item->header || MUTANT("t13-length-beyond-end");
}

/* Texts are well-formed wherever they are taken; looking at another kind doesn't check them. */
static bool content_valid(const struct unpack *in, const struct item *item)
{
    return item->kind != PACK_STR || in->trusted ||
           utf8_valid(bytes_of(in->at + item->header, item->value));
}

bool unpack_peek(const struct unpack *in, enum pack_kind *kind)
{
    struct item item;
    if (!read_item(in, &item) || !content_valid(in, &item))
        return false;
    *kind = item.kind;
    return true;
}

static bool take_kind(struct unpack *in, enum pack_kind kind, struct item *item)
{
    if (!read_item(in, item) || item->kind != kind || !content_valid(in, item))
        return false;
    in->at += item->header;
    return true;
}

bool unpack_nil(struct unpack *in)
{
    struct item item;
    return take_kind(in, PACK_NIL, &item);
}

bool unpack_bool(struct unpack *in, bool *value)
{
    struct item item;
    if (!take_kind(in, PACK_BOOL, &item))
        return false;
    *value = item.value != 0;
    return true;
}

bool unpack_uint(struct unpack *in, uint64_t *value)
{
    struct item item;
    if (!take_kind(in, PACK_UINT, &item))
        return false;
    *value = item.value;
    return true;
}

bool unpack_uint_max(struct unpack *in, uint64_t max, uint64_t *value)
{
    struct unpack start = *in;
    if (unpack_uint(in, value) && *value <= max)
        return true;
    *in = start;
    return false;
}

bool unpack_u32(struct unpack *in, uint32_t *value)
{
    uint64_t wide;
    if (!unpack_uint_max(in, UINT32_MAX, &wide))
        return false;
    *value = (uint32_t)wide;
    return true;
}

bool unpack_int(struct unpack *in, int64_t *value)
{
    struct item item;
    if (!read_item(in, &item) || (item.kind != PACK_UINT && item.kind != PACK_NEGATIVE) ||
        (item.kind == PACK_UINT && item.value > INT64_MAX))
        return false;
    in->at += item.header;
    *value = (int64_t)item.value;
    return true;
}

static bool take_content(struct unpack *in, enum pack_kind kind, struct bytes *content)
{
    struct item item;
    if (!take_kind(in, kind, &item))
        return false;
    *content = bytes_of(in->at, item.value);
    in->at += item.value;
    return true;
}

bool unpack_str(struct unpack *in, struct bytes *text)
{
    return take_content(in, PACK_STR, text);
}

bool unpack_bin(struct unpack *in, struct bytes *data)
{
    return take_content(in, PACK_BIN, data);
}

bool unpack_bin_exact(struct unpack *in, uint8_t *out, size_t size)
{
    struct unpack start = *in;
    struct bytes data;
    if (unpack_bin(in, &data) && data.size == size) {
        if (size > 0)
            memcpy(out, data.data, size);
        return true;
    }
    *in = start;
    return false;
}

bool unpack_sealed(struct unpack *in, struct bytes *data)
{
    return take_content(in, PACK_SEALED, data);
}

bool unpack_array(struct unpack *in, uint32_t *count)
{
    struct item item;
    if (!take_kind(in, PACK_ARRAY, &item))
        return false;
    *count = (uint32_t)item.value;
    return true;
}

/* Walks one value without recursion: `open` counts the elements still due at each depth. */
bool unpack_value(struct unpack *in, struct bytes *value)
{
    struct unpack start = *in;
    uint64_t open[PACK_DEPTH_MAX];
    size_t depth = 0;
    struct item item;
    do {
        if (!read_item(in, &item) || !content_valid(in, &item))
            goto fail;
        in->at += item.header;
        if (has_content(item.kind))
            in->at += item.value;
        if (item.kind == PACK_ARRAY && depth == PACK_DEPTH_MAX)
            goto fail;
        if (item.kind == PACK_ARRAY && item.value > 0) {
            open[depth++] = item.value;
            continue;
        }
        while (depth > 0 && --open[depth - 1] == 0)
            depth--;
    } while (depth > 0);
    *value = bytes_of(start.at, (size_t)(in->at - start.at));
    return true;
fail:
    *in = start;
    return false;
}

bool unpack_end(struct unpack *in, uint32_t extra)
{
    struct bytes skipped;
    for (uint32_t i = 0; i < extra; i++)
        if (!unpack_value(in, &skipped))
            return false;
    return unpack_done(in);
}

bool pack_valid(struct bytes value)
{
    struct unpack in = unpack_of(value);
    struct bytes whole;
    return unpack_value(&in, &whole) && unpack_done(&in);
}
