#include "protocol/pack_stream.h"

#include <assert.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "common/dictionary.h"

#define LEVEL 3

static ZSTD_CCtx *context_new(void)
{
    struct bytes dictionary = dictionary_find(DICTIONARY_ENTRIES);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context)
        return NULL;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, PACK_WINDOW_LOG);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    if (!ZSTD_isError(ZSTD_CCtx_loadDictionary(context, dictionary.data, dictionary.size)))
        return context;
    ZSTD_freeCCtx(context);
    return NULL;
}

enum status packer_add(struct packer *packer, struct bytes plain, bool last, struct buffer *out)
{
    assert(plain.size <= PACK_PIECE_MAX);
    if (!packer->context && !(packer->context = context_new()))
        return STATUS_NO_MEMORY;
    TRY(buffer_reserve(out, ZSTD_compressBound(plain.size) + 64));
    ZSTD_inBuffer in = {plain.data, plain.size, 0};
    ZSTD_outBuffer to = {out->data + out->size, out->capacity - out->size, 0};
    size_t left = ZSTD_compressStream2(packer->context, &to, &in, last ? ZSTD_e_end : ZSTD_e_flush);
    if (ZSTD_isError(left))
        return STATUS_NO_MEMORY;
    assert(left == 0 && in.pos == in.size);
    out->size += to.pos;
    if (last)
        packer_release(packer);
    return STATUS_OK;
}

void packer_release(struct packer *packer)
{
    ZSTD_freeCCtx(packer->context);
    packer->context = NULL;
}

/* For a frame that begins so. */
static enum status unpacker_start(struct unpacker *unpacker, struct bytes piece)
{
    unsigned number = ZSTD_getDictID_fromFrame(piece.data, piece.size);
    struct bytes dictionary = dictionary_find(number);
    if (number != DICTIONARY_NONE && !dictionary.data)
        return STATUS_PROTOCOL;
    unpacker->context = ZSTD_createDCtx();
    if (!unpacker->context)
        return STATUS_NO_MEMORY;
    ZSTD_DCtx_setParameter(unpacker->context, ZSTD_d_windowLogMax, PACK_WINDOW_LOG);
    if (number == DICTIONARY_NONE || !ZSTD_isError(ZSTD_DCtx_loadDictionary(
                                         unpacker->context, dictionary.data, dictionary.size)))
        return STATUS_OK;
    unpacker_release(unpacker);
    return STATUS_NO_MEMORY;
}

enum status unpacker_add(struct unpacker *unpacker, struct bytes piece, struct buffer *out)
{
    if (!unpacker->context)
        TRY(unpacker_start(unpacker, piece));
    /* One byte of room more than is allowed: whoever uses it has expanded to too much. */
    TRY(buffer_reserve(out, PACK_PIECE_MAX + 1));
    ZSTD_inBuffer in = {piece.data, piece.size, 0};
    ZSTD_outBuffer to = {out->data + out->size, PACK_PIECE_MAX + 1, 0};
    size_t hint = 1;
    while (in.pos < in.size && to.pos < to.size && hint != 0 && !ZSTD_isError(hint))
        hint = ZSTD_decompressStream(unpacker->context, &to, &in);
    if (ZSTD_getErrorCode(hint) == ZSTD_error_memory_allocation)
        return STATUS_NO_MEMORY;
    if (ZSTD_isError(hint) || in.pos < in.size || to.pos > PACK_PIECE_MAX)
        return STATUS_PROTOCOL;
    out->size += to.pos;
    if (hint == 0)
        unpacker_release(unpacker);
    return STATUS_OK;
}

void unpacker_release(struct unpacker *unpacker)
{
    ZSTD_freeDCtx(unpacker->context);
    unpacker->context = NULL;
}
