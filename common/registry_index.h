#ifndef COMMON_REGISTRY_INDEX_H
#define COMMON_REGISTRY_INDEX_H

/* A hash index from 64-bit keys to items that others own; for registry*.c alone.
 *
 * Several items may share a key, so the caller compares what it finds. Items are never taken out:
 * one whose key has changed is added once more, and the comparison skips the old place. {0} is a
 * valid empty one. */

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct registry_place {
    uint64_t key;
    void *item; /* NULL: free */
};

struct registry_index {
    struct registry_place *places;
    size_t count;
    size_t capacity; /* a power of two, never full */
};

void registry_index_release(struct registry_index *index);
/* Make room for one more: STATUS_NO_MEMORY leaves the index unchanged. */
enum status registry_index_reserve(struct registry_index *index);
/* Needs the room that registry_index_reserve made. Borrows `item`. */
void registry_index_add(struct registry_index *index, uint64_t key, void *item);

/* The next item under `key`, or NULL after the last. *walk is 0 before the first call. */
void *registry_index_next(const struct registry_index *index, uint64_t key, size_t *walk);

#endif
