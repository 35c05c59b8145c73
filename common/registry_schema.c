/* How a schema stands in the registry: a zstd frame of its JSON, small and safe to open. */

#include <stdlib.h>
#include <zstd.h>

#include "common/mutant.h"
#include "common/pack.h"
#include "common/registry_state.h"
#include "common/registry_value.h"

#define WINDOW_LOG_MAX 17

enum status registry_pack_schema(const struct schema *schema, struct buffer *out, struct error *err)
{
    size_t bound = ZSTD_compressBound(schema->text_size);
    uint8_t *frame = malloc(bound);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t size = 0;
    bool good = frame && context;
    if (good) {
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 19);
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, WINDOW_LOG_MAX);
        size = ZSTD_compress2(context, frame, bound, schema->text, schema->text_size);
        good = !ZSTD_isError(size) && pack_bin(out, bytes_of(frame, size)) == STATUS_OK;
    }
    ZSTD_freeCCtx(context);
    free(frame);
    return good ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* RFC 8878, 3.1.1.1: the descriptor's bit 5 says that the window is the content itself; else a
 * byte follows whose upper five bits are its logarithm less 10, and the lower three add eighths.
 * Opening in one go needs no window, but who opens by streaming must be able to bear the frame. */
static bool window_fits(struct bytes frame)
{
    if (frame.size < 6)
        return false;
    bool single = (frame.data[4] & 0x20) != 0;
    return single || MUTANT("t14-any-window") || frame.data[5] <= (WINDOW_LOG_MAX - 10) << 3;
}

enum status registry_unpack_schema(struct bytes frame, struct buffer *text, struct error *err)
{
    unsigned long long size = ZSTD_getFrameContentSize(frame.data, frame.size);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size == 0 ||
        (size > SCHEMA_TEXT_MAX && !MUTANT("t14-any-size")) || !window_fits(frame) ||
        ZSTD_findFrameCompressedSize(frame.data, frame.size) != frame.size)
        return registry_broken(err, "schema");
    if (buffer_reserve(text, (size_t)size) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    size_t got = ZSTD_decompress(text->data, (size_t)size, frame.data, frame.size);
    if (ZSTD_isError(got) || got != size)
        return registry_broken(err, "schema");
    text->size = got;
    return STATUS_OK;
}
