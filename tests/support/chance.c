#include "tests/support/chance.h"

#include <stdlib.h>
#include <string.h>

#include "common/pack.h"

#define OPS_MAX 6
#define FIELDS_MAX 6
#define BASES_MAX 12
#define VALUES_BYTES_MAX (64 * 1024)

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t chance_number(struct chance *chance)
{
    uint64_t mixed = chance->state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

size_t chance_below(struct chance *chance, size_t bound)
{
    return (size_t)(chance_number(chance) % bound);
}

uint64_t chance_any_size(struct chance *chance)
{
    return chance_number(chance) >> chance_below(chance, 64);
}

static void pack_characters(struct chance *chance, struct buffer *out)
{
    static const char *const characters[] = {"a", "\n", "é", "村", "🙂"};
    struct buffer text = {0};
    for (size_t left = chance_below(chance, chance_below(chance, 8) ? 40 : 400); left > 0; left--) {
        struct bytes one = bytes_text(characters[chance_below(chance, 5)]);
        must(buffer_append_bytes(&text, one) == STATUS_OK);
    }
    must(pack_str(out, buffer_bytes(&text)) == STATUS_OK);
    buffer_release(&text);
}

static void pack_scalar(struct chance *chance, struct buffer *out)
{
    uint8_t bytes[300];
    memset(bytes, (int)chance_below(chance, 256), sizeof bytes);
    struct bytes some = bytes_of(bytes, chance_below(chance, sizeof bytes));
    enum status status = STATUS_OK;
    switch (chance_below(chance, 7)) {
    case 0:
        status = pack_nil(out);
        break;
    case 1:
        status = pack_bool(out, chance_below(chance, 2));
        break;
    case 2:
        status = pack_uint(out, chance_any_size(chance));
        break;
    case 3:
        status = pack_int(out, -(int64_t)(chance_any_size(chance) / 2));
        break;
    case 4:
        pack_characters(chance, out);
        break;
    case 5:
        status = pack_bin(out, some);
        break;
    default:
        status = pack_sealed(out, some);
    }
    must(status == STATUS_OK);
}

void chance_value(struct chance *chance, struct buffer *out)
{
    size_t depth = chance_below(chance, 4) ? 0 : chance_below(chance, 4);
    for (size_t i = 0; i < depth; i++) {
        must(pack_array(out, 2) == STATUS_OK);
        pack_scalar(chance, out);
    }
    pack_scalar(chance, out);
}

static struct dot next_dot(struct chance *chance, const struct feed_id *feed)
{
    struct dot dot = {*feed, 1 + chance_any_size(chance) / 2};
    dot.feed.device = 1 + (uint32_t)chance_below(chance, 300);
    dot.feed.incarnation = 1 + (uint32_t)chance_below(chance, 2);
    if (chance_below(chance, 4) == 0)
        dot.feed.scope = 2 + (uint32_t)chance_below(chance, 5);
    return dot;
}

/* Some ascending dots behind those that the view has. */
static void add_bases(struct chance *chance, struct entry_view *view, struct op_field *field)
{
    field->bases_at = (uint32_t)view->dots_count;
    for (size_t left = chance_below(chance, 3) ? 1 : chance_below(chance, BASES_MAX); left > 0;
         left--) {
        struct dot dot = next_dot(chance, &view->feed);
        if (field->bases_count > 0 && dot_compare(&view->dots[view->dots_count - 1], &dot) >= 0)
            continue;
        view->dots[view->dots_count++] = dot;
        field->bases_count++;
    }
}

/* Fields from `first` on in steps of two: two ops of one row share none. */
static void add_op(struct chance *chance, struct entry_view *view, uint16_t first,
                   struct buffer *values)
{
    struct op *op = &view->ops[view->ops_count++];
    bool shared = chance_below(chance, 2);
    op->fields_at = (uint32_t)view->fields_count;
    op->fields_count = 1 + (uint32_t)chance_below(chance, FIELDS_MAX);
    for (uint32_t i = 0; i < op->fields_count; i++) {
        struct op_field *field = &view->fields[view->fields_count++];
        first = (uint16_t)(first + 2 * (1 + chance_below(chance, 20)));
        *field = (struct op_field){.number = first};
        size_t before = values->size;
        chance_value(chance, values);
        must(values->size <= VALUES_BYTES_MAX);
        field->value = bytes_of(values->data + before, values->size - before);
        if (i == 0 || !shared) {
            add_bases(chance, view, field);
        } else {
            field->bases_at = view->fields[op->fields_at].bases_at;
            field->bases_count = view->fields[op->fields_at].bases_count;
        }
    }
}

static void fill_head(struct chance *chance, struct entry_head *head)
{
    *head = (struct entry_head){.time_ms = (int64_t)chance_any_size(chance),
                                .beacon = chance_any_size(chance),
                                .has_person = chance_below(chance, 2),
                                .epoch = (uint32_t)chance_any_size(chance)};
    if (head->has_person)
        memset(head->person.bytes, (int)chance_below(chance, 256), ID_BYTES);
}

void chance_entry(struct chance *chance, const struct feed_id *feed, struct entry_view *view,
                  struct buffer *values)
{
    *view = (struct entry_view){.feed = *feed};
    fill_head(chance, &view->head);
    view->ops = calloc(OPS_MAX, sizeof *view->ops);
    view->fields = calloc(OPS_MAX * FIELDS_MAX, sizeof *view->fields);
    view->dots = calloc(OPS_MAX * FIELDS_MAX * BASES_MAX, sizeof *view->dots);
    must(view->ops && view->fields && view->dots);
    buffer_clear(values);
    must(buffer_reserve(values, VALUES_BYTES_MAX) == STATUS_OK); /* values must not move */
    for (size_t i = 0, ops = 1 + chance_below(chance, OPS_MAX); i < ops; i++) {
        struct op *op = &view->ops[view->ops_count];
        op->table = 20 + (uint32_t)(chance_any_size(chance) % 60000);
        memset(op->row.bytes, (int)(i / 2), ID_BYTES);
        if (i % 2)
            op->table = op[-1].table;
        add_op(chance, view, i % 2, values);
    }
}
