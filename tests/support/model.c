#include "tests/support/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"

#define MERGED_HEADS_MAX 16

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "model: %s\n", what);
    abort();
}

static void *must_copy(const void *data, size_t size)
{
    void *copy = malloc(size ? size : 1);
    must(copy != NULL, "out of memory");
    if (size)
        memcpy(copy, data, size);
    return copy;
}

/* ---- knowing ---- */

void model_clear(struct model *model)
{
    for (size_t i = 0; i < model->count; i++) {
        free((void *)(uintptr_t)model->writes[i].value.data);
        free(model->writes[i].bases);
    }
    model->count = 0;
}

void model_release(struct model *model)
{
    model_clear(model);
    free(model->writes);
    *model = (struct model){0};
}

/* Copies value and bases. */
static void know_write(struct model *model, struct model_write write)
{
    if (model->count == model->capacity) {
        model->capacity = model->capacity ? model->capacity * 2 : 64;
        model->writes = realloc(model->writes, model->capacity * sizeof *model->writes);
        must(model->writes != NULL, "out of memory");
    }
    write.value.data = must_copy(write.value.data, write.value.size);
    write.bases = must_copy(write.bases, write.bases_count * sizeof *write.bases);
    model->writes[model->count++] = write;
}

static void know_set(struct model *model, struct model_write write)
{
    struct entry_view view = {.feed = write.dot.feed};
    struct set_change *changes = NULL;
    size_t count = 0;
    enum status status = entry_decode_set(&view, write.value, &changes, &count, NULL);
    must(status == STATUS_OK, "a set's value can't be read");
    for (size_t i = 0; i < count; i++) {
        write.kind = changes[i].removed ? MODEL_REMOVE : MODEL_ADD;
        write.value = changes[i].element;
        write.bases = changes[i].removed ? view.dots + changes[i].bases_at : NULL;
        write.bases_count = changes[i].removed ? changes[i].bases_count : 0;
        know_write(model, write);
    }
    free(changes);
    entry_view_release(&view);
}

static const struct schema_field *declared(const struct model *model, uint32_t table,
                                           uint16_t field)
{
    const struct schema_table *found = schema_table(model->schema, table);
    must(found != NULL, "no such table");
    return table_field(found, field);
}

void model_know(struct model *model, const struct dot *dot, const struct id *person,
                const struct entry_view *entry)
{
    struct model_write write = {.dot = *dot, .time_ms = entry->head.time_ms, .person = *person};
    if (entry->head.has_person)
        write.person = entry->head.person;
    for (size_t i = 0; i < entry->ops_count; i++) {
        const struct op *op = &entry->ops[i];
        write.table = op->table;
        write.row = op->row;
        for (size_t j = 0; j < op->fields_count; j++) {
            const struct op_field *at = &entry->fields[op->fields_at + j];
            const struct schema_field *field = declared(model, op->table, at->number);
            write.kind = MODEL_VALUE;
            write.field = at->number;
            write.value = at->value;
            write.bases = entry->dots + at->bases_at;
            write.bases_count = at->bases_count;
            if (at->number != FIELD_DELETED && !field)
                continue;
            if (field && field->merge == MERGE_SET)
                know_set(model, write);
            else
                know_write(model, write);
        }
    }
}

static bool of_row(const struct model_write *write, const struct model_key *key)
{
    return write->table == key->table && write->dot.feed.scope == key->scope &&
           id_equal(&write->row, &key->id);
}

const struct model_write *model_find(const struct model *model, const struct model_key *key,
                                     uint16_t field, const struct dot *dot)
{
    for (size_t i = 0; i < model->count; i++) {
        const struct model_write *write = &model->writes[i];
        if (of_row(write, key) && write->field == field && dot_equal(&write->dot, dot))
            return write;
    }
    return NULL;
}

/* ---- heads ---- */

static bool names_base(const struct model_write *write, const struct dot *dot)
{
    for (size_t i = 0; i < write->bases_count; i++)
        if (dot_equal(&write->bases[i], dot))
            return true;
    return false;
}

/* Do two fields share their heads? */
static bool together(const struct schema_field *a, const struct schema_field *b)
{
    return a && b && a->group && a->group == b->group;
}

static bool is_nil(struct bytes value)
{
    struct unpack in = unpack_of(value);
    return unpack_nil(&in);
}

