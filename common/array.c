#include "common/array.h"

#include <stdlib.h>

#define ITEMS_FIRST 4
#define ITEMS_DOUBLED_MAX 512

void *array_grow(void *array, size_t count, size_t *capacity, size_t item)
{
    if (count < *capacity)
        return array;
    size_t more = *capacity < ITEMS_DOUBLED_MAX ? *capacity : *capacity / 4;
    size_t wanted = *capacity ? *capacity + more : ITEMS_FIRST;
    void *grown = realloc(array, wanted * item);
    if (grown)
        *capacity = wanted;
    return grown;
}
