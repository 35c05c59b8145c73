#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/dots.h"
#include "common/entry.h"
#include "common/mutant.h"
#include "common/pack.h"

#define YEAR_MAX 9999
#define OPS_FEW 64 /* so many are checked for doubles without allocating */

void entry_view_release(struct entry_view *view)
{
    if (!view)
        return;
    free(view->ops);
    free(view->fields);
    free(view->dots);
    free(view->keys);
    *view = (struct entry_view){0};
}

static enum status push_op(struct entry_view *view, const struct op *op, struct error *err)
{
    struct op *ops = array_grow(view->ops, view->ops_count, &view->ops_capacity, sizeof *ops);
    if (!ops)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    view->ops = ops;
    view->ops[view->ops_count++] = *op;
    return STATUS_OK;
}

static enum status push_field(struct entry_view *view, const struct op_field *field,
                              struct error *err)
{
    struct op_field *fields =
        array_grow(view->fields, view->fields_count, &view->fields_capacity, sizeof *fields);
    if (!fields)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    view->fields = fields;
    view->fields[view->fields_count++] = *field;
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
        TRY(push_field(view, &field, err));
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
        uint32_t count;
        TRY(dots_take(view, in, &fields[i].bases_at, &count, err));
        fields[i].bases_count = (uint16_t)count;
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
    return push_op(view, &op, err);
}

static int compare_rows(const struct op *a, const struct op *b)
{
    int order = (a->table > b->table) - (a->table < b->table);
    return order ? order : memcmp(a->row.bytes, b->row.bytes, ID_BYTES);
}

static int by_row(const void *left, const void *right)
{
    return compare_rows(*(const struct op *const *)left, *(const struct op *const *)right);
}

/* The fields that the ops of one row have written so far. */
struct written {
    uint64_t bits[(UINT8_MAX + 1) / 64];
};

/* Adds the fields of an op; false when one of them is there already. */
static bool add_written(struct written *written, const struct entry_view *view, const struct op *op)
{
    for (uint32_t i = 0; i < op->fields_count; i++) {
        uint16_t number = view->fields[op->fields_at + i].number;
        uint64_t bit = 1ull << (number % 64);
        if (written->bits[number / 64] & bit)
            return false;
        written->bits[number / 64] |= bit;
    }
    return true;
}

/* Ops of one row stand beside each other in `sorted`. */
static bool writes_twice(const struct entry_view *view, const struct op **sorted)
{
    struct written written;
    for (size_t i = 0; i < view->ops_count; i++) {
        if (i == 0 || compare_rows(sorted[i - 1], sorted[i]) != 0)
            written = (struct written){0};
        if (!add_written(&written, view, sorted[i]))
            return true;
    }
    return false;
}

/* One entry writes a field of a row at most once. */
static enum status check_doubles(const struct entry_view *view, struct error *err)
{
    const struct op *few[OPS_FEW], **sorted = few;
    if (view->ops_count < 2)
        return STATUS_OK;
    if (view->ops_count > OPS_FEW && !(sorted = malloc(view->ops_count * sizeof *sorted)))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < view->ops_count; i++)
        sorted[i] = &view->ops[i];
    qsort(sorted, view->ops_count, sizeof *sorted, by_row);
    bool doubled = writes_twice(view, sorted);
    if (sorted != few)
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
    for (uint32_t i = 0; i < count; i++) {
        enum status status = take_op(view, in, err);
        if (status != STATUS_OK) {
            error_wrap(err, "change %u", i + 1);
            return status; /* error_wrap knows it only where there is an err */
        }
    }
    return check_doubles(view, err);
}

/* Who moves a row names org and writer, for those who don't read the other scope's registry. */
static bool take_origin_names(struct unpack *in, struct entry_head *head)
{
    return unpack_str(in, &head->origin_org) && head->origin_org.size <= ENTRY_NAME_BYTES_MAX &&
           unpack_str(in, &head->origin_person) && head->origin_person.size <= ENTRY_NAME_BYTES_MAX;
}

