/* entry_decode on any bytes: what is accepted is canonical, and memory stays bounded. */

#include <stdlib.h>
#include <string.h>

#include "tests/support/spell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct feed_id FEED = {2, 7, 1};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static size_t memory_of(const struct entry_view *view)
{
    return view->ops_capacity * sizeof *view->ops + view->fields_capacity * sizeof *view->fields +
           view->dots_capacity * sizeof *view->dots;
}

/* Any value may stand where the schema has a set. */
static void try_set(struct bytes value)
{
    struct entry_view view = {.feed = FEED};
    struct set_change *changes;
    size_t count;
    if (entry_decode_set(&view, value, &changes, &count, NULL) == STATUS_OK) {
        struct buffer again = {0};
        must(entry_pack_set(&again, &FEED, changes, count, view.dots, NULL) == STATUS_OK);
        must(bytes_equal(buffer_bytes(&again), value));
        must(count * sizeof *changes + memory_of(&view) <= 16 * value.size + 65536);
        buffer_release(&again);
    }
    free(changes);
    entry_view_release(&view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entry_view view = {0};
    struct entry_head head;
    struct bytes body = bytes_of(data, size);
    enum status status = entry_decode(&view, &FEED, body, NULL);
    must(memory_of(&view) <= 16 * size + 65536);
    if (status == STATUS_OK) {
        must(spell_same(&view, body));
        must(entry_decode_head(&head, body, NULL) == STATUS_OK);
        must(head.time_ms == view.head.time_ms && head.epoch == view.head.epoch);
        for (size_t i = 0; i < view.fields_count; i++)
            try_set(view.fields[i].value);
    }
    entry_view_release(&view);
    try_set(body);
    return 0;
}
