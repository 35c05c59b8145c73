#include "common/row.h"

#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "common/pack.h"
#include "common/row_state.h"

/* One op on its way into a row. */
struct applying {
    struct row *row;
    const struct entry_view *entry;
    const struct op *op;
    struct head own; /* the head that each field gets, but for value and seen */
    const struct row_source *source;
};

/* Dots that a write names as replaced. `element` is absent but for sets. */
struct bases {
    const struct dot *dots;
    size_t count;
    struct bytes element;
};

static struct bases field_bases(const struct applying *a, const struct op_field *field)
{
    return (struct bases){.dots = a->entry->dots + field->bases_at, .count = field->bases_count};
}

/* ---- what every rule with bases has in common ---- */

static void drop_replaced_heads(struct cell *cell, const struct bases *bases)
{
    size_t kept = 0;
    if (bases->count == 0 && !MUTANT("every-head-replaced"))
        return;
    for (size_t i = 0; i < cell->heads_count; i++) {
        const struct head *head = &cell->heads[i];
        bool meant = !bases->element.data || bytes_equal(head->value, bases->element);
        if (!meant ||
            (!dots_hold(bases->dots, bases->count, &head->dot) && !MUTANT("every-head-replaced")))
            cell->heads[kept++] = *head;
    }
    cell->heads_count = kept;
}

/* What a base names may not have come yet. The entry at hand hasn't either: one that names itself
 * never shows. */
static enum status remember_unmet(const struct applying *a, uint16_t field,
                                  const struct bases *bases, struct error *err)
{
    if (bases->element.data && MUTANT("removal-not-remembered"))
        return STATUS_OK;
    for (size_t i = MUTANT("one-unmet-base-forgotten"); i < bases->count; i++) {
        const struct dot *dot = &bases->dots[i];
        if (!dot_equal(dot, &a->own.dot) && a->source->covered(a->source->context, dot))
            continue;
        struct replaced replaced = {.field = field, .dot = *dot, .element = bases->element};
        TRY(row_remember(a->row, &replaced, err));
    }
    return STATUS_OK;
}

static enum status replace_bases(const struct applying *a, struct cell *cell,
                                 const struct bases *bases, struct error *err)
{
    drop_replaced_heads(cell, bases);
    return remember_unmet(a, cell->field, bases, err);
}

/* The op's own value becomes a head, unless somebody replaced it before it came. */
static enum status put_own(const struct applying *a, struct cell *cell, struct head *head,
                           bool by_element, struct error *err)
{
    struct replaced own = {.field = cell->field, .dot = head->dot};
    if (by_element)
        own.element = head->value;
    for (size_t i = 0; MUTANT("t11-clock-decides") && i < cell->heads_count; i++)
        if (cell->heads[i].described && cell->heads[i].time_ms > head->time_ms)
            return STATUS_OK;
    if (row_recall(a->row, &own) && !MUTANT("replaced-value-shows"))
        return STATUS_OK;
    if (!row_copy_bytes(a->row, head->value, &head->value))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (cell->heads_count > 0 && cell->heads[0].time_ms == head->time_ms && !by_element &&
        MUTANT("tie-drops-a-head"))
        return STATUS_OK;
    return cell_put(cell, head, by_element, err);
}

/* ---- the rules ---- */

/* A delete keeps all its bases, so that row_deleted can tell which edits it had seen. */
static enum status apply_deleted(const struct applying *a, struct cell *cell,
                                 const struct op_field *field, struct error *err)
{
    struct bases bases = field_bases(a, field);
    struct head head = a->own;
    TRY(replace_bases(a, cell, &bases, err));
    head.value = field->value;
    if (head_deletes(&head) && bases.count) {
        head.seen = row_alloc(a->row, bases.count * sizeof *head.seen);
        if (!head.seen)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        memcpy(head.seen, bases.dots, bases.count * sizeof *head.seen);
        head.seen_count = bases.count;
    }
    return put_own(a, cell, &head, false, err);
}

/* A group's fields share their heads: what one of them names as replaced is replaced in all. */
static enum status apply_register(const struct applying *a, struct cell *cell,
                                  const struct op_field *field, struct error *err)
{
    const struct schema_field *declared = table_field(a->row->table, field->number);
    struct bases bases = field_bases(a, field);
    TRY(replace_bases(a, cell, &bases, err));
    for (uint32_t i = 0; declared->group && i < a->op->fields_count && !MUTANT("group-is-torn");
         i++) {
        const struct op_field *other = &a->entry->fields[a->op->fields_at + i];
        const struct schema_field *member = table_field(a->row->table, other->number);
        if (!member || member == declared || member->group != declared->group)
            continue;
        bases = field_bases(a, other);
        TRY(replace_bases(a, cell, &bases, err));
    }
    struct head head = a->own;
    head.value = field->value;
    return put_own(a, cell, &head, false, err);
}

