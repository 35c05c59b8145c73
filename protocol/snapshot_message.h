#ifndef PROTOCOL_SNAPSHOT_MESSAGE_H
#define PROTOCOL_SNAPSHOT_MESSAGE_H

/* The messages about snapshots as bytes (docs/protocol.md, part 15); as message.h has the others.
 *
 *   SNAPSHOT [scope, name bin 32, manifest's bytes, chunks, bytes]   I hold it whole
 *   FETCH    [scope, name bin 32, place, count]    from `place` on: 0 the head, i chunk i - 1
 *   CHUNK    [place, bytes, piece bin]             the answer, in the order of places and bytes
 *   SETTLED  [scope, name bin 32, code]            no more of this one, and why */

#include "common/snapshot.h"
#include "protocol/message.h"

#define FETCH_PLACES_MAX 32                           /* of one FETCH */
#define CHUNK_PIECE_BYTES 32768u                      /* of one CHUNK */
#define CHUNK_FRAME_MAX (SNAPSHOT_CHUNK_MAX + 65536u) /* a chunk as it is packed */

enum status message_put_snapshot(struct buffer *stream, const struct snapshot_given *given);
/* False also for a head larger than SNAPSHOT_HEAD_MAX, and a scope that holds no records. */
bool message_decode_snapshot(struct bytes body, struct snapshot_given *given);

struct message_fetch {
    uint32_t scope;
    struct hash name;
    uint32_t place, count; /* 1 to FETCH_PLACES_MAX */
};
enum status message_put_fetch(struct buffer *stream, const struct message_fetch *fetch);
bool message_decode_fetch(struct bytes body, struct message_fetch *fetch);

struct message_chunk {
    uint32_t place, bytes; /* of the whole part, at most SNAPSHOT_HEAD_MAX */
    struct bytes piece;    /* 1 to CHUNK_PIECE_BYTES */
};
enum status message_put_chunk(struct buffer *stream, const struct message_chunk *chunk);
bool message_decode_chunk(struct bytes body, struct message_chunk *chunk);

struct message_settled {
    uint32_t scope;
    struct hash name;
    uint64_t code; /* enum snapshot_code, or one that we don't know yet */
};
enum status message_put_settled(struct buffer *stream, const struct message_settled *settled);
bool message_decode_settled(struct bytes body, struct message_settled *settled);

#endif