/* Is `other` a reason that `write` is no head? */
static bool replaces(const struct model *model, const struct model_write *other,
                     const struct model_write *write)
{
    const struct schema_field *field = declared(model, write->table, write->field);
    bool same = other->field == write->field;
    if (!field || field->merge == MERGE_REGISTER || field->merge == MERGE_LATEST ||
        field->merge == MERGE_STEPS || field->merge == MERGE_APPEND || field->merge == MERGE_TEXT)
        return (same || together(field, declared(model, other->table, other->field))) &&
               names_base(other, &write->dot);
    if (!same)
        return false;
    if (field->merge == MERGE_SET)
        return other->kind == MODEL_REMOVE && bytes_equal(other->value, write->value) &&
               names_base(other, &write->dot);
    if (field->merge == MERGE_COUNTER)
        return feed_compare(&other->dot.feed, &write->dot.feed) == 0 &&
               other->dot.number > write->dot.number;
    /* max and min */
    if (is_nil(other->value) != is_nil(write->value))
        return is_nil(write->value);
    int order = field_compare(field, other->value, write->value);
    if (order == 0)
        return dot_compare(&other->dot, &write->dot) < 0;
    return (order > 0) == (field->merge == MERGE_MAX);
}

static bool is_head(const struct model *model, const struct model_key *key,
                    const struct model_write *write)
{
    for (size_t i = 0; i < model->count; i++)
        if (of_row(&model->writes[i], key) && replaces(model, &model->writes[i], write))
            return false;
    return write->kind != MODEL_REMOVE;
}

static int order_heads(const void *a, const void *b)
{
    const struct model_write *const *left = a, *const *right = b;
    int order = (*left)->kind == MODEL_ADD ? bytes_compare((*left)->value, (*right)->value) : 0;
    return order ? order : dot_compare(&(*left)->dot, &(*right)->dot);
}

const struct model_write **model_heads(const struct model *model, const struct model_key *key,
                                       uint16_t field, size_t *count)
{
    const struct model_write **heads = malloc((model->count + 1) * sizeof(*heads));
    must(heads != NULL, "out of memory");
    *count = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_write *write = &model->writes[i];
        if (of_row(write, key) && write->field == field && is_head(model, key, write))
            heads[(*count)++] = write;
    }
    qsort(heads, *count, sizeof(*heads), order_heads);
    return heads;
}

uint64_t model_total(const struct model *model, const struct model_key *key, uint16_t field)
{
    uint64_t total = 0;
    for (size_t i = 0; i < model->count; i++) {
        struct unpack in = unpack_of(model->writes[i].value);
        int64_t increment;
        if (of_row(&model->writes[i], key) && model->writes[i].field == field &&
            unpack_int(&in, &increment))
            total += (uint64_t)increment;
    }
    return total;
}

/* ---- showing ---- */

static int by_time(const struct model_write *a, const struct model_write *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return dot_compare(&a->dot, &b->dot);
}

/* Round and place of a step as one number; unlisted codes stand before the first. */
static int64_t step_place(const struct schema_field *field, struct bytes value)
{
    struct unpack in = unpack_of(value);
    uint64_t round = 1;
    uint32_t parts;
    struct bytes code = {NULL, 0};
    if (unpack_array(&in, &parts))
        must(unpack_uint(&in, &round), "a step has no round");
    bool found = unpack_str(&in, &code);
    return (int64_t)round * 1000 + (found ? field_code_rank(field, code) : -1);
}

static bool goes_before(const struct schema_field *field, const struct model_write *a,
                        const struct model_write *b)
{
    if (field->merge == MERGE_STEPS) {
        int64_t left = step_place(field, a->value), right = step_place(field, b->value);
        if (left != right)
            return left > right;
    } else if (field->show == SHOW_HIGHEST || field->show == SHOW_LOWEST) {
        int order = field_compare(field, a->value, b->value);
        if (order != 0)
            return (order > 0) == (field->show == SHOW_HIGHEST);
    }
    return field->show == SHOW_EARLIEST ? by_time(a, b) < 0 : by_time(a, b) > 0;
}

static const struct model_write *choose(const struct schema_field *field,
                                        const struct model_write *const *heads, size_t count)
{
    const struct model_write *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (!best || goes_before(field, heads[i], best))
            best = heads[i];
    return best;
}

