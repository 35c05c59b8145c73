#include "common/zstd_frame.h"

#include <zstd.h>

#include "common/mutant.h"

/* Entries are taken in by the thousand, and most of what they hold is chance. Of a text each byte
 * is kept twice; above level 4 it takes several times as long, and saves what padding fills. */
static const int levels[] = {[DICTIONARY_ENTRIES] = 1, [DICTIONARY_TEXTS] = 4};

void zstd_room_release(struct zstd_room *room)
{
    ZSTD_freeCCtx(room->packing);
    ZSTD_freeDCtx(room->opening);
    for (int i = 0; i <= DICTIONARY_NEWEST; i++) {
        ZSTD_freeCDict(room->packing_with[i]);
        ZSTD_freeDDict(room->opening_with[i]);
    }
    *room = (struct zstd_room){0};
}

static enum status append(struct buffer *out, struct zstd_room *room, struct bytes plain)
{
    TRY(buffer_reserve(out, ZSTD_compressBound(plain.size)));
    size_t size = ZSTD_compress2(room->packing, out->data + out->size, out->capacity - out->size,
                                 plain.data, plain.size);
    if (ZSTD_isError(size)) /* there is room enough */
        return STATUS_NO_MEMORY;
    out->size += size;
    return STATUS_OK;
}

enum status zstd_frame_append(struct buffer *out, struct zstd_room *room, struct bytes plain,
                              int level)
{
    if (!room->packing && !(room->packing = ZSTD_createCCtx()))
        return STATUS_NO_MEMORY;
    ZSTD_CCtx_refCDict(room->packing, NULL);
    ZSTD_CCtx_setParameter(room->packing, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(room->packing, ZSTD_c_windowLog, ZSTD_FRAME_WINDOW_LOG);
    return append(out, room, plain);
}

static ZSTD_CDict *packing_with(struct zstd_room *room, enum dictionary dictionary)
{
    ZSTD_CDict **place = &room->packing_with[dictionary];
    struct bytes bytes = dictionary_find(dictionary);
    if (!*place)
        *place = ZSTD_createCDict(bytes.data, bytes.size, levels[dictionary]);
    return *place;
}

enum status zstd_frame_append_with(struct buffer *out, struct zstd_room *room, struct bytes plain,
                                   enum dictionary dictionary)
{
    ZSTD_CDict *with = packing_with(room, dictionary);
    if (!with || (!room->packing && !(room->packing = ZSTD_createCCtx())))
        return STATUS_NO_MEMORY;
    ZSTD_CCtx_refCDict(room->packing, with);
    ZSTD_CCtx_setParameter(room->packing, ZSTD_c_windowLog, ZSTD_FRAME_WINDOW_LOG);
    return append(out, room, plain);
}

/* RFC 8878, 3.1.1.1: the descriptor's bit 5 says that the window is the content itself; else a
 * byte follows whose upper five bits are its logarithm less 10, and the lower three add eighths.
 * Opening in one go needs no window, but who opens by streaming must be able to bear the frame. */
static bool window_fits(struct bytes frame)
{
    if (frame.size < 6)
        return false;
    bool single = (frame.data[4] & 0x20) != 0;
    return single || MUTANT("t14-any-window") || frame.data[5] <= (ZSTD_FRAME_WINDOW_LOG - 10) << 3;
}

static ZSTD_DDict *opening_with(struct zstd_room *room, uint32_t number)
{
    ZSTD_DDict **place = &room->opening_with[number];
    struct bytes bytes = dictionary_find(number);
    if (!*place)
        *place = ZSTD_createDDict(bytes.data, bytes.size);
    return *place;
}

enum status zstd_frame_open(struct buffer *out, struct zstd_room *room, struct bytes frame,
                            size_t most)
{
    unsigned long long size = ZSTD_getFrameContentSize(frame.data, frame.size);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size == 0 ||
        (size > most && !MUTANT("t14-any-size")) || !window_fits(frame) ||
        ZSTD_findFrameCompressedSize(frame.data, frame.size) != frame.size)
        return STATUS_BAD_INPUT;
    unsigned number = ZSTD_getDictID_fromFrame(frame.data, frame.size);
    if (number != DICTIONARY_NONE && !dictionary_find(number).data)
        return STATUS_BAD_INPUT;
    if (!room->opening && !(room->opening = ZSTD_createDCtx()))
        return STATUS_NO_MEMORY;
    ZSTD_DDict *with = number != DICTIONARY_NONE ? opening_with(room, number) : NULL;
    if (number != DICTIONARY_NONE && !with)
        return STATUS_NO_MEMORY;
    ZSTD_DCtx_refDDict(room->opening, with);
    TRY(buffer_reserve(out, (size_t)size));
    size_t got = ZSTD_decompressDCtx(room->opening, out->data + out->size, (size_t)size, frame.data,
                                     frame.size);
    if (ZSTD_isError(got) || got != size)
        return STATUS_BAD_INPUT;
    out->size += got;
    return STATUS_OK;
}
