#include "common/zstd_frame.h"

#include <zstd.h>

#include "common/mutant.h"

void zstd_room_release(struct zstd_room *room)
{
    ZSTD_freeCCtx(room->packing);
    ZSTD_freeDCtx(room->opening);
    *room = (struct zstd_room){0};
}

enum status zstd_frame_append(struct buffer *out, struct zstd_room *room, struct bytes plain,
                              int level)
{
    if (!room->packing && !(room->packing = ZSTD_createCCtx()))
        return STATUS_NO_MEMORY;
    ZSTD_CCtx_setParameter(room->packing, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(room->packing, ZSTD_c_windowLog, ZSTD_FRAME_WINDOW_LOG);
    TRY(buffer_reserve(out, ZSTD_compressBound(plain.size)));
    size_t size = ZSTD_compress2(room->packing, out->data + out->size, out->capacity - out->size,
                                 plain.data, plain.size);
    if (ZSTD_isError(size)) /* there is room enough */
        return STATUS_NO_MEMORY;
    out->size += size;
    return STATUS_OK;
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

enum status zstd_frame_open(struct buffer *out, struct zstd_room *room, struct bytes frame,
                            size_t most)
{
    unsigned long long size = ZSTD_getFrameContentSize(frame.data, frame.size);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size == 0 ||
        (size > most && !MUTANT("t14-any-size")) || !window_fits(frame) ||
        ZSTD_findFrameCompressedSize(frame.data, frame.size) != frame.size)
        return STATUS_BAD_INPUT;
    if (!room->opening && !(room->opening = ZSTD_createDCtx()))
        return STATUS_NO_MEMORY;
    TRY(buffer_reserve(out, (size_t)size));
    size_t got = ZSTD_decompressDCtx(room->opening, out->data + out->size, (size_t)size, frame.data,
                                     frame.size);
    if (ZSTD_isError(got) || got != size)
        return STATUS_BAD_INPUT;
    out->size += got;
    return STATUS_OK;
}