/* Is any pair of heads something that a person has to settle? */
static bool pairs_conflict(const struct schema_field *field, const struct model_write *const *heads,
                           size_t count)
{
    bool listed = field->merge == MERGE_REGISTER || field->merge == MERGE_APPEND ||
                  field->merge == MERGE_TEXT;
    const struct model_write *furthest = choose(field, heads, count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            if (listed && !bytes_equal(heads[i]->value, heads[j]->value))
                return true;
        if (field->merge == MERGE_STEPS &&
            step_place(field, heads[i]->value) == step_place(field, furthest->value) &&
            !id_equal(&heads[i]->person, &furthest->person))
            return true;
    }
    return false;
}

static bool group_conflicts(const struct model *model, const struct model_key *key,
                            const struct schema_field *field)
{
    const struct schema_table *table = schema_table(model->schema, key->table);
    bool conflict = false;
    for (size_t i = 0; i < table->fields_count; i++) {
        size_t count;
        if (!together(&table->fields[i], field))
            continue;
        const struct model_write **heads = model_heads(model, key, table->fields[i].number, &count);
        conflict |= pairs_conflict(&table->fields[i], heads, count);
        free(heads);
    }
    return conflict;
}

static bool text_of(const struct model_write *write, struct bytes *text)
{
    struct unpack in = unpack_of(write->value);
    return unpack_str(&in, text);
}

/* The one base that all heads name, if it is known and there is only one. */
static const struct model_write *only_base(const struct model *model, const struct model_key *key,
                                           const struct model_write *const *heads, size_t count)
{
    const struct dot *only = NULL;
    for (size_t i = 0; i < heads[0]->bases_count; i++) {
        bool by_all = true;
        for (size_t j = 1; j < count; j++)
            by_all &= names_base(heads[j], &heads[0]->bases[i]);
        if (by_all && only)
            return NULL;
        if (by_all)
            only = &heads[0]->bases[i];
    }
    return only ? model_find(model, key, heads[0]->field, only) : NULL;
}

/* Heads merged one after the other, the oldest first. */
static bool merge_texts(const struct model_write *base, const struct model_write **heads,
                        size_t count, struct buffer *out)
{
    struct bytes base_text, text;
    bool clean = text_of(base, &base_text);
    for (size_t i = 0; i < count; i++) /* sorted by repeated selection */
        for (size_t j = i + 1; j < count; j++)
            if (by_time(heads[j], heads[i]) < 0) {
                const struct model_write *swapped = heads[i];
                heads[i] = heads[j];
                heads[j] = swapped;
            }
    for (size_t i = 0; i < count && clean; i++) {
        struct buffer next = {0};
        clean = text_of(heads[i], &text);
        if (i == 0 && clean)
            must(buffer_append_bytes(&next, text) == STATUS_OK, "out of memory");
        else if (clean)
            must(merge_lines(base_text, buffer_bytes(out), text, &next, &clean, NULL) == STATUS_OK,
                 "out of memory");
        buffer_release(out);
        *out = next;
    }
    return clean;
}

static void show_merged(const struct model *model, const struct model_key *key,
                        const struct schema_field *field, struct model_shown *shown)
{
    size_t count;
    const struct model_write **heads = model_heads(model, key, field->number, &count);
    const struct model_write *base = only_base(model, key, heads, count);
    struct buffer merged = {0};
    if (base && count <= MERGED_HEADS_MAX && merge_texts(base, heads, count, &merged) &&
        merged.size <= field->bytes_max) {
        shown->merged = true;
        shown->conflict = false;
        shown->dot = heads[count - 1]->dot;
        buffer_clear(&shown->value);
        must(pack_str(&shown->value, buffer_bytes(&merged)) == STATUS_OK, "out of memory");
    }
    buffer_release(&merged);
    free(heads);
}

void model_show(const struct model *model, const struct model_key *key, uint16_t number,
                struct model_shown *shown)
{
    const struct schema_field *field = declared(model, key->table, number);
    size_t count;
    const struct model_write **heads = model_heads(model, key, number, &count);
    *shown = (struct model_shown){.present = count > 0};
    if (count && field->merge != MERGE_SET && field->merge != MERGE_COUNTER) {
        const struct schema_field *chooser = field;
        size_t leading_count = 0;
        const struct model_write **leading = NULL;
        if (field->group) {
            chooser = declared(model, key->table, field->group);
            leading = model_heads(model, key, field->group, &leading_count);
        }
        shown->dot =
            choose(chooser, leading ? leading : heads, leading ? leading_count : count)->dot;
        const struct model_write *chosen = model_find(model, key, number, &shown->dot);
        must(buffer_append_bytes(&shown->value, chosen->value) == STATUS_OK, "out of memory");
        shown->conflict =
            field->group ? group_conflicts(model, key, field) : pairs_conflict(field, heads, count);
        free(leading);
        if (shown->conflict && field->merge == MERGE_TEXT && !field->group)
            show_merged(model, key, field, shown);
    }
    free(heads);
}

