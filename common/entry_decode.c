#include <stdlib.h>
#include <string.h>

#include "common/dots.h"
#include "common/entry.h"
#include "common/pack.h"

void entry_view_release(struct entry_view *view)
{
    if (!view)
        return;
    free(view->ops);
    free(view->fields);
    free(view->dots);
    *view = (struct entry_view){0};
}

/* Room for one more in an array that doubles. */
static enum status grow(void **array, size_t count, size_t *capacity, size_t item,
                        struct error *err)
{
    if (count < *capacity)
        return STATUS_OK;
    size_t wanted = *capacity ? *capacity * 2 : 16;
    void *grown = realloc(*array, wanted * item);
    if (!grown)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    *array = grown;
    *capacity = wanted;
    return STATUS_OK;
}

static enum status take_person(struct unpack *in, struct entry_head *head, struct error *err)
{
    head->has_person = !unpack_nil(in);
    if (head->has_person && !unpack_bin_exact(in, head->person.bytes, ID_BYTES))
        return error_set(err, STATUS_BAD_INPUT, "the entry's person is not an id");
    return STATUS_OK;
}

static enum status take_head(struct unpack *in, struct entry_head *head, uint32_t *extra,
                             struct error *err)
{
    uint32_t elements;
    uint64_t version, epoch;
    *head = (struct entry_head){0};
    if (!unpack_array(in, &elements) || elements < 1 || !unpack_uint(in, &version))
        return error_set(err, STATUS_BAD_INPUT, "an entry is not a list");
    if (version > ENTRY_VERSION)
        return error_set(err, STATUS_UNKNOWN, "an entry of version %llu is not known here",
                         (unsigned long long)version);
    if (version != ENTRY_VERSION || elements < 6)
        return error_set(err, STATUS_BAD_INPUT, "an entry has too few parts");
    *extra = elements - 6;
    if (!unpack_int(in, &head->time_ms) || !unpack_uint(in, &head->beacon))
        return error_set(err, STATUS_BAD_INPUT, "the entry's time or beacon is not a number");
    TRY(take_person(in, head, err));
    if (!unpack_uint_max(in, UINT32_MAX, &epoch))
        return error_set(err, STATUS_BAD_INPUT, "the entry's schema epoch is not a number");
    head->epoch = (uint32_t)epoch;
    return STATUS_OK;
}

