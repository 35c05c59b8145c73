#include "common/mutant.h"
#include "common/row.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "common/row_state.h"

/* More concurrent edits of one text than this are left to a person: each costs a merge of lines. */
#define SHOW_MERGED_HEADS_MAX 16

/* One question about one field, and whom to ask for stories. */
struct showing {
    const struct row *row;
    const struct row_history *history;
};

/* ---- stories ---- */

static enum status head_describe(const struct showing *showing, uint16_t field, struct head *head,
                                 struct error *err)
{
    struct head_story story = {0};
    const struct row_history *history = showing->history;
    TRY(history->story(history->context, showing->row, field, &head->dot, &story, err));
    head->time_ms = story.time_ms;
    head->person = story.person;
    head->described = true;
    return STATUS_OK;
}

static enum status cell_describe(const struct showing *showing, struct cell *cell,
                                 struct error *err)
{
    for (size_t i = 0; cell->heads_count > 1 && i < cell->heads_count; i++)
        if (!cell->heads[i].described)
            TRY(head_describe(showing, cell->field, &cell->heads[i], err));
    return STATUS_OK;
}

/* ---- which head is shown ---- */

static int time_compare(const struct head *a, const struct head *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return dot_compare(&a->dot, &b->dot);
}

/* How far a step has come: the round, then the place in the list. */
struct position {
    uint64_t round;
    int rank;
};

static struct position step_position(const struct schema_field *field, struct bytes value)
{
    struct unpack in = unpack_of(value);
    struct position position = {.round = 1, .rank = -1};
    struct bytes code = {NULL, 0};
    uint32_t count;
    if (unpack_array(&in, &count) && !unpack_uint(&in, &position.round))
        return position;
    if (unpack_str(&in, &code))
        position.rank = field_code_rank(field, code);
    return position;
}

static int step_compare(const struct schema_field *field, const struct head *a,
                        const struct head *b)
{
    struct position left = step_position(field, a->value);
    struct position right = step_position(field, b->value);
    if (left.round != right.round && !MUTANT("rounds-ignored"))
        return left.round < right.round ? -1 : 1;
    return (left.rank > right.rank) - (left.rank < right.rank);
}

/* > 0 when `a` is to be shown rather than `b`. */
static int show_compare(const struct schema_field *field, const struct head *a,
                        const struct head *b)
{
    int order = 0;
    if (field->merge == MERGE_STEPS)
        order = step_compare(field, a, b);
    else if (field->show == SHOW_HIGHEST)
        order = field_compare(field, a->value, b->value);
    else if (field->show == SHOW_LOWEST)
        order = -field_compare(field, a->value, b->value);
    if (order)
        return order;
    return field->show == SHOW_EARLIEST ? -time_compare(a, b) : time_compare(a, b);
}

/* The head of a cell to show; NULL when there is none. */
static const struct head *cell_choose(const struct schema_field *field, const struct cell *cell)
{
    const struct head *chosen = NULL;
    for (size_t i = 0; cell && i < cell->heads_count; i++)
        if (!chosen || show_compare(field, &cell->heads[i], chosen) > 0)
            chosen = &cell->heads[i];
    return chosen;
}

/* ---- conflict ---- */

static bool values_differ(const struct cell *cell)
{
    for (size_t i = 1; i < cell->heads_count; i++)
        if (!bytes_equal(cell->heads[0].value, cell->heads[i].value))
            return true;
    return false;
}

/* Two persons who reached the furthest step apart. */
static bool steps_conflict(const struct schema_field *field, const struct cell *cell)
{
    const struct head *furthest = cell_choose(field, cell);
    for (size_t i = 0; i < cell->heads_count; i++) {
        const struct head *head = &cell->heads[i];
        if (step_compare(field, head, furthest) == 0 && !id_equal(&head->person, &furthest->person))
            return true;
    }
    return false;
}

