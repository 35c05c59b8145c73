#include "common/utf16.h"

/* ---- from UTF-8 ---- */

/* The character in front of a well-formed text, which it moves past. */
static uint32_t take_utf8(struct bytes *text)
{
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint8_t lead = text->data[0];
    size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t character = lead & lead_bits[size];
    for (size_t i = 1; i < size; i++)
        character = character << 6 | (text->data[i] & 0x3f);
    *text = bytes_of(text->data + size, text->size - size);
    return character;
}

static uint8_t *put_unit(uint8_t *at, uint32_t unit)
{
    at[0] = (uint8_t)unit;
    at[1] = (uint8_t)(unit >> 8);
    return at + 2;
}

enum status utf16_append(struct buffer *out, struct bytes utf8)
{
    if (utf8.size == 0)
        return STATUS_OK;
    TRY(buffer_reserve(out, 2 * utf8.size)); /* ASCII doubles, all else doesn't grow */
    uint8_t *at = out->data + out->size;
    while (utf8.size > 0) {
        uint32_t character = take_utf8(&utf8);
        if (character >= 0x10000) {
            at = put_unit(at, 0xd800 | (character - 0x10000) >> 10);
            character = 0xdc00 | (character & 0x3ff);
        }
        at = put_unit(at, character);
    }
    out->size = (size_t)(at - out->data);
    return STATUS_OK;
}

/* ---- to UTF-8 ---- */

static uint32_t take_unit(struct bytes *text)
{
    uint32_t unit = text->data[0] | (uint32_t)text->data[1] << 8;
    *text = bytes_of(text->data + 2, text->size - 2);
    return unit;
}

/* The character in front; 0 when there is none. */
static uint32_t take_utf16(struct bytes *text)
{
    uint32_t unit = take_unit(text);
    if (unit < 0xd800 || unit > 0xdfff)
        return unit;
    if (unit > 0xdbff || text->size < 2)
        return 0;
    uint32_t low = take_unit(text);
    return low >> 10 == 0xdc00 >> 10 ? 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff)) : 0;
}

static uint8_t *put_utf8(uint8_t *at, uint32_t character)
{
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t size = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        at[i] = (uint8_t)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    at[0] = (uint8_t)(leads[size] | character);
    return at + size;
}

enum status utf16_read(struct buffer *out, struct bytes utf16)
{
    if (utf16.size % 2 != 0)
        return STATUS_BAD_INPUT;
    if (utf16.size == 0)
        return STATUS_OK;
    TRY(buffer_reserve(out, utf16.size / 2 * 3));
    uint8_t *at = out->data + out->size;
    while (utf16.size > 0) {
        uint32_t character = take_utf16(&utf16);
        if (character == 0)
            return STATUS_BAD_INPUT;
        at = put_utf8(at, character);
    }
    out->size = (size_t)(at - out->data);
    return STATUS_OK;
}
