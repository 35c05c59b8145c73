#include "protocol/message.h"

#include <string.h>

#include "common/pack.h"

#define LENGTH_BYTES_MAX 3 /* LEB128 of SESSION_MESSAGE_MAX */

/* ---- the envelope ---- */

enum status message_take(struct bytes *stream, struct message *message, bool *taken)
{
    struct bytes at = *stream;
    uint64_t size;
    *taken = false;
    if (at.size < 2)
        return STATUS_OK;
    message->type = at.data[0];
    at = bytes_of(at.data + 1, at.size - 1);
    if (!bytes_take_varint(&at, &size))
        return at.size < LENGTH_BYTES_MAX ? STATUS_OK : STATUS_PROTOCOL;
    if (size > SESSION_MESSAGE_MAX)
        return STATUS_PROTOCOL;
    if (at.size < size)
        return STATUS_OK;
    message->body = bytes_of(at.data, (size_t)size);
    *stream = bytes_of(at.data + size, at.size - (size_t)size);
    *taken = true;
    return STATUS_OK;
}

bool message_peek(struct bytes stream, struct message_start *start)
{
    uint64_t size;
    if (stream.size < 2)
        return false;
    start->type = stream.data[0];
    start->so_far = bytes_of(stream.data + 1, stream.size - 1);
    if (!bytes_take_varint(&start->so_far, &size))
        return false;
    start->size = (size_t)size;
    if (start->so_far.size > start->size)
        start->so_far.size = start->size;
    return true;
}

enum status message_put(struct buffer *stream, enum message_type type, struct bytes body)
{
    uint8_t kind = (uint8_t)type;
    TRY(buffer_reserve(stream, 1 + LENGTH_BYTES_MAX + body.size));
    TRY(buffer_append(stream, &kind, 1));
    TRY(buffer_append_varint(stream, body.size));
    return buffer_append_bytes(stream, body);
}

enum status message_put_packed(struct buffer *stream, enum message_type type, enum status packed,
                               struct buffer *body)
{
    enum status status = packed;
    if (status == STATUS_OK)
        status = message_put(stream, type, buffer_bytes(body));
    buffer_release(body);
    return status;
}

bool message_take_start(struct unpack *in, uint32_t least, uint32_t *extra)
{
    uint32_t parts;
    if (!unpack_array(in, &parts) || parts < least)
        return false;
    *extra = parts - least;
    return true;
}

/* ---- SENT, PING, PONG ---- */

enum status message_put_empty(struct buffer *stream, enum message_type type)
{
    static const uint8_t empty = 0x90;
    return message_put(stream, type, bytes_of(&empty, 1));
}

bool message_decode_empty(struct bytes body)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return message_take_start(&in, 0, &extra) && unpack_end(&in, extra);
}

/* ---- HAVE, RECEIPT, STABLE, SKETCH, HELD ---- */

static enum status pack_one(struct buffer *body, struct bytes data)
{
    TRY(pack_array(body, 1));
    return pack_bin(body, data);
}

enum status message_put_bin(struct buffer *stream, enum message_type type, struct bytes data)
{
    struct buffer body = {0};
    enum status packed = pack_one(&body, data);
    return message_put_packed(stream, type, packed, &body);
}

bool message_decode_bin(struct bytes body, struct bytes *data)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return message_take_start(&in, 1, &extra) && unpack_bin(&in, data) && unpack_end(&in, extra);
}

/* ---- HELLO ---- */

static enum status pack_hello(struct buffer *body, const struct message_hello *hello)
{
    TRY(pack_array(body, hello->clock_s ? 9 : 7));
    TRY(pack_uint(body, hello->version));
    TRY(pack_uint(body, hello->flags));
    TRY(pack_uint(body, hello->device));
    TRY(pack_uint(body, hello->lineage));
    TRY(pack_uint(body, hello->beacon));
    TRY(pack_bin(body, hello->told_digest));
    TRY(pack_bin(body, hello->delta));
    if (hello->clock_s == 0)
        return STATUS_OK;
    TRY(pack_uint(body, hello->clock_s));
    return pack_str(body, hello->program);
}

