#include <stdlib.h>

#include "common/dots.h"
#include "common/entry.h"
#include "common/pack.h"

static enum status take_added(struct unpack *in, struct set_change *change, struct error *err)
{
    *change = (struct set_change){0};
    if (!unpack_value(in, &change->element))
        return error_set(err, STATUS_BAD_INPUT, "an element of a set is broken");
    return STATUS_OK;
}

static enum status take_removed(struct entry_view *view, struct unpack *in,
                                struct set_change *change, struct error *err)
{
    uint32_t parts;
    *change = (struct set_change){.removed = true};
    if (!unpack_array(in, &parts) || parts != 2 || !unpack_value(in, &change->element))
        return error_set(err, STATUS_BAD_INPUT, "a removed element of a set is broken");
    return dots_take(view, in, &change->bases_at, &change->bases_count, err);
}

static enum status take_part(struct entry_view *view, struct unpack *in, uint32_t count,
                             struct set_change *changes, bool removed, struct error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        TRY(removed ? take_removed(view, in, &changes[i], err) : take_added(in, &changes[i], err));
        if (i > 0 && bytes_compare(changes[i - 1].element, changes[i].element) >= 0)
            return error_set(err, STATUS_BAD_INPUT, "elements of a set are out of order");
    }
    return STATUS_OK;
}

enum status entry_decode_set(struct entry_view *view, struct bytes value,
                             struct set_change **changes, size_t *count, struct error *err)
{
    struct unpack in = unpack_of(value), ahead;
    uint32_t parts, added, removed;
    struct bytes skipped;
    *changes = NULL;
    *count = 0;
    ahead = in;
    if (!unpack_array(&ahead, &parts) || parts != 2 || !unpack_value(&ahead, &skipped) ||
        !unpack_array(&ahead, &removed) || !unpack_array(&in, &parts) || !unpack_array(&in, &added))
        return error_set(err, STATUS_BAD_INPUT, "a set is not two lists");
    if ((uint64_t)added + removed > ENTRY_ELEMENTS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d elements of a set",
                         ENTRY_ELEMENTS_MAX);
    struct set_change *all = calloc((size_t)added + removed + 1, sizeof *all);
    if (!all)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status = take_part(view, &in, added, all, false, err);
    if (status == STATUS_OK && !unpack_array(&in, &removed))
        status = error_set(err, STATUS_BAD_INPUT, "a set is not two lists");
    if (status == STATUS_OK)
        status = take_part(view, &in, removed, all + added, true, err);
    if (status == STATUS_OK && !unpack_done(&in))
        status = error_set(err, STATUS_BAD_INPUT, "a set has bytes behind it");
    if (status != STATUS_OK) {
        free(all);
        return status;
    }
    *changes = all;
    *count = (size_t)added + removed;
    return STATUS_OK;
}

static size_t count_added(const struct set_change *changes, size_t count)
{
    size_t added = 0;
    for (size_t i = 0; i < count; i++)
        added += !changes[i].removed;
    return added;
}

static enum status pack_changes(struct buffer *out, const struct feed_id *feed,
                                const struct set_change *changes, size_t count,
                                const struct dot *dots)
{
    size_t added = count_added(changes, count);
    TRY(pack_array(out, 2));
    TRY(pack_array(out, (uint32_t)added));
    for (size_t i = 0; i < count; i++)
        if (!changes[i].removed)
            TRY(buffer_append_bytes(out, changes[i].element));
    TRY(pack_array(out, (uint32_t)(count - added)));
    for (size_t i = 0; i < count; i++) {
        if (!changes[i].removed)
            continue;
        TRY(pack_array(out, 2));
        TRY(buffer_append_bytes(out, changes[i].element));
        TRY(dots_pack(out, feed->scope, dots + changes[i].bases_at, changes[i].bases_count));
    }
    return STATUS_OK;
}

enum status entry_pack_set(struct buffer *out, const struct feed_id *feed,
                           const struct set_change *changes, size_t count, const struct dot *dots,
                           struct error *err)
{
    if (pack_changes(out, feed, changes, count, dots) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}