/* Does the extreme prefer the new head? nil is no value: any value goes before it. */
static bool extreme_prefers(const struct schema_field *field, const struct head *held,
                            const struct head *next)
{
    struct unpack held_value = unpack_of(held->value), next_value = unpack_of(next->value);
    bool held_nil = unpack_nil(&held_value), next_nil = unpack_nil(&next_value);
    if (held_nil != next_nil)
        return held_nil;
    int order = field_compare(field, next->value, held->value);
    if (order == 0)
        return dot_compare(&next->dot, &held->dot) < 0;
    return field->merge == MERGE_MAX ? order > 0 : order < 0;
}

static enum status apply_extreme(const struct applying *a, struct cell *cell,
                                 const struct op_field *field, struct error *err)
{
    const struct schema_field *declared = table_field(a->row->table, field->number);
    struct head head = a->own;
    head.value = field->value;
    if (cell->heads_count && !extreme_prefers(declared, &cell->heads[0], &head) &&
        !MUTANT("last-extreme-wins"))
        return STATUS_OK;
    cell->heads_count = 0;
    if (!row_copy_bytes(a->row, head.value, &head.value))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return cell_put(cell, &head, false, err);
}

static enum status apply_counter(const struct applying *a, struct cell *cell,
                                 const struct op_field *field, struct error *err)
{
    struct unpack in = unpack_of(field->value);
    int64_t increment;
    if (!unpack_int(&in, &increment))
        return error_set(err, STATUS_BAD_INPUT, "an increment is not a whole number");
    cell->total += (uint64_t)increment;
    for (size_t i = 0; i < cell->heads_count; i++) {
        struct head *head = &cell->heads[i];
        if (feed_compare(&head->dot.feed, &a->own.dot.feed) != 0)
            continue;
        if (head->dot.number < a->own.dot.number)
            *head = a->own;
        return STATUS_OK;
    }
    struct head head = a->own;
    return cell_put(cell, &head, false, err);
}

static enum status apply_set_change(const struct applying *a, struct cell *cell,
                                    const struct set_change *change, struct error *err)
{
    if (change->removed) {
        struct bases bases = {.dots = row_scratch(a->row)->dots + change->bases_at,
                              .count = change->bases_count,
                              .element = change->element};
        return replace_bases(a, cell, &bases, err);
    }
    struct head head = a->own;
    head.value = change->element;
    return put_own(a, cell, &head, true, err);
}

/* Removals first: an op may take an element out and put it in anew. */
static enum status apply_set(const struct applying *a, struct cell *cell,
                             const struct op_field *field, struct error *err)
{
    struct entry_view *view = row_scratch(a->row);
    struct set_change *changes = NULL;
    size_t count = 0;
    view->feed = a->entry->feed;
    view->dots_count = 0;
    TRY(entry_decode_set(view, field->value, &changes, &count, err));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        if (changes[i].removed)
            status = apply_set_change(a, cell, &changes[i], err);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        if (!changes[i].removed)
            status = apply_set_change(a, cell, &changes[i], err);
    free(changes);
    return status;
}

static enum status apply_field(const struct applying *a, const struct op_field *field,
                               struct error *err)
{
    const struct schema_field *declared = table_field(a->row->table, field->number);
    if (field->number != FIELD_DELETED && !declared)
        return STATUS_OK;
    struct cell *cell = row_cell(a->row, field->number);
    if (!cell)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    /* Also when the value came too late to be a head: others may have been waiting for it as the
     * base of a merge of lines. */
    cell->changed = true;
    if (field->number == FIELD_DELETED)
        return apply_deleted(a, cell, field, err);
    switch (declared->merge) {
    case MERGE_MAX:
    case MERGE_MIN:
        return apply_extreme(a, cell, field, err);
    case MERGE_SET:
        return apply_set(a, cell, field, err);
    case MERGE_COUNTER:
        return apply_counter(a, cell, field, err);
    case MERGE_REGISTER:
    case MERGE_LATEST:
    case MERGE_STEPS:
    case MERGE_APPEND:
    case MERGE_TEXT:
        break;
    }
    return apply_register(a, cell, field, err);
}

enum status row_apply(struct row *row, const struct entry_view *entry, const struct op *op,
                      const struct dot *dot, const struct id *person,
                      const struct row_source *source, struct error *err)
{
    struct applying applying = {.row = row, .entry = entry, .op = op, .source = source};
    applying.own = (struct head){
        .dot = *dot, .described = true, .time_ms = entry->head.time_ms, .person = *person};
    TRY(row_arena_ready(row, err));
    for (uint32_t i = 0; i < op->fields_count; i++)
        TRY(apply_field(&applying, &entry->fields[op->fields_at + i], err));
    return STATUS_OK;
}
