#ifndef PROTOCOL_PACK_STREAM_H
#define PROTOCOL_PACK_STREAM_H

/* Compression of what one side says: Zstandard (RFC 8878), one frame over many PACKED messages,
 * with DICTIONARY_ENTRIES (common/dictionary.h). Who reads takes any dictionary that it knows, or
 * none.
 *
 * Each piece ends on a block, so that what arrived can be used before the next one comes, and
 * leans on those before it. Windows are bounded: a piece never expands to more than
 * PACK_PIECE_MAX, whoever made it. {0} is valid; a context lives from the first piece of a frame to
 * its last, so a quiet connection holds none. */

#include "common/bytes.h"

#define PACK_PIECE_MAX (16u * 1024u) /* bytes before compression */
#define PACK_PIECE_AIM (8u * 1024u)  /* what we make: a broken line loses less than one */
#define PACK_WINDOW_LOG 17           /* 128 KiB */

struct packer {
    struct ZSTD_CCtx_s *context;
};

/* Appends `plain`, compressed, to `out`; at most PACK_PIECE_MAX (asserted). `last` ends the frame.
 * STATUS_NO_MEMORY. */
enum status packer_add(struct packer *packer, struct bytes plain, bool last, struct buffer *out);
void packer_release(struct packer *packer);

struct unpacker {
    struct ZSTD_DCtx_s *context;
};

/* Appends what `piece` expands to. STATUS_PROTOCOL: no such thing, or more than PACK_PIECE_MAX.
 * STATUS_NO_MEMORY. */
enum status unpacker_add(struct unpacker *unpacker, struct bytes piece, struct buffer *out);
void unpacker_release(struct unpacker *unpacker);

#endif
