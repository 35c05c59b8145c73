#ifndef COMMON_ZSTD_FRAME_H
#define COMMON_ZSTD_FRAME_H

/* One whole Zstandard frame (RFC 8878): it says how much it expands to, needs no more than a window
 * of 128 KiB, and may name a dictionary. What comes from outside is opened by the same bounds. */

#include "common/dictionary.h"

#define ZSTD_FRAME_WINDOW_LOG 17
#define ZSTD_MAGIC_BYTES 4 /* that every frame begins with */

/* Contexts that are costly to make, kept by who makes many frames; {0} is valid and fills itself.
 * One thread. */
struct zstd_room {
    struct ZSTD_CCtx_s *packing;
    struct ZSTD_DCtx_s *opening;
    struct ZSTD_CDict_s *packing_with[DICTIONARY_NEWEST + 1];
    struct ZSTD_DDict_s *opening_with[DICTIONARY_NEWEST + 1];
};
void zstd_room_release(struct zstd_room *room);

/* Appends `plain` as a frame; level 1 (quick) to 19 (small). STATUS_NO_MEMORY. */
enum status zstd_frame_append(struct buffer *out, struct zstd_room *room, struct bytes plain,
                              int level);
/* The same with a dictionary, which brings its level along. */
enum status zstd_frame_append_with(struct buffer *out, struct zstd_room *room, struct bytes plain,
                                   enum dictionary dictionary);
/* Appends what the frame holds. STATUS_BAD_INPUT: it isn't one whole frame, breaks the bounds, is
 * empty, says more than `most` or names a dictionary that isn't known; `out` is then as it was.
 * STATUS_NO_MEMORY. */
enum status zstd_frame_open(struct buffer *out, struct zstd_room *room, struct bytes frame,
                            size_t most);

#endif
