/* frontier_decode on any bytes: what is accepted is canonical, and memory stays bounded. */

#include <stdlib.h>

#include "common/frontier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Merged with itself it stays, and it lacks nothing of itself. */
static void check(const struct frontier *frontier, struct bytes in)
{
    struct buffer again = {0};
    struct frontier copy = {0}, beyond = {0};
    must(frontier_copy(&copy, frontier, NULL) == STATUS_OK);
    must(frontier_merge(&copy, frontier, NULL) == STATUS_OK);
    must(frontier_encode(&copy, &again, NULL) == STATUS_OK);
    must(bytes_equal(buffer_bytes(&again), in));
    must(frontier_beyond(&beyond, frontier, &copy, NULL) == STATUS_OK && beyond.count == 0);
    for (size_t i = 0; i < frontier->count; i++)
        must(frontier_get(frontier, &frontier->rows[i].feed) == frontier->rows[i].number);
    buffer_release(&again);
    frontier_release(&copy);
    frontier_release(&beyond);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frontier frontier = {0};
    struct bytes in = bytes_of(data, size);
    enum status status = frontier_decode(&frontier, in, NULL);
    must(frontier.capacity * sizeof *frontier.rows <= 16 * size + 65536);
    if (status == STATUS_OK)
        check(&frontier, in);
    frontier_release(&frontier);
    return 0;
}