enum status message_put_hello(struct buffer *stream, const struct message_hello *hello)
{
    struct buffer body = {0};
    enum status packed = pack_hello(&body, hello);
    return message_put_packed(stream, MESSAGE_HELLO, packed, &body);
}

/* What a device tells of itself, now and then. */
static bool take_about(struct unpack *in, uint32_t *extra, struct message_hello *hello)
{
    if (*extra < 2)
        return true;
    *extra -= 2;
    return unpack_uint(in, &hello->clock_s) && unpack_str(in, &hello->program) &&
           hello->program.size < SESSION_PROGRAM_BYTES;
}

bool message_decode_hello(struct bytes body, struct message_hello *hello)
{
    struct unpack in = unpack_of(body);
    uint32_t parts, extra;
    *hello = (struct message_hello){0};
    if (!unpack_array(&in, &parts) || !unpack_uint(&in, &hello->version) || hello->version == 0)
        return false;
    if (hello->version > SESSION_VERSION)
        return true; /* its other elements may mean anything */
    in = unpack_of(body);
    return message_take_start(&in, 7, &extra) && unpack_uint(&in, &hello->version) &&
           unpack_u32(&in, &hello->flags) && unpack_u32(&in, &hello->device) &&
           unpack_uint(&in, &hello->lineage) && unpack_uint(&in, &hello->beacon) &&
           unpack_bin(&in, &hello->told_digest) && unpack_bin(&in, &hello->delta) &&
           take_about(&in, &extra, hello) && unpack_end(&in, extra) &&
           (hello->told_digest.size == 0 || hello->told_digest.size == SHORT_DIGEST_BYTES);
}

/* ---- ENROL ---- */

static enum status pack_enrol(struct buffer *body, const struct message_enrol *enrol)
{
    TRY(pack_array(body, 3));
    TRY(pack_bin(body, bytes_of(enrol->token, sizeof enrol->token)));
    TRY(pack_bin(body, bytes_of(enrol->sign_key, sizeof enrol->sign_key)));
    return pack_bin(body, bytes_of(enrol->signature, sizeof enrol->signature));
}

enum status message_put_enrol(struct buffer *stream, const struct message_enrol *enrol)
{
    struct buffer body = {0};
    enum status packed = pack_enrol(&body, enrol);
    return message_put_packed(stream, MESSAGE_ENROL, packed, &body);
}

bool message_decode_enrol(struct bytes body, struct message_enrol *enrol)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return message_take_start(&in, 3, &extra) &&
           unpack_bin_exact(&in, enrol->token, sizeof enrol->token) &&
           unpack_bin_exact(&in, enrol->sign_key, sizeof enrol->sign_key) &&
           unpack_bin_exact(&in, enrol->signature, sizeof enrol->signature) &&
           unpack_end(&in, extra);
}

void enrol_proof(uint8_t proof[ENROL_PROOF_BYTES], const uint8_t token[ENROL_TOKEN_BYTES],
                 const uint8_t dh_key[DH_KEY_BYTES], const uint8_t sign_key[PUBLIC_KEY_BYTES])
{
    memcpy(proof, token, ENROL_TOKEN_BYTES);
    memcpy(proof + ENROL_TOKEN_BYTES, dh_key, DH_KEY_BYTES);
    memcpy(proof + ENROL_TOKEN_BYTES + DH_KEY_BYTES, sign_key, PUBLIC_KEY_BYTES);
}

/* ---- WELCOME ---- */

static enum status pack_optional(struct buffer *body, struct bytes data)
{
    return data.size ? pack_bin(body, data) : pack_nil(body);
}

static bool take_optional(struct unpack *in, struct bytes *data)
{
    *data = (struct bytes){0};
    return unpack_nil(in) || unpack_bin(in, data);
}

