/* Pieces of the log as they are written: in frames where that saves room, and few.
 *
 * A save is a piece of one, with a signature of its own. Once others have followed, the signature
 * of the last covers them all (the chain), so every MERGE_EVERY entries the small pieces of a feed
 * become one. */

#include <stdlib.h>

#include "common/bodies.h"
#include "common/replica_floor.h"
#include "common/replica_state.h"

#define MERGE_EVERY 32
#define MERGE_BYTES 7000  /* a merged piece; what travels as one run */
#define COMPRESS_MIN 1024 /* less isn't worth a frame */
#define ALONE_MIN 4096 /* so much says by itself what repeats: a dictionary would be in the way */

static enum status pack_bodies(const struct piece *piece, struct buffer *out)
{
    buffer_clear(out);
    for (size_t i = 0; i < piece->count; i++) {
        TRY(buffer_append_varint(out, piece->bodies[i].size));
        TRY(buffer_append_bytes(out, piece->bodies[i]));
    }
    return STATUS_OK;
}

/* A frame is kept where it saves an eighth. */
static enum status compress(struct replica *replica, struct bytes *bodies, enum log_form *form)
{
    *form = LOG_PLAIN;
    if (bodies->size < COMPRESS_MIN || bodies->size > LOG_PIECE_MAX)
        return STATUS_OK;
    buffer_clear(&replica->frame);
    TRY(bodies->size < ALONE_MIN
            ? zstd_frame_append_with(&replica->frame, &replica->zstd, *bodies, DICTIONARY_ENTRIES)
            : zstd_frame_append(&replica->frame, &replica->zstd, *bodies, 1));
    if (replica->frame.size > bodies->size / 8 * 7)
        return STATUS_OK;
    *bodies = buffer_bytes(&replica->frame);
    *form = LOG_FRAME;
    return STATUS_OK;
}

enum status log_insert(struct replica *replica, int64_t id, const struct piece *piece,
                       struct error *err)
{
    struct bytes bodies = piece->bodies[0];
    enum log_form form = LOG_PLAIN;
    enum status status = STATUS_OK;
    sqlite3_stmt *insert = sql_use(replica, SQL_LOG_INSERT);
    if (!insert)
        return sql_fail(replica, err, "the log");
    if (piece->count > 1) {
        status = pack_bodies(piece, &replica->scratch);
        bodies = buffer_bytes(&replica->scratch);
    }
    if (status == STATUS_OK)
        status = compress(replica, &bodies, &form);
    if (status != STATUS_OK)
        return error_set(err, status, "out of memory");
    sqlite3_bind_int64(insert, 1, id);
    sqlite3_bind_int64(insert, 2, (int64_t)piece->count);
    sqlite3_bind_int(insert, 3, form);
    sql_bind_bytes(insert, 4, bodies);
    sql_bind_bytes(insert, 5, bytes_of(piece->signature, SIGNATURE_BYTES));
    return sql_done(replica, insert, "the log", err);
}

/* ---- few pieces ---- */

/* Neighbours that may become one. */
struct merging {
    uint32_t local;
    uint64_t first, last;
    size_t pieces;
    struct bodies bodies;
    uint8_t signature[SIGNATURE_BYTES]; /* of the last */
};

static void merging_clear(struct merging *merging)
{
    merging->pieces = 0;
    bodies_clear(&merging->bodies);
}

static enum status replace_pieces(struct replica *replica, const struct merging *merging,
                                  const struct piece *piece, struct error *err)
{
    sqlite3_stmt *drop = sql_use(replica, SQL_LOG_DROP);
    if (!drop)
        return sql_fail(replica, err, "the log");
    sqlite3_bind_int64(drop, 1, LOG_ID(merging->local, merging->first));
    sqlite3_bind_int64(drop, 2, LOG_ID(merging->local, merging->last));
    TRY(sql_done(replica, drop, "the log", err));
    return log_insert(replica, LOG_ID(merging->local, merging->last), piece, err);
}