void model_shown_release(struct model_shown *shown)
{
    buffer_release(&shown->value);
}

/* ---- deleted ---- */

/* true, or a list: the place where it went. */
static bool says_deleted(const struct model_write *write)
{
    struct unpack in = unpack_of(write->value);
    uint32_t parts;
    bool deleted;
    return (unpack_bool(&in, &deleted) && deleted) || unpack_array(&in, &parts);
}

static bool saw(const struct model *model, const struct model_write *deleting,
                const struct model_write *head)
{
    const struct schema_field *field = declared(model, head->table, head->field);
    if (dot_equal(&deleting->dot, &head->dot))
        return true;
    for (size_t i = 0; i < deleting->bases_count; i++) {
        const struct dot *seen = &deleting->bases[i];
        bool same_feed = feed_compare(&seen->feed, &head->dot.feed) == 0;
        bool later = field->merge == MERGE_COUNTER && seen->number >= head->dot.number;
        if (same_feed && (later || seen->number == head->dot.number))
            return true;
    }
    return false;
}

struct model_life {
    bool deleted, disputed;
};

static struct model_life row_life(const struct model *model, const struct model_key *key)
{
    size_t count, deletes = 0, unseen = 0;
    const struct model_write **heads = model_heads(model, key, FIELD_DELETED, &count);
    bool divided = false;
    for (size_t i = 0; i < count; i++)
        deletes += says_deleted(heads[i]);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            divided |= !bytes_equal(heads[i]->value, heads[j]->value);
    for (size_t i = 0; i < model->count; i++) {
        const struct model_write *write = &model->writes[i];
        bool seen =
            !of_row(write, key) || write->field == FIELD_DELETED || !is_head(model, key, write);
        for (size_t j = 0; j < count && !seen; j++)
            seen = says_deleted(heads[j]) && saw(model, heads[j], write);
        unseen += !seen;
    }
    free(heads);
    bool deleted = deletes > 0 && deletes == count && unseen == 0;
    return (struct model_life){deleted, deletes > 0 && (!deleted || divided)};
}

bool model_deleted(const struct model *model, const struct model_key *key)
{
    return row_life(model, key).deleted;
}

bool model_delete_conflict(const struct model *model, const struct model_key *key)
{
    return row_life(model, key).disputed;
}

/* ---- canonical bytes ---- */

static void put(struct buffer *out, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(number >> (8 * i));
        must(buffer_append(out, &byte, 1) == STATUS_OK, "out of memory");
    }
}

void model_canonical(const struct model *model, const struct model_key *key, struct buffer *out)
{
    for (uint16_t number = 0; number <= FIELD_NUMBER_MAX; number++) {
        const struct schema_field *field = declared(model, key->table, number);
        size_t count = 0;
        if (number != FIELD_DELETED && !field)
            continue;
        const struct model_write **heads = model_heads(model, key, number, &count);
        bool counter = field && field->merge == MERGE_COUNTER;
        if (count) {
            put(out, key->table, 4);
            put(out, key->scope, 4);
            must(buffer_append(out, key->id.bytes, ID_BYTES) == STATUS_OK, "out of memory");
            put(out, number, 2);
            put(out, count, 4);
        }
        for (size_t i = 0; i < count; i++) {
            put(out, heads[i]->dot.feed.device, 4);
            put(out, heads[i]->dot.feed.incarnation, 4);
            put(out, heads[i]->dot.feed.scope, 4);
            put(out, heads[i]->dot.number, 8);
            put(out, counter ? 0 : heads[i]->value.size, 4);
            if (!counter)
                must(buffer_append_bytes(out, heads[i]->value) == STATUS_OK, "out of memory");
        }
        if (counter && count)
            put(out, model_total(model, key, number), 8);
        free(heads);
    }
}