static enum status pack_welcome(struct buffer *body, const struct message_welcome *welcome)
{
    TRY(pack_array(body, welcome->flags ? 7 : 6));
    TRY(pack_uint(body, welcome->code));
    TRY(pack_uint(body, welcome->device));
    TRY(pack_uint(body, welcome->lineage));
    TRY(pack_bool(body, welcome->remembered));
    TRY(pack_optional(body, welcome->beacon));
    TRY(pack_optional(body, welcome->link_key));
    return welcome->flags ? pack_uint(body, welcome->flags) : STATUS_OK;
}

enum status message_put_welcome(struct buffer *stream, const struct message_welcome *welcome)
{
    struct buffer body = {0};
    enum status packed = pack_welcome(&body, welcome);
    return message_put_packed(stream, MESSAGE_WELCOME, packed, &body);
}

bool message_decode_welcome(struct bytes body, struct message_welcome *welcome)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    welcome->flags = 0;
    if (!message_take_start(&in, 6, &extra) || !unpack_uint(&in, &welcome->code) ||
        !unpack_u32(&in, &welcome->device) || !unpack_uint(&in, &welcome->lineage) ||
        !unpack_bool(&in, &welcome->remembered) || !take_optional(&in, &welcome->beacon) ||
        !take_optional(&in, &welcome->link_key))
        return false;
    if (extra > 0 && !unpack_u32(&in, &welcome->flags))
        return false;
    return unpack_end(&in, extra - (extra > 0));
}

/* ---- RUN ---- */

bool message_decode_run(struct bytes body, struct message_run *run)
{
    struct unpack in = unpack_of(body);
    struct bytes entry, signature;
    uint32_t extra;
    if (!message_take_start(&in, 6, &extra) || !unpack_u32(&in, &run->feed.scope) ||
        !unpack_u32(&in, &run->feed.device) || !unpack_u32(&in, &run->feed.incarnation) ||
        !unpack_uint_max(&in, UINT64_MAX / 2, &run->first) || !unpack_array(&in, &run->count))
        return false;
    if (run->feed.device == 0 || run->feed.incarnation == 0 || run->first == 0 || run->count == 0)
        return false;
    for (uint32_t i = 0; i < run->count; i++)
        if (!unpack_bin(&in, &entry) || entry.size == 0 || entry.size > ENTRY_BYTES_MAX)
            return false;
    return unpack_bin(&in, &signature) && signature.size == SIGNATURE_BYTES &&
           unpack_end(&in, extra);
}

bool message_peek_run(struct bytes part, struct feed_id *feed, uint64_t *first)
{
    struct unpack in = unpack_of(part);
    uint32_t parts;
    /* The list announces more elements than are there yet, but not more than bytes. */
    return unpack_array(&in, &parts) && parts >= 6 && unpack_u32(&in, &feed->scope) &&
           unpack_u32(&in, &feed->device) && unpack_u32(&in, &feed->incarnation) &&
           unpack_uint_max(&in, UINT64_MAX / 2, first) && feed->device > 0 &&
           feed->incarnation > 0 && *first > 0;
}

/* ---- PART ---- */

static enum status pack_part(struct buffer *body, const struct message_part *part)
{
    TRY(pack_array(body, 6));
    TRY(pack_uint(body, part->feed.scope));
    TRY(pack_uint(body, part->feed.device));
    TRY(pack_uint(body, part->feed.incarnation));
    TRY(pack_uint(body, part->first));
    TRY(pack_uint(body, part->bytes));
    return pack_bin(body, part->digest);
}

enum status message_put_part(struct buffer *stream, const struct message_part *part)
{
    struct buffer body = {0};
    enum status packed = pack_part(&body, part);
    return message_put_packed(stream, MESSAGE_PART, packed, &body);
}