static enum status take_fields(struct entry_view *view, struct unpack *in, struct op *op,
                               struct error *err)
{
    uint32_t items;
    uint64_t number;
    if (!unpack_array(in, &items) || items == 0 || items % 2)
        return error_set(err, STATUS_BAD_INPUT, "fields are not a list of pairs");
    if (items / 2 > ENTRY_FIELDS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d fields", ENTRY_FIELDS_MAX);
    op->fields_at = (uint32_t)view->fields_count;
    op->fields_count = items / 2;
    for (uint32_t i = 0; i < op->fields_count; i++) {
        struct op_field field = {0};
        if (!unpack_uint_max(in, UINT8_MAX, &number) || !unpack_value(in, &field.value))
            return error_set(err, STATUS_BAD_INPUT, "a field's number or value is broken");
        field.number = (uint16_t)number;
        if (i > 0 && view->fields[view->fields_count - 1].number >= field.number)
            return error_set(err, STATUS_BAD_INPUT, "fields are out of order");
        TRY(grow((void **)&view->fields, view->fields_count, &view->fields_capacity,
                 sizeof *view->fields, err));
        view->fields[view->fields_count++] = field;
    }
    return STATUS_OK;
}

static bool same_dots(const struct entry_view *view, const struct op_field *a,
                      const struct op_field *b)
{
    if (a->bases_count != b->bases_count)
        return false;
    for (uint32_t i = 0; i < a->bases_count; i++)
        if (!dot_equal(&view->dots[a->bases_at + i], &view->dots[b->bases_at + i]))
            return false;
    return true;
}

static enum status take_bases(struct entry_view *view, struct unpack *in, const struct op *op,
                              struct error *err)
{
    uint32_t lists;
    if (!unpack_array(in, &lists) || (lists > 1 && lists != op->fields_count))
        return error_set(err, STATUS_BAD_INPUT, "bases don't fit the fields");
    if (lists == 0)
        return STATUS_OK;
    struct op_field *fields = view->fields + op->fields_at;
    bool differ = false;
    for (uint32_t i = 0; i < lists; i++) {
        TRY(dots_take(view, in, &fields[i].bases_at, &fields[i].bases_count, err));
        differ |= i > 0 && !same_dots(view, &fields[0], &fields[i]);
    }
    if ((lists == 1 && fields[0].bases_count == 0) || (lists > 1 && !differ))
        return error_set(err, STATUS_BAD_INPUT, "bases are not in their shortest form");
    for (uint32_t i = lists; i < op->fields_count; i++) {
        fields[i].bases_at = fields[0].bases_at;
        fields[i].bases_count = fields[0].bases_count;
    }
    return STATUS_OK;
}

static enum status take_op(struct entry_view *view, struct unpack *in, struct error *err)
{
    uint32_t parts;
    uint64_t table;
    struct op op;
    if (!unpack_array(in, &parts) || parts != 4 || !unpack_uint_max(in, UINT16_MAX, &table) ||
        !unpack_bin_exact(in, op.row.bytes, ID_BYTES))
        return error_set(err, STATUS_BAD_INPUT, "a change has no table or row");
    op.table = (uint32_t)table;
    TRY(take_fields(view, in, &op, err));
    TRY(take_bases(view, in, &op, err));
    TRY(grow((void **)&view->ops, view->ops_count, &view->ops_capacity, sizeof *view->ops, err));
    view->ops[view->ops_count++] = op;
    return STATUS_OK;
}

static int by_row(const void *left, const void *right)
{
    const struct op *a = *(const struct op *const *)left, *b = *(const struct op *const *)right;
    int order = (a->table > b->table) - (a->table < b->table);
    return order ? order : memcmp(a->row.bytes, b->row.bytes, ID_BYTES);
}

/* Two sorted lists of fields with one in common? */
static bool share_field(const struct entry_view *view, const struct op *a, const struct op *b)
{
    for (uint32_t i = 0, j = 0; i < a->fields_count && j < b->fields_count;) {
        uint16_t left = view->fields[a->fields_at + i].number;
        uint16_t right = view->fields[b->fields_at + j].number;
        if (left == right)
            return true;
        if (left < right)
            i++;
        else
            j++;
    }
    return false;
}

/* One entry writes a field of a row at most once. Ops of one row are rare, so the inner loop is
 * short. */
static enum status check_doubles(const struct entry_view *view, struct error *err)
{
    if (view->ops_count < 2)
        return STATUS_OK;
    const struct op **sorted = malloc(view->ops_count * sizeof *sorted);
    if (!sorted)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < view->ops_count; i++)
        sorted[i] = &view->ops[i];
    qsort(sorted, view->ops_count, sizeof *sorted, by_row);
    bool doubled = false;
    for (size_t i = 0; i < view->ops_count && !doubled; i++)
        for (size_t j = i + 1; j < view->ops_count && !doubled; j++) {
            if (by_row(&sorted[i], &sorted[j]) != 0)
                break;
            doubled = j - i >= ENTRY_FIELDS_MAX || share_field(view, sorted[i], sorted[j]);
        }
    free(sorted);
    if (doubled)
        return error_set(err, STATUS_BAD_INPUT, "an entry writes a field of a row twice");
    return STATUS_OK;
}

static enum status take_ops(struct entry_view *view, struct unpack *in, struct error *err)
{
    uint32_t count;
    if (!unpack_array(in, &count) || count == 0)
        return error_set(err, STATUS_BAD_INPUT, "an entry has no changes");
    if (count > ENTRY_OPS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "an entry has more than %d changes", ENTRY_OPS_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (take_op(view, in, err) != STATUS_OK)
            return error_wrap(err, "change %u", i + 1);
    return check_doubles(view, err);
}

enum status entry_decode(struct entry_view *view, const struct feed_id *feed, struct bytes body,
                         struct error *err)
{
    struct unpack in = unpack_of(body);
    struct bytes skipped;
    uint32_t extra;
    view->feed = *feed;
    view->ops_count = view->fields_count = view->dots_count = 0;
    if (body.size > ENTRY_BYTES_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the entry would have more than %d bytes",
                         ENTRY_BYTES_MAX);
    TRY(take_head(&in, &view->head, &extra, err));
    TRY(take_ops(view, &in, err));
    for (uint32_t i = 0; i < extra; i++)
        if (!unpack_value(&in, &skipped))
            return error_set(err, STATUS_BAD_INPUT, "an entry's trailing part is broken");
    if (!unpack_done(&in))
        return error_set(err, STATUS_BAD_INPUT, "an entry has bytes behind it");
    return STATUS_OK;
}

enum status entry_decode_head(struct entry_head *head, struct bytes body, struct error *err)
{
    struct unpack in = unpack_of(body);
    uint32_t extra;
    return take_head(&in, head, &extra, err);
}

/* ---- sets ---- */

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
