#include "common/registry_index.h"

#include <assert.h>
#include <stdlib.h>

#define PLACES_FIRST 64

void registry_index_release(struct registry_index *index)
{
    free(index->places);
    *index = (struct registry_index){0};
}

/* Numbers that count up would lie side by side; the golden ratio spreads them. */
static size_t place_of(const struct registry_index *index, uint64_t key)
{
    return (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (index->capacity - 1);
}

static void put(struct registry_index *index, uint64_t key, void *item)
{
    size_t at = place_of(index, key);
    while (index->places[at].item)
        at = (at + 1) & (index->capacity - 1);
    index->places[at] = (struct registry_place){key, item};
    index->count++;
}

enum status registry_index_reserve(struct registry_index *index)
{
    if (index->count * 2 < index->capacity)
        return STATUS_OK;
    struct registry_index grown = {.capacity =
                                       index->capacity ? index->capacity * 2 : PLACES_FIRST};
    grown.places = calloc(grown.capacity, sizeof *grown.places);
    if (!grown.places)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < index->capacity; i++)
        if (index->places[i].item)
            put(&grown, index->places[i].key, index->places[i].item);
    free(index->places);
    *index = grown;
    return STATUS_OK;
}

void registry_index_add(struct registry_index *index, uint64_t key, void *item)
{
    assert(index->count < index->capacity);
    put(index, key, item);
}

void *registry_index_next(const struct registry_index *index, uint64_t key, size_t *walk)
{
    if (index->capacity == 0)
        return NULL;
    for (size_t step = *walk;; step++) {
        const struct registry_place *place =
            &index->places[(place_of(index, key) + step) & (index->capacity - 1)];
        if (!place->item)
            return NULL;
        if (place->key == key) {
            *walk = step + 1;
            return place->item;
        }
    }
}