bool message_decode_part(struct bytes body, struct message_part *part)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return message_take_start(&in, 6, &extra) && unpack_u32(&in, &part->feed.scope) &&
           unpack_u32(&in, &part->feed.device) && unpack_u32(&in, &part->feed.incarnation) &&
           unpack_uint_max(&in, UINT64_MAX / 2, &part->first) &&
           unpack_uint_max(&in, SESSION_MESSAGE_MAX, &part->bytes) &&
           unpack_bin(&in, &part->digest) && unpack_end(&in, extra) && part->feed.device > 0 &&
           part->feed.incarnation > 0 && part->first > 0 &&
           part->digest.size == (part->bytes > 0 ? SHORT_DIGEST_BYTES : 0);
}

/* ---- TALLY ---- */

static enum status pack_tally(struct buffer *body, const struct message_tally *tally)
{
    TRY(pack_array(body, tally->has_chains ? 3 : 2));
    TRY(pack_bin(body, bytes_of(tally->frontier, sizeof tally->frontier)));
    TRY(pack_bin(body, bytes_of(tally->tally, sizeof tally->tally)));
    if (!tally->has_chains)
        return STATUS_OK;
    return pack_bin(body, bytes_of(tally->chains, sizeof tally->chains));
}

enum status message_put_tally(struct buffer *stream, const struct message_tally *tally)
{
    struct buffer body = {0};
    enum status packed = pack_tally(&body, tally);
    return message_put_packed(stream, MESSAGE_TALLY, packed, &body);
}

bool message_decode_tally(struct bytes body, struct message_tally *tally)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    if (!message_take_start(&in, 2, &extra) ||
        !unpack_bin_exact(&in, tally->frontier, sizeof tally->frontier) ||
        !unpack_bin_exact(&in, tally->tally, sizeof tally->tally))
        return false;
    tally->has_chains = extra > 0;
    if (tally->has_chains && !unpack_bin_exact(&in, tally->chains, sizeof tally->chains))
        return false;
    return unpack_end(&in, extra - tally->has_chains);
}

/* ---- BYE ---- */

static enum status pack_bye(struct buffer *body, const struct message_bye *bye)
{
    TRY(pack_array(body, 2));
    TRY(pack_uint(body, bye->code));
    return pack_str(body, bye->text);
}

enum status message_put_bye(struct buffer *stream, const struct message_bye *bye)
{
    struct buffer body = {0};
    enum status packed = pack_bye(&body, bye);
    return message_put_packed(stream, MESSAGE_BYE, packed, &body);
}

bool message_decode_bye(struct bytes body, struct message_bye *bye)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return message_take_start(&in, 2, &extra) && unpack_uint(&in, &bye->code) &&
           unpack_str(&in, &bye->text) && unpack_end(&in, extra);
}

/* ---- HOLD, WIDER ---- */

static enum status pack_number(struct buffer *body, uint64_t number)
{
    TRY(pack_array(body, 1));
    return pack_uint(body, number);
}

enum status message_put_number(struct buffer *stream, enum message_type type, uint64_t number)
{
    struct buffer body = {0};
    enum status packed = pack_number(&body, number);
    return message_put_packed(stream, type, packed, &body);
}

bool message_decode_number(struct bytes body, uint64_t *number)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return message_take_start(&in, 1, &extra) && unpack_uint(&in, number) && unpack_end(&in, extra);
}

/* ---- DIFFERENCE ---- */

static enum status pack_difference(struct buffer *body, const struct message_difference *difference)
{
    TRY(pack_array(body, 3));
    TRY(pack_bin(body, bytes_of(difference->frontier, sizeof difference->frontier)));
    TRY(pack_bin(body, difference->rows));
    return pack_bin(body, difference->absent);
}

enum status message_put_difference(struct buffer *stream,
                                   const struct message_difference *difference)
{
    struct buffer body = {0};
    enum status packed = pack_difference(&body, difference);
    return message_put_packed(stream, MESSAGE_DIFFERENCE, packed, &body);
}

bool message_decode_difference(struct bytes body, struct message_difference *difference)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return message_take_start(&in, 3, &extra) &&
           unpack_bin_exact(&in, difference->frontier, sizeof difference->frontier) &&
           unpack_bin(&in, &difference->rows) && unpack_bin(&in, &difference->absent) &&
           unpack_end(&in, extra);
}
