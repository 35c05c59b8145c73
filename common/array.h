#ifndef COMMON_ARRAY_H
#define COMMON_ARRAY_H

/* Growing arrays, and places in sorted ones. */

#include <stddef.h>

/* Room for one more item in an array: the array, moved perhaps, or NULL and all as it was. Small
 * arrays double; large ones grow by a quarter, so that hostile bytes buy little memory. */
void *array_grow(void *array, size_t count, size_t *capacity, size_t item);

/* The place of the first of `count` sorted items of `size` bytes that doesn't stand before
 * `wanted`, or `count`. `compare` is called with an item and `wanted`. In the header, so that it is
 * inlined: the merge stands on it. */
static inline size_t array_place(const void *items, size_t count, size_t size, const void *wanted,
                                 int (*compare)(const void *item, const void *wanted))
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare((const char *)items + middle * size, wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#endif