static bool cell_conflicts(const struct schema_field *field, const struct cell *cell)
{
    switch (field->merge) {
    case MERGE_REGISTER:
    case MERGE_APPEND:
    case MERGE_TEXT:
        return values_differ(cell);
    case MERGE_STEPS:
        return steps_conflict(field, cell);
    case MERGE_LATEST:
    case MERGE_MAX:
    case MERGE_MIN:
    case MERGE_SET:
    case MERGE_COUNTER:
        break;
    }
    return false;
}

/* ---- groups ---- */

/* The leader of the field's group chooses for all; NULL when it has no head in common with us. */
static const struct head *group_choose(const struct showing *showing,
                                       const struct schema_field *field, const struct cell *cell)
{
    const struct schema_field *leader = table_field(showing->row->table, field->group);
    const struct head *choice =
        leader ? cell_choose(leader, row_find_cell(showing->row, leader->number)) : NULL;
    for (size_t i = 0; choice && i < cell->heads_count; i++)
        if (dot_equal(&cell->heads[i].dot, &choice->dot))
            return &cell->heads[i];
    return NULL;
}

static enum status group_show(const struct showing *showing, const struct schema_field *field,
                              const struct cell *cell, struct shown *shown, struct error *err)
{
    for (size_t i = 0; i < showing->row->cells_count; i++) {
        struct cell *other = &showing->row->cells[i];
        const struct schema_field *member = table_field(showing->row->table, other->field);
        if (!member || member->group != field->group || !other->heads_count)
            continue;
        TRY(cell_describe(showing, other, err));
        shown->conflict |= cell_conflicts(member, other);
    }
    const struct head *head = group_choose(showing, field, cell);
    if (!head)
        head = cell_choose(field, cell);
    shown->value = head->value;
    shown->dot = head->dot;
    return STATUS_OK;
}

/* ---- text: concurrent edits of different lines ---- */

static bool text_of(struct bytes value, struct bytes *text)
{
    struct unpack in = unpack_of(value);
    return unpack_str(&in, text);
}

/* Dots that every head so far was based on. */
struct common_bases {
    struct dot dots[ENTRY_BASES_MAX];
    size_t count;
};

static void common_narrow(struct common_bases *common, const struct head_story *story, bool first)
{
    size_t kept = 0;
    if (first) {
        assert(story->bases_count <= ENTRY_BASES_MAX);
        if (story->bases_count)
            memcpy(common->dots, story->bases, story->bases_count * sizeof *common->dots);
        common->count = story->bases_count;
        return;
    }
    for (size_t i = 0; i < common->count; i++)
        if (dots_hold(story->bases, story->bases_count, &common->dots[i]))
            common->dots[kept++] = common->dots[i];
    common->count = kept;
}

/* The text that all heads of the cell were made from. *found is false when there is not exactly one
 * such base, or it is not a text, or it has not come yet. */
static enum status text_base(const struct showing *showing, const struct cell *cell,
                             struct buffer *base, bool *found, struct error *err)
{
    const struct row_history *history = showing->history;
    struct common_bases common;
    struct head_story story;
    struct bytes text;
    *found = false;
    for (size_t i = 0; i < cell->heads_count; i++) {
        if (!text_of(cell->heads[i].value, &text))
            return STATUS_OK;
        story = (struct head_story){0};
        TRY(history->story(history->context, showing->row, cell->field, &cell->heads[i].dot, &story,
                           err));
        common_narrow(&common, &story, i == 0);
    }
    if (common.count != 1)
        return STATUS_OK;
    story = (struct head_story){0};
    enum status status =
        history->story(history->context, showing->row, cell->field, &common.dots[0], &story, err);
    if (status == STATUS_NOT_FOUND) {
        error_clear(err);
        return STATUS_OK;
    }
    TRY(status);
    *found = text_of(story.value, &text);
    return *found ? buffer_append_bytes(base, text) : STATUS_OK;
}

