#include "protocol/attachment_message.h"

#include "common/pack.h"

/* ---- parts ---- */

static enum status pack_name(struct buffer *out, const struct attachment_name *name)
{
    TRY(pack_bin(out, bytes_of(name->root, HASH_BYTES)));
    return pack_uint(out, name->bytes);
}

static bool unpack_name(struct unpack *in, struct attachment_name *name)
{
    uint64_t bytes;
    if (!unpack_bin_exact(in, name->root, HASH_BYTES) ||
        !unpack_uint_max(in, ATTACHMENT_BYTES_MAX, &bytes) || bytes == 0)
        return false;
    name->bytes = (uint32_t)bytes;
    return true;
}

/* A list of at least `known`, of which the name is first. */
static bool open_list(struct unpack *in, uint32_t known, uint32_t *rest,
                      struct attachment_name *name)
{
    return message_take_start(in, known, rest) && unpack_name(in, name);
}

/* ---- messages ---- */

static enum status pack_offer(struct buffer *body, const struct message_offer *offer)
{
    TRY(pack_array(body, 2));
    TRY(pack_array(body, (uint32_t)(2 * offer->names_count)));
    for (size_t i = 0; i < offer->names_count; i++)
        TRY(pack_name(body, &offer->names[i]));
    TRY(pack_array(body, (uint32_t)offer->sought_count));
    for (size_t i = 0; i < offer->sought_count; i++)
        TRY(pack_bin(body, bytes_of(offer->sought[i].root, SOUGHT_BYTES)));
    return STATUS_OK;
}

enum status message_put_offer(struct buffer *stream, const struct message_offer *offer)
{
    struct buffer body = {0};
    return message_put_packed(stream, MESSAGE_OFFER, pack_offer(&body, offer), &body);
}

static bool unpack_names(struct unpack *in, struct message_offer *offer)
{
    uint32_t items;
    if (!unpack_array(in, &items) || items % 2 != 0 || items > 2 * OFFER_NAMES_MAX)
        return false;
    offer->names_count = items / 2;
    for (size_t i = 0; i < offer->names_count; i++)
        if (!unpack_name(in, &offer->names[i]))
            return false;
    return true;
}

bool message_decode_offer(struct bytes body, struct message_offer *offer)
{
    struct unpack in = unpack_of(body);
    uint32_t lists, sought;
    if (!unpack_array(&in, &lists) || lists < 2 || !unpack_names(&in, offer) ||
        !unpack_array(&in, &sought) || sought > OFFER_NAMES_MAX)
        return false;
    offer->sought_count = sought;
    for (size_t i = 0; i < offer->sought_count; i++)
        if (!unpack_bin_exact(&in, offer->sought[i].root, SOUGHT_BYTES))
            return false;
    return unpack_end(&in, lists - 2);
}

static enum status pack_want(struct buffer *body, const struct message_want *want)
{
    TRY(pack_array(body, 4));
    TRY(pack_name(body, &want->name));
    TRY(pack_uint(body, want->from));
    return pack_uint(body, want->count);
}

enum status message_put_want(struct buffer *stream, const struct message_want *want)
{
    struct buffer body = {0};
    return message_put_packed(stream, MESSAGE_WANT, pack_want(&body, want), &body);
}

bool message_decode_want(struct bytes body, struct message_want *want)
{
    struct unpack in = unpack_of(body);
    uint64_t from, count;
    uint32_t rest;
    if (!open_list(&in, 4, &rest, &want->name))
        return false;
    uint32_t units = attachment_units(want->name.bytes);
    if (!unpack_uint_max(&in, units, &from) || !unpack_uint_max(&in, WANT_UNITS_MAX, &count) ||
        count > units - from || !unpack_end(&in, rest))
        return false;
    want->from = (uint32_t)from;
    want->count = (uint32_t)count;
    return true;
}

static enum status pack_unit(struct buffer *body, const struct message_unit *unit)
{
    TRY(pack_array(body, 4));
    TRY(pack_name(body, &unit->name));
    TRY(pack_uint(body, unit->position));
    return pack_bin(body, unit->unit);
}

enum status message_put_unit(struct buffer *stream, const struct message_unit *unit)
{
    struct buffer body = {0};
    return message_put_packed(stream, MESSAGE_UNIT, pack_unit(&body, unit), &body);
}

bool message_decode_unit(struct bytes body, struct message_unit *unit)
{
    struct unpack in = unpack_of(body);
    uint64_t position;
    uint32_t rest;
    if (!open_list(&in, 4, &rest, &unit->name) ||
        !unpack_uint_max(&in, attachment_units(unit->name.bytes) - 1, &position) ||
        !unpack_bin(&in, &unit->unit) || !unpack_end(&in, rest))
        return false;
    unit->position = (uint32_t)position;
    return unit->unit.size == attachment_unit_bytes(unit->name.bytes, unit->position);
}

static enum status pack_none(struct buffer *body, const struct attachment_name *name)
{
    TRY(pack_array(body, 2));
    return pack_name(body, name);
}

enum status message_put_none(struct buffer *stream, const struct attachment_name *name)
{
    struct buffer body = {0};
    return message_put_packed(stream, MESSAGE_NONE, pack_none(&body, name), &body);
}

bool message_decode_none(struct bytes body, struct attachment_name *name)
{
    struct unpack in = unpack_of(body);
    uint32_t rest;
    return open_list(&in, 2, &rest, name) && unpack_end(&in, rest);
}
