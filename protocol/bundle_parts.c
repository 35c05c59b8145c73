#include "protocol/bundle_parts.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MAGIC "JQB1"
#define MAGIC_CHARS 4
#define HEAD_BYTES (BUNDLE_ID_BYTES + 2)

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/* ---- Base45 ---- */

static char *put_digits(char *at, unsigned value, unsigned count)
{
    for (; count > 0; count--, value /= 45)
        *at++ = digits[value % 45];
    return at;
}

static char *encode(struct bytes in, char *at)
{
    for (; in.size >= 2; in = bytes_of(in.data + 2, in.size - 2))
        at = put_digits(at, in.data[0] * 256u + in.data[1], 3);
    return in.size > 0 ? put_digits(at, in.data[0], 2) : at;
}

static bool take_digits(struct bytes *in, size_t count, unsigned *value)
{
    unsigned factor = 1;
    *value = 0;
    for (size_t i = 0; i < count; i++, factor *= 45) {
        const char *found = in->data[i] ? strchr(digits, in->data[i]) : NULL;
        if (!found)
            return false;
        *value += (unsigned)(found - digits) * factor;
    }
    *in = bytes_of(in->data + count, in->size - count);
    return true;
}

static bool decode(struct bytes in, uint8_t *out, size_t *size)
{
    unsigned value;
    *size = 0;
    while (in.size >= 3) {
        if (!take_digits(&in, 3, &value) || value > 0xffff)
            return false;
        out[(*size)++] = (uint8_t)(value >> 8);
        out[(*size)++] = (uint8_t)value;
    }
    if (in.size == 0)
        return true;
    if (in.size != 2 || !take_digits(&in, 2, &value) || value > 0xff)
        return false;
    out[(*size)++] = (uint8_t)value;
    return true;
}

/* ---- cutting ---- */

static void name(struct bytes bundle, uint8_t id[BUNDLE_ID_BYTES])
{
    uint8_t hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof hash, bundle.data, bundle.size, NULL, 0);
    memcpy(id, hash, BUNDLE_ID_BYTES);
}

enum status bundle_parts_count(struct bytes bundle, unsigned *total, struct error *err)
{
    size_t count = (bundle.size + PART_BYTES_MAX - 1) / PART_BYTES_MAX;
    if (count > PARTS_TOTAL_MAX)
        return error_set(err, STATUS_TOO_LARGE,
                         "a bundle of %zu bytes doesn't fit %u pictures: write it as a file",
                         bundle.size, PARTS_TOTAL_MAX);
    *total = (unsigned)count;
    return STATUS_OK;
}

void bundle_parts_text(struct bytes bundle, unsigned index, unsigned total,
                       char text[PART_TEXT_MAX + 1])
{
    uint8_t part[HEAD_BYTES + PART_BYTES_MAX];
    size_t from = (size_t)(index - 1) * PART_BYTES_MAX;
    assert(index >= 1 && index <= total && from < bundle.size);
    size_t size = bundle.size - from < PART_BYTES_MAX ? bundle.size - from : PART_BYTES_MAX;
    name(bundle, part);
    part[BUNDLE_ID_BYTES] = (uint8_t)index;
    part[BUNDLE_ID_BYTES + 1] = (uint8_t)total;
    memcpy(part + HEAD_BYTES, bundle.data + from, size);
    memcpy(text, MAGIC, MAGIC_CHARS);
    *encode(bytes_of(part, HEAD_BYTES + size), text + MAGIC_CHARS) = '\0';
}

/* ---- joining ---- */

void bundle_parts_release(struct bundle_parts *parts)
{
    for (size_t i = 0; i < PARTS_TOTAL_MAX; i++)
        buffer_release(&parts->parts[i]);
    *parts = (struct bundle_parts){0};
}

/* `bytes` gets what the text holds, head and all. */
static enum status open_part(struct bytes text, uint8_t bytes[PART_TEXT_MAX], size_t *size,
                             struct bundle_part *part, struct error *err)
{
    bool whole = text.size >= MAGIC_CHARS && text.size <= PART_TEXT_MAX &&
                 memcmp(text.data, MAGIC, MAGIC_CHARS) == 0 &&
                 decode(bytes_of(text.data + MAGIC_CHARS, text.size - MAGIC_CHARS), bytes, size) &&
                 *size > HEAD_BYTES;
    if (whole) {
        memcpy(part->id, bytes, BUNDLE_ID_BYTES);
        part->index = bytes[BUNDLE_ID_BYTES];
        part->total = bytes[BUNDLE_ID_BYTES + 1];
    }
    if (whole && part->index > 0 && part->index <= part->total && part->total <= PARTS_TOTAL_MAX)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT, "the picture shows no part of a bundle");
}

enum status bundle_part_look(struct bytes text, struct bundle_part *part, struct error *err)
{
    uint8_t bytes[PART_TEXT_MAX];
    size_t size;
    return open_part(text, bytes, &size, part, err);
}

enum status bundle_parts_take(struct bundle_parts *parts, struct bytes text, struct error *err)
{
    uint8_t bytes[PART_TEXT_MAX];
    size_t size;
    struct bundle_part part;
    TRY(open_part(text, bytes, &size, &part, err));
    if (parts->total == 0) {
        parts->total = part.total;
        memcpy(parts->id, part.id, BUNDLE_ID_BYTES);
    }
    if (parts->total != part.total || memcmp(parts->id, part.id, BUNDLE_ID_BYTES) != 0)
        return error_set(err, STATUS_BAD_INPUT, "these are pictures of two different bundles");
    struct buffer *place = &parts->parts[part.index - 1];
    if (place->size > 0)
        return STATUS_OK;
    if (buffer_append(place, bytes + HEAD_BYTES, size - HEAD_BYTES) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    parts->here++;
    return STATUS_OK;
}

static enum status tell_missing(const struct bundle_parts *parts, struct error *err)
{
    char list[160] = "";
    size_t used = 0;
    for (unsigned i = 0; i < parts->total && used + 8 < sizeof list; i++)
        if (parts->parts[i].size == 0)
            used += (size_t)snprintf(list + used, sizeof list - used, " %u", i + 1);
    return error_set(err, STATUS_BAD_INPUT, "of %u pictures these are missing:%s; nothing was read",
                     parts->total, list);
}

enum status bundle_parts_join(const struct bundle_parts *parts, struct buffer *bundle,
                              struct error *err)
{
    uint8_t id[BUNDLE_ID_BYTES];
    size_t before = bundle->size;
    if (parts->here < parts->total)
        return tell_missing(parts, err);
    for (unsigned i = 0; i < parts->total; i++)
        if (buffer_append_bytes(bundle, buffer_bytes(&parts->parts[i])) != STATUS_OK)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
    name(bytes_of(bundle->data + before, bundle->size - before), id);
    if (memcmp(id, parts->id, BUNDLE_ID_BYTES) != 0)
        return error_set(err, STATUS_BAD_INPUT,
                         "the pictures don't make the bundle that they were cut from");
    return STATUS_OK;
}
