#ifndef COMMON_ZSTD_FRAME_H
#define COMMON_ZSTD_FRAME_H

/* One whole Zstandard frame (RFC 8878): it says how much it expands to, and needs no more than a
 * window of 128 KiB. What comes from outside is opened by the same bounds. */

#include "common/bytes.h"

#define ZSTD_FRAME_WINDOW_LOG 17

/* Contexts that are costly to make, kept by who makes many frames; {0} is valid and fills itself.
 * One thread. */
struct zstd_room {
    struct ZSTD_CCtx_s *packing;
    struct ZSTD_DCtx_s *opening;
};
void zstd_room_release(struct zstd_room *room);

/* Appends `plain` as a frame; level 1 (quick) to 19 (small). STATUS_NO_MEMORY. */
enum status zstd_frame_append(struct buffer *out, struct zstd_room *room, struct bytes plain,
                              int level);
/* Appends what the frame holds. STATUS_BAD_INPUT: it isn't one whole frame, breaks the bounds, is
 * empty or says more than `most`; `out` is then as it was. STATUS_NO_MEMORY. */
enum status zstd_frame_open(struct buffer *out, struct zstd_room *room, struct bytes frame,
                            size_t most);

#endif
