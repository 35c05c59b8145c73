#ifndef COMMON_FRONTIER_SKETCH_H
#define COMMON_FRONTIER_SKETCH_H

/* In what two frontiers differ, found from a few bytes whose number doesn't depend on how long the
 * frontiers are (docs/decisions/0022-frontiers-that-differ.md).
 *
 * A frontier is taken for a vector over all feeds; a sketch is its first syndromes, as a
 * Reed-Solomon code has them, over the integers modulo 2^32 - 5: S(j) = sum of number(f) * X(f)^j.
 * Two sketches are subtracted, and what differs is decoded (Berlekamp-Massey for the places, Forney
 * for the values). Values without storage or clock; nothing here is secret. */

#include "common/frontier.h"

#define SKETCH_FEEDS 20u      /* differing feeds that the first sketch finds */
#define SKETCH_FEEDS_MAX 250u /* ... and the widest one */
/* Two symbols more than are needed show that there was more to find. */
#define SKETCH_SYMBOLS(feeds) (2u * (feeds) + 2u)
#define SKETCH_BYTES(feeds) (4u * SKETCH_SYMBOLS(feeds))

/* Appends the sketch that finds up to `feeds` differing feeds: SKETCH_BYTES(feeds) bytes, u32le.
 * STATUS_NO_MEMORY. */
enum status sketch_make(const struct frontier *frontier, unsigned feeds, struct buffer *out,
                        struct error *err);

/* What one frontier is, in words of another: what the side that has decoded tells the one that
 * made the sketch. Owns its buffers; {0} is valid. */
struct sketch_difference {
    struct buffer rows;   /* feeds of ours whose number differs, and by how much */
    struct buffer absent; /* a polynomial whose roots are the feeds that we lack, u32le */
};
void sketch_difference_release(struct sketch_difference *difference);

/* Decodes their sketch: *found is false when more differs than it can find. Else `theirs` is
 * replaced by what they hold of the feeds that we hold, and `difference` says to them what `ours`
 * is. STATUS_BAD_INPUT: no such sketch. STATUS_NO_MEMORY. */
enum status sketch_read(struct bytes sketch, const struct frontier *ours, bool *found,
                        struct frontier *theirs, struct sketch_difference *difference,
                        struct error *err);
/* The other side of it: replaces `theirs` by the frontier that (rows, absent) make of ours, of
 * which the sketch was. STATUS_BAD_INPUT: they make none. */
enum status sketch_apply(const struct frontier *ours, struct bytes rows, struct bytes absent,
                         struct frontier *theirs, struct error *err);

#endif