static enum status merge(struct replica *replica, struct merging *merging, struct error *err)
{
    enum status status = STATUS_OK;
    if (merging->pieces > 1) {
        struct bytes *bodies = bodies_list(&merging->bodies);
        struct piece piece = {
            .bodies = bodies, .count = merging->bodies.count, .signature = merging->signature};
        status = bodies ? replace_pieces(replica, merging, &piece, err)
                        : error_set(err, STATUS_NO_MEMORY, "out of memory");
        free(bodies);
    }
    merging_clear(merging);
    return status;
}

static enum status consider(struct replica *replica, struct merging *merging,
                            struct log_cursor *cursor, struct error *err)
{
    struct bytes body;
    size_t size = cursor->bodies.size;
    if (merging->bodies.bytes.size + size > MERGE_BYTES)
        TRY(merge(replica, merging, err));
    if (size > MERGE_BYTES)
        return STATUS_OK;
    if (merging->pieces == 0)
        merging->first = cursor->first;
    merging->last = cursor->last;
    merging->pieces++;
    memcpy(merging->signature, cursor->signature.data, SIGNATURE_BYTES);
    while (log_next_body(cursor, &body))
        if (bodies_add(&merging->bodies, body) != STATUS_OK)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

/* The pieces that end behind entry `from` of a feed. */
static enum status merge_from(struct replica *replica, uint32_t local, uint64_t from,
                              struct error *err)
{
    struct merging merging = {.local = local};
    struct log_cursor cursor;
    struct dot dot = {feed_at(replica, local)->id, from};
    bool found = true;
    TRY(log_open(replica, &dot, &cursor, err));
    enum status status = log_next_piece(replica, &cursor, &found, err);
    while (status == STATUS_OK && found) {
        status = consider(replica, &merging, &cursor, err);
        if (status == STATUS_OK)
            status = log_next_piece(replica, &cursor, &found, err);
    }
    log_close(&cursor);
    if (status == STATUS_OK)
        status = merge(replica, &merging, err);
    bodies_release(&merging.bodies);
    return status;
}

enum status feed_append(struct replica *replica, uint32_t local, const struct piece *piece,
                        struct error *err)
{
    struct feed *feed = feed_at(replica, local);
    uint64_t before = feed->number;
    TRY(log_insert(replica, LOG_ID(local, before + piece->count), piece, err));
    feed->number += piece->count;
    feed->hash = piece->hash;
    feed->dirty = true;
    const struct floor *floor = floor_of(replica, &feed->id);
    uint64_t block = before / MERGE_EVERY, from = block * MERGE_EVERY + 1;
    if (feed->number / MERGE_EVERY == block || piece->count >= MERGE_EVERY)
        return STATUS_OK;
    /* Below a floor there may be a gap. */
    return merge_from(replica, local, floor && floor->number >= from ? floor->number + 1 : from,
                      err);
}

/* ---- less of a feed ---- */

static enum status keep_front(struct replica *replica, struct log_cursor *cursor,
                              const struct dot *last, const struct hash *hash, struct error *err)
{
    uint8_t signature[SIGNATURE_BYTES];
    struct bodies bodies = {0};
    struct bytes body, *list = NULL;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && cursor->next <= last->number && log_next_body(cursor, &body))
        status = bodies_add(&bodies, body);
    if (status == STATUS_OK)
        list = bodies_list(&bodies);
    if (list) {
        struct piece piece = {.bodies = list, .count = bodies.count, .signature = signature};
        entry_sign(signature, &replica->network, hash, &replica->identity.sign);
        status =
            log_insert(replica, LOG_ID(feed_find(replica, &last->feed), last->number), &piece, err);
    } else {
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    free(list);
    bodies_release(&bodies);
    return status;
}

enum status log_divide(struct replica *replica, const struct dot *last, const struct hash *hash,
                       struct error *err)
{
    struct dot next = {last->feed, last->number + 1};
    struct log_cursor cursor;
    bool found;
    TRY(log_open(replica, &next, &cursor, err));
    enum status status = log_next_piece(replica, &cursor, &found, err);
    if (status == STATUS_OK && found && cursor.first <= last->number)
        status = keep_front(replica, &cursor, last, hash, err);
    log_close(&cursor);
    return status;
}