static enum status take_origin(struct entry_view *view, struct unpack *in, struct error *err)
{
    struct entry_head *head = &view->head;
    struct dot *origin = &head->origin;
    uint32_t parts;
    uint64_t scope, device, incarnation;
    if (unpack_nil(in))
        return STATUS_OK;
    if (!unpack_array(in, &parts) || !unpack_uint_max(in, UINT32_MAX, &scope) ||
        parts != (scope == view->feed.scope ? 4u : 6u) ||
        !unpack_uint_max(in, UINT32_MAX, &device) ||
        !unpack_uint_max(in, UINT32_MAX, &incarnation) || !unpack_uint(in, &origin->number) ||
        device == 0 || incarnation == 0 || origin->number == 0 ||
        origin->number > ENTRY_NUMBER_MAX || (parts == 6 && !take_origin_names(in, head)))
        return error_set(err, STATUS_BAD_INPUT, "an entry's origin is not a dot");
    origin->feed = (struct feed_id){(uint32_t)scope, (uint32_t)device, (uint32_t)incarnation};
    head->has_origin = true;
    return STATUS_OK;
}

static enum status push_key(struct entry_view *view, const struct entry_key *key, struct error *err)
{
    struct entry_key *keys =
        array_grow(view->keys, view->keys_count, &view->keys_capacity, sizeof *keys);
    if (!keys)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    view->keys = keys;
    view->keys[view->keys_count++] = *key;
    return STATUS_OK;
}

static enum status take_keys(struct entry_view *view, struct unpack *in, struct error *err)
{
    uint32_t count, parts;
    uint64_t year;
    if (unpack_nil(in))
        return STATUS_OK;
    if (!unpack_array(in, &count) || count == 0 || count > ENTRY_KEYS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "an entry's keys are not a list");
    for (uint32_t i = 0; i < count; i++) {
        struct entry_key key;
        if (!unpack_array(in, &parts) || parts != 3 ||
            !unpack_bin_exact(in, key.id, sizeof key.id) ||
            !unpack_bin_exact(in, key.subject.bytes, ID_BYTES) ||
            !unpack_uint_max(in, YEAR_MAX, &year))
            return error_set(err, STATUS_BAD_INPUT, "an entry's key is broken");
        key.year = (uint32_t)year;
        TRY(push_key(view, &key, err));
    }
    return STATUS_OK;
}

enum status entry_decode_keys(struct entry_view *view, struct bytes body, struct error *err)
{
    struct unpack in = unpack_of(body);
    struct bytes skipped;
    uint32_t extra;
    view->keys_count = 0;
    TRY(take_head(&in, &view->head, &extra, err));
    if (extra < 2)
        return STATUS_OK;
    if (!unpack_value(&in, &skipped) || !unpack_value(&in, &skipped))
        return error_set(err, STATUS_BAD_INPUT, "an entry's trailing part is broken");
    return take_keys(view, &in, err);
}

enum status entry_decode(struct entry_view *view, const struct feed_id *feed, struct bytes body,
                         struct error *err)
{
    struct unpack in = unpack_of(body);
    struct bytes skipped;
    uint32_t extra;
    view->feed = *feed;
    view->ops_count = view->fields_count = view->keys_count = 0;
    TRY(dots_start(view, err));
    if (body.size > ENTRY_BYTES_MAX && !MUTANT("t27-entry-of-any-size"))
        return error_set(err, STATUS_TOO_LARGE, "the entry would have more than %d bytes",
                         ENTRY_BYTES_MAX);
    TRY(take_head(&in, &view->head, &extra, err));
    TRY(take_ops(view, &in, err));
    if (extra > 0)
        TRY(take_origin(view, &in, err));
    if (extra > 1)
        TRY(take_keys(view, &in, err));
    for (uint32_t i = 2; i < extra; i++)
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
