#include "common/bytes.h"

#include <stdlib.h>
#include <string.h>

struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){data, size};
}

struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

struct bytes buffer_bytes(const struct buffer *buffer)
{
    return bytes_of(buffer->data, buffer->size);
}

void buffer_release(struct buffer *buffer)
{
    if (!buffer)
        return;
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
}

enum status buffer_reserve(struct buffer *buffer, size_t extra)
{
    if (extra <= buffer->capacity - buffer->size)
        return STATUS_OK;
    if (extra > SIZE_MAX / 2 - buffer->size)
        return STATUS_NO_MEMORY;
    size_t wanted = buffer->size + extra;
    size_t capacity = buffer->capacity ? buffer->capacity : 64;
    while (capacity < wanted)
        capacity *= 2;
    uint8_t *grown = realloc(buffer->data, capacity);
    if (!grown)
        return STATUS_NO_MEMORY;
    buffer->data = grown;
    buffer->capacity = capacity;
    return STATUS_OK;
}

enum status buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (size == 0)
        return STATUS_OK;
    TRY(buffer_reserve(buffer, size));
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return STATUS_OK;
}

enum status buffer_append_bytes(struct buffer *buffer, struct bytes bytes)
{
    return buffer_append(buffer, bytes.data, bytes.size);
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    if (size >= buffer->size) {
        buffer->size = 0;
        return;
    }
    if (size > 0)
        memmove(buffer->data, buffer->data + size, buffer->size - size);
    buffer->size -= size;
}

enum status buffer_append_varint(struct buffer *buffer, uint64_t value)
{
    uint8_t out[10];
    size_t size = 0;
    do {
        out[size++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value);
    return buffer_append(buffer, out, size);
}

bool bytes_take_varint(struct bytes *in, uint64_t *value)
{
    uint64_t result = 0;
    for (size_t i = 0; i < 10 && i < in->size; i++) {
        uint8_t byte = in->data[i];
        if (i == 9 && byte > 1)
            return false;
        result |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte & 0x80)
            continue;
        if (byte == 0 && i > 0)
            return false;
        in->data += i + 1;
        in->size -= i + 1;
        *value = result;
        return true;
    }
    return false;
}

void put_u32le(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

void put_u64le(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

uint32_t get_u32le(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

uint64_t get_u64le(const uint8_t *in)
{
    return (uint64_t)get_u32le(in) | (uint64_t)get_u32le(in + 4) << 32;
}

void hex_encode(struct bytes in, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < in.size; i++) {
        *out++ = digits[in.data[i] >> 4];
        *out++ = digits[in.data[i] & 15];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(const char *text, uint8_t *out, size_t size)
{
    if (strlen(text) != size * 2)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Length of the character at `at` (RFC 3629), 0 when it isn't one. */
static size_t utf8_character(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (size == 0 || size > left || lead > 0xf4 || lead == 0)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((lead == 0xe0 && at[1] < 0xa0) || (lead == 0xed && at[1] > 0x9f) ||
        (lead == 0xf0 && at[1] < 0x90) || (lead == 0xf4 && at[1] > 0x8f))
        return 0;
    return size;
}

/* Eight bytes of ASCII without a NUL? Bytes below 1 borrow from their top bit. */
static bool is_ascii_word(const uint8_t *at)
{
    uint64_t word = get_u64le(at);
    return ((word | (word - 0x0101010101010101u)) & 0x8080808080808080u) == 0;
}

/* Chinese, mostly: three bytes whose lead needs no second look. */
static bool is_plain_three(const uint8_t *at)
{
    return (at[0] & 0xf0) == 0xe0 && at[0] != 0xe0 && at[0] != 0xed && (at[1] & 0xc0) == 0x80 &&
           (at[2] & 0xc0) == 0x80;
}

bool utf8_valid(struct bytes in)
{
    size_t at = 0;
    while (at < in.size) {
        size_t left = in.size - at, size;
        if (left >= 3 && is_plain_three(in.data + at))
            size = 3;
        else if (left >= 8 && is_ascii_word(in.data + at))
            size = 8;
        else
            size = utf8_character(in.data + at, left);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}
