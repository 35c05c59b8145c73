#ifndef TESTS_SUPPORT_REPACK_H
#define TESTS_SUPPORT_REPACK_H

/* Reads MessagePack with our cursor and writes it again with msgpack-c: the bytes must be the same.
 * This is what "canonical" means, so the unit test and the fuzz target of pack.c share it. */

#include "common/pack.h"

/* Take one item (of an array: only the header) and append it to `out`, packed anew. False when
 * the reader refuses it; then it stands where it stood and `out` is unchanged. */
bool repack_item(struct unpack *in, struct buffer *out);

#endif
