#include "protocol/snapshot_message.h"

#include "common/pack.h"

/* ---- parts ---- */

static bool take_number(struct unpack *in, uint32_t most, uint32_t *number)
{
    uint64_t wide;
    if (!unpack_uint_max(in, most, &wide))
        return false;
    *number = (uint32_t)wide;
    return true;
}

/* A scope and a name begin all but CHUNK. */
static enum status pack_start(struct buffer *body, uint32_t parts, uint32_t scope,
                              const struct hash *name)
{
    TRY(pack_array(body, parts));
    TRY(pack_uint(body, scope));
    return pack_bin(body, bytes_of(name->bytes, HASH_BYTES));
}

static bool take_start(struct unpack *in, uint32_t *scope, struct hash *name)
{
    return take_number(in, UINT32_MAX, scope) && unpack_bin_exact(in, name->bytes, HASH_BYTES);
}

/* ---- messages ---- */

static enum status pack_snapshot(struct buffer *body, const struct snapshot_given *given)
{
    TRY(pack_start(body, 5, given->scope, &given->name));
    TRY(pack_uint(body, given->sealed_bytes));
    TRY(pack_uint(body, given->chunks));
    return pack_uint(body, given->bytes);
}

enum status message_put_snapshot(struct buffer *stream, const struct snapshot_given *given)
{
    struct buffer body = {0};
    return message_put_packed(stream, MESSAGE_SNAPSHOT, pack_snapshot(&body, given), &body);
}

bool message_decode_snapshot(struct bytes body, struct snapshot_given *given)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return message_take_start(&in, 5, &extra) && take_start(&in, &given->scope, &given->name) &&
           !SCOPE_IS_REGISTRY(given->scope) && SCOPE_ORG(given->scope) != 0 &&
           take_number(&in, SNAPSHOT_HEAD_MAX, &given->sealed_bytes) && given->sealed_bytes > 0 &&
           take_number(&in, SNAPSHOT_CHUNKS_MAX, &given->chunks) &&
           given->sealed_bytes + (size_t)given->chunks * HASH_BYTES <= SNAPSHOT_HEAD_MAX &&
           unpack_uint(&in, &given->bytes) && unpack_end(&in, extra);
}

static enum status pack_fetch(struct buffer *body, const struct message_fetch *fetch)
{
    TRY(pack_start(body, 4, fetch->scope, &fetch->name));
    TRY(pack_uint(body, fetch->place));
    return pack_uint(body, fetch->count);
}

enum status message_put_fetch(struct buffer *stream, const struct message_fetch *fetch)
{
    struct buffer body = {0};
    return message_put_packed(stream, MESSAGE_FETCH, pack_fetch(&body, fetch), &body);
}

bool message_decode_fetch(struct bytes body, struct message_fetch *fetch)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return message_take_start(&in, 4, &extra) && take_start(&in, &fetch->scope, &fetch->name) &&
           take_number(&in, SNAPSHOT_CHUNKS_MAX, &fetch->place) &&
           take_number(&in, FETCH_PLACES_MAX, &fetch->count) && fetch->count > 0 &&
           unpack_end(&in, extra);
}

static enum status pack_chunk(struct buffer *body, const struct message_chunk *chunk)
{
    TRY(pack_array(body, 3));
    TRY(pack_uint(body, chunk->place));
    TRY(pack_uint(body, chunk->bytes));
    return pack_bin(body, chunk->piece);
}

enum status message_put_chunk(struct buffer *stream, const struct message_chunk *chunk)
{
    struct buffer body = {0};
    return message_put_packed(stream, MESSAGE_CHUNK, pack_chunk(&body, chunk), &body);
}

bool message_decode_chunk(struct bytes body, struct message_chunk *chunk)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return message_take_start(&in, 3, &extra) &&
           take_number(&in, SNAPSHOT_CHUNKS_MAX, &chunk->place) &&
           take_number(&in, SNAPSHOT_HEAD_MAX, &chunk->bytes) && unpack_bin(&in, &chunk->piece) &&
           chunk->piece.size > 0 && chunk->piece.size <= CHUNK_PIECE_BYTES &&
           unpack_end(&in, extra);
}

static enum status pack_settled(struct buffer *body, const struct message_settled *settled)
{
    TRY(pack_start(body, 3, settled->scope, &settled->name));
    return pack_uint(body, settled->code);
}

enum status message_put_settled(struct buffer *stream, const struct message_settled *settled)
{
    struct buffer body = {0};
    return message_put_packed(stream, MESSAGE_SETTLED, pack_settled(&body, settled), &body);
}

bool message_decode_settled(struct bytes body, struct message_settled *settled)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return message_take_start(&in, 3, &extra) && take_start(&in, &settled->scope, &settled->name) &&
           unpack_uint(&in, &settled->code) && unpack_end(&in, extra);
}