static int order_by_time(const void *a, const void *b)
{
    const struct head *const *left = a, *const *right = b;
    return time_compare(*left, *right);
}

/* Merge one head after the other, the oldest first, into `merged`. */
static enum status text_merge(const struct cell *cell, struct bytes base, struct buffer *merged,
                              bool *clean, struct error *err)
{
    const struct head *heads[SHOW_MERGED_HEADS_MAX];
    struct buffer next = {0};
    struct bytes text;
    for (size_t i = 0; i < cell->heads_count; i++)
        heads[i] = &cell->heads[i];
    qsort(heads, cell->heads_count, sizeof heads[0], order_by_time);
    *clean = text_of(heads[0]->value, &text);
    enum status status = buffer_append_bytes(merged, text);
    for (size_t i = 1; i < cell->heads_count && status == STATUS_OK && *clean; i++) {
        bool is_text = text_of(heads[i]->value, &text);
        assert(is_text);
        status = merge_lines(base, buffer_bytes(merged), text, &next, clean, err);
        struct buffer swapped = *merged;
        *merged = next;
        next = swapped;
    }
    buffer_release(&next);
    return status;
}

static const struct head *cell_latest(const struct cell *cell)
{
    const struct head *latest = &cell->heads[0];
    for (size_t i = 1; i < cell->heads_count; i++)
        if (time_compare(&cell->heads[i], latest) > 0)
            latest = &cell->heads[i];
    return latest;
}

/* What the merged text becomes: a value of the row. */
static enum status text_keep(const struct showing *showing, const struct cell *cell,
                             struct bytes text, struct shown *shown, struct error *err)
{
    struct buffer value = {0};
    bool kept = pack_str(&value, text) == STATUS_OK &&
                row_copy_bytes(showing->row, buffer_bytes(&value), &shown->value);
    buffer_release(&value);
    if (!kept)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    shown->dot = cell_latest(cell)->dot;
    shown->merged = true;
    shown->conflict = false;
    return STATUS_OK;
}

/* Show the merge instead of a choice, if there is one that a person could have saved. */
static enum status text_show(const struct showing *showing, const struct schema_field *field,
                             const struct cell *cell, struct shown *shown, struct error *err)
{
    struct buffer base = {0}, merged = {0};
    bool found = false, clean = false;
    if (cell->heads_count > SHOW_MERGED_HEADS_MAX)
        return STATUS_OK;
    enum status status = text_base(showing, cell, &base, &found, err);
    if (status == STATUS_OK && found)
        status = text_merge(cell, buffer_bytes(&base), &merged, &clean, err);
    if (status == STATUS_OK && clean && merged.size <= field->bytes_max)
        status = text_keep(showing, cell, buffer_bytes(&merged), shown, err);
    buffer_release(&base);
    buffer_release(&merged);
    return status;
}

enum status row_show(struct row *row, const struct schema_field *field,
                     const struct row_history *history, struct shown *shown, struct error *err)
{
    struct showing showing = {.row = row, .history = history};
    struct cell *cell = row_find_cell(row, field->number);
    *shown = (struct shown){0};
    if (!cell || !cell->heads_count)
        return STATUS_OK;
    shown->present = true;
    if (field->merge == MERGE_SET || field->merge == MERGE_COUNTER) {
        shown->dot = cell->heads[cell->heads_count - 1].dot;
        return STATUS_OK;
    }
    if (field->group)
        return group_show(&showing, field, cell, shown, err);
    TRY(cell_describe(&showing, cell, err));
    const struct head *head = cell_choose(field, cell);
    shown->value = head->value;
    shown->dot = head->dot;
    shown->conflict = cell->heads_count > 1 && cell_conflicts(field, cell);
    if (shown->conflict && field->merge == MERGE_TEXT)
        return text_show(&showing, field, cell, shown, err);
    return STATUS_OK;
}
