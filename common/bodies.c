#include "common/bodies.h"

#include <stdlib.h>

#include "common/array.h"

enum status bodies_add(struct bodies *bodies, struct bytes body)
{
    size_t *sizes =
        array_grow(bodies->sizes, bodies->count, &bodies->capacity, sizeof *bodies->sizes);
    if (!sizes)
        return STATUS_NO_MEMORY;
    bodies->sizes = sizes;
    TRY(buffer_append_bytes(&bodies->bytes, body));
    sizes[bodies->count++] = body.size;
    return STATUS_OK;
}

struct bytes *bodies_list(const struct bodies *bodies)
{
    struct bytes *list = malloc(bodies->count * sizeof *list);
    const uint8_t *at = bodies->bytes.data;
    for (size_t i = 0; list && i < bodies->count; i++) {
        list[i] = bytes_of(at, bodies->sizes[i]);
        at += bodies->sizes[i];
    }
    return list;
}

void bodies_clear(struct bodies *bodies)
{
    buffer_clear(&bodies->bytes);
    bodies->count = 0;
}

void bodies_release(struct bodies *bodies)
{
    buffer_release(&bodies->bytes);
    free(bodies->sizes);
    *bodies = (struct bodies){0};
}
