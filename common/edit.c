#include "common/edit.h"

#include <stdlib.h>
#include <string.h>

#include "common/attach.h"
#include "common/edit_value.h"
#include "common/pack.h"
#include "common/view.h"

#define NAME_BYTES_MAX 80

void edit_release(struct edit *edit)
{
    buffer_release(&edit->values);
    free(edit->fields);
    free(edit->dots);
    row_release(&edit->row);
    *edit = (struct edit){0};
}

enum status edit_start(struct edit *edit, struct replica *replica, enum change_kind kind,
                       const char *table, struct error *err)
{
    edit_release(edit);
    edit->replica = replica;
    edit->change.kind = kind;
    TRY(view_table(replica, table, &edit->table, err));
    edit->change.table = edit->table->number;
    return STATUS_OK;
}

enum status edit_row(struct edit *edit, const char *id, struct error *err)
{
    TRY(view_id(id, &edit->change.id, err));
    if (id_is_zero(&edit->change.id))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not an id of 32 hex digits", id);
    return STATUS_OK;
}

enum status edit_org(struct edit *edit, const char *text, struct error *err)
{
    const struct org *org;
    TRY(view_org(edit->replica, text, &org, err));
    edit->change.scope = SCOPE_RECORDS(org->number);
    return STATUS_OK;
}

bool edit_has(const struct edit *edit, uint16_t field)
{
    for (size_t i = 0; i < edit->parts_count; i++)
        if (edit->parts[i].field == field)
            return true;
    return false;
}

/* ---- fields ---- */

static const char *field_name(const struct edit *edit, uint16_t number)
{
    const struct schema_field *field = number ? table_field(edit->table, number) : NULL;
    return field ? field->name : "_deleted";
}

static struct edit_part *find_part(struct edit *edit, uint16_t field)
{
    for (size_t i = 0; i < edit->parts_count; i++)
        if (edit->parts[i].field == field)
            return &edit->parts[i];
    return NULL;
}

/* Appends list `which` of both changes of a set as one list. */
static enum status join_lists(struct buffer *out, struct bytes first, struct bytes second,
                              int which)
{
    struct bytes changes[2] = {first, second}, lists[2] = {{0}}, element;
    uint32_t counts[2] = {0}, parts;
    for (int i = 0; i < 2; i++) {
        struct unpack in = unpack_of(changes[i]);
        if (!unpack_array(&in, &parts))
            return STATUS_BAD_INPUT;
        for (int skipped = 0; skipped < which; skipped++)
            if (!unpack_value(&in, &element))
                return STATUS_BAD_INPUT;
        if (!unpack_array(&in, &counts[i]))
            return STATUS_BAD_INPUT;
        lists[i].data = in.at;
        for (uint32_t e = 0; e < counts[i]; e++)
            if (!unpack_value(&in, &element))
                return STATUS_BAD_INPUT;
        lists[i].size = (size_t)(in.at - lists[i].data);
    }
    TRY(pack_array(out, counts[0] + counts[1]));
    TRY(buffer_append_bytes(out, lists[0]));
    return buffer_append_bytes(out, lists[1]);
}

/* FIELD+=a FIELD-=b in one change: both lists together. */
static enum status join_sets(struct edit *edit, struct edit_part *part, size_t at,
                             struct error *err)
{
    struct buffer joined = {0};
    struct bytes first = bytes_of(edit->values.data + part->at, part->size);
    struct bytes second = bytes_of(edit->values.data + at, edit->values.size - at);
    enum status status = pack_array(&joined, 2);
    for (int which = 0; which < 2 && status == STATUS_OK; which++)
        status = join_lists(&joined, first, second, which);
    part->at = edit->values.size;
    part->size = joined.size;
    if (status == STATUS_OK)
        status = buffer_append_bytes(&edit->values, buffer_bytes(&joined));
    buffer_release(&joined);
    return status == STATUS_OK ? status : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* Claims the bytes that were appended to `values` since `at`. */
static enum status keep_part(struct edit *edit, uint16_t field, size_t at, struct error *err)
{
    if (edit_has(edit, field))
        return error_set(err, STATUS_BAD_INPUT, "field '%s' is given twice",
                         field_name(edit, field));
    edit->parts[edit->parts_count++] =
        (struct edit_part){.field = field, .at = at, .size = edit->values.size - at};
    return STATUS_OK;
}

enum status edit_value(struct edit *edit, uint16_t field, struct bytes value, struct error *err)
{
    size_t at = edit->values.size;
    if (buffer_append_bytes(&edit->values, value) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return keep_part(edit, field, at, err);
}

/* The row as it is; an empty one for a new row. */
static enum status load_row(struct edit *edit, struct error *err)
{
    if (edit->row_loaded)
        return STATUS_OK;
    if (!id_is_zero(&edit->change.id))
        TRY(replica_row(edit->replica, edit->table->number, &edit->change.id, edit->change.scope,
                        &edit->row, &edit->row_exists, err));
    edit->row_loaded = true;
    return STATUS_OK;
}

static bool depends_on_row(const struct schema_field *field)
{
    return field->merge == MERGE_SET || field->merge == MERGE_COUNTER ||
           field->merge == MERGE_STEPS;
}

static enum status add_texts(struct edit *edit, const struct schema_field *field,
                             const struct edit_texts *texts, struct error *err)
{
    size_t at = edit->values.size;
    if (depends_on_row(field))
        TRY(load_row(edit, err));
    struct edit_reading reading = {edit->replica, field, edit->row_exists ? &edit->row : NULL,
                                   &edit->values};
    struct edit_part *before = find_part(edit, field->number);
    TRY(edit_value_read(&reading, texts, err));
    if (before && field->merge == MERGE_SET && texts->sign != EDIT_ASSIGN)
        return join_sets(edit, before, at, err);
    return keep_part(edit, field->number, at, err);
}

/* Nothing for a field of a new row is the same as not naming it, unless a default would step in. A
 * natural key may turn out to name a row that is there: then it empties the field. */
static bool says_nothing(const struct edit *edit, const struct schema_field *field,
                         const char *text)
{
    return !*text && edit->change.kind == CHANGE_ADD && edit->table->key_fields_count == 0 &&
           !field->default_text;
}

enum status edit_text(struct edit *edit, const struct schema_field *field, enum edit_sign sign,
                      const char *text, struct error *err)
{
    struct edit_texts texts = {.sign = sign};
    if (says_nothing(edit, field, text))
        return STATUS_OK;
    enum status status = field->merge == MERGE_SET ? edit_texts_split(&texts, text, err)
                                                   : edit_texts_add(&texts, text, err);
    if (status == STATUS_OK)
        status = add_texts(edit, field, &texts, err);
    edit_texts_release(&texts);
    return status;
}

/* Cuts "FIELD+=" or "FIELD" into its name and sign. `equals` points behind the name's end. */
static enum status take_name(const struct edit *edit, const char *text, size_t size,
                             enum edit_sign *sign, const struct schema_field **field,
                             struct error *err)
{
    char name[NAME_BYTES_MAX];
    *sign = EDIT_ASSIGN;
    if (size > 0 && (text[size - 1] == '+' || text[size - 1] == '-'))
        *sign = text[--size] == '+' ? EDIT_PLUS : EDIT_MINUS;
    if (size == 0 || size >= sizeof name)
        return error_set(err, STATUS_NOT_FOUND, "table '%s' has no field '%.*s'", edit->table->name,
                         (int)(size < 60 ? size : 60), text);
    memcpy(name, text, size);
    name[size] = '\0';
    return view_field(edit->table, name, field, err);
}

static enum status edit_file(struct edit *edit, const struct schema_field *field, const char *path,
                             struct error *err)
{
    struct buffer plain = {0};
    enum status status = attach_file(edit->replica, path, edit->thumbnail, &plain, err);
    if (status == STATUS_OK)
        status = edit_value(edit, field->number, buffer_bytes(&plain), err);
    buffer_release(&plain);
    return status;
}

enum status edit_assignment(struct edit *edit, const char *text, struct error *err)
{
    const struct schema_field *field;
    enum edit_sign sign;
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return error_set(err, STATUS_USAGE, "'%s' is not FIELD=VALUE", text);
    TRY(take_name(edit, text, (size_t)(equals - text), &sign, &field, err));
    if (field->type == FIELD_ATTACHMENT && sign == EDIT_ASSIGN && equals[1] == '@')
        return edit_file(edit, field, equals + 2, err);
    return edit_text(edit, field, sign, equals + 1, err);
}

/* ---- JSON ---- */

static enum status add_json_text(struct edit_texts *texts, const struct schema_field *field,
                                 const json_t *value, struct error *err)
{
    char number[64];
    switch (json_typeof(value)) {
    case JSON_STRING:
        if (strlen(json_string_value(value)) != json_string_length(value))
            break;
        return edit_texts_add(texts, json_string_value(value), err);
    case JSON_INTEGER:
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return edit_texts_add(texts, number, err);
    case JSON_REAL: /* 12.5 yuan; a text is exact and should be preferred */
        if (field->type != FIELD_MONEY)
            break;
        snprintf(number, sizeof number, "%.15g", json_real_value(value));
        return edit_texts_add(texts, number, err);
    case JSON_TRUE:
    case JSON_FALSE:
        return edit_texts_add(texts, json_is_true(value) ? "true" : "false", err);
    case JSON_NULL:
        return edit_texts_add(texts, "", err);
    default:
        break;
    }
    return error_set(err, STATUS_BAD_INPUT,
                     "field '%s': this kind of JSON value is not for type %s", field->name,
                     field_type_name(field->type));
}

static enum status collect_json(struct edit_texts *texts, const struct schema_field *field,
                                const json_t *value, struct error *err)
{
    if (field->merge != MERGE_SET)
        return add_json_text(texts, field, value, err);
    if (json_is_null(value))
        return STATUS_OK;
    if (json_is_string(value))
        return edit_texts_split(texts, json_string_value(value), err);
    if (!json_is_array(value))
        return add_json_text(texts, field, value, err);
    for (size_t i = 0; i < json_array_size(value); i++)
        TRY(add_json_text(texts, field, json_array_get(value, i), err));
    return STATUS_OK;
}

enum status edit_json(struct edit *edit, const char *name, const json_t *value, struct error *err)
{
    struct edit_texts texts = {0};
    const struct schema_field *field;
    size_t size = strlen(name);
    if (size > 0 && name[size - 1] == '=')
        size--;
    TRY(take_name(edit, name, size, &texts.sign, &field, err));
    enum status status = collect_json(&texts, field, value, err);
    if (status == STATUS_OK)
        status = add_texts(edit, field, &texts, err);
    edit_texts_release(&texts);
    return status;
}

/* ---- finishing ---- */

static enum status add_defaults(struct edit *edit, struct error *err)
{
    for (size_t i = 0; i < edit->table->fields_count; i++) {
        const struct schema_field *field = &edit->table->fields[i];
        size_t at = edit->values.size;
        if (!field->default_text || edit_has(edit, field->number))
            continue;
        struct edit_reading reading = {edit->replica, field, NULL, &edit->values};
        TRY(edit_value_default(&reading, err));
        if (edit->values.size == at)
            continue;
        TRY(keep_part(edit, field->number, at, err));
        edit->parts[edit->parts_count - 1].by_default = true;
    }
    return STATUS_OK;
}

static struct bytes part_bytes(struct edit *edit, uint16_t field)
{
    const struct edit_part *part = find_part(edit, field);
    return part ? bytes_of(edit->values.data + part->at, part->size) : (struct bytes){0};
}

static void drop_defaults(struct edit *edit)
{
    size_t kept = 0;
    for (size_t i = 0; i < edit->parts_count; i++)
        if (!edit->parts[i].by_default)
            edit->parts[kept++] = edit->parts[i];
    edit->parts_count = kept;
}

/* Adding a row of a natural key that is there already only says what was typed: a default must not
 * overwrite what somebody wrote. */
static enum status place_natural(struct edit *edit, struct error *err)
{
    struct bytes values[SCHEMA_FIELDS_MAX];
    struct id *id = &edit->change.id;
    size_t count = edit->table->key_fields_count;
    if (count == 0 || edit->change.kind != CHANGE_ADD || !id_is_zero(id))
        return STATUS_OK;
    for (size_t i = 0; i < count; i++)
        values[i] = part_bytes(edit, edit->table->key_fields[i]);
    TRY(table_natural_id(edit->table, values, id, err));
    edit->row_loaded = false;
    TRY(load_row(edit, err));
    if (edit->row_exists)
        drop_defaults(edit);
    return STATUS_OK;
}

static int by_field(const void *a, const void *b)
{
    const struct edit_part *left = a, *right = b;
    return (left->field > right->field) - (left->field < right->field);
}

void edit_seen(struct edit *edit, const json_t *bases)
{
    edit->bases = bases;
}

static enum status count_dots(const struct edit *edit, size_t *count, struct error *err)
{
    const char *name;
    json_t *list;
    *count = 0;
    json_object_foreach((json_t *)(uintptr_t)edit->bases, name, list)
    {
        if (!json_is_array(list) || json_array_size(list) > ENTRY_BASES_MAX)
            return error_set(err, STATUS_BAD_INPUT, "the bases of field '%s' are no list of dots",
                             name);
        *count += json_array_size(list);
    }
    return STATUS_OK;
}

/* A field that the person saw empty has no bases, which is not the same as not to have been told.
 */
static enum status read_dots(struct edit *edit, struct change_field *field, size_t *used,
                             struct error *err)
{
    const char *name = field_name(edit, field->field);
    const json_t *list = json_object_get(edit->bases, name);
    field->has_bases = true;
    field->bases = edit->dots + *used;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || !dot_parse(text, &edit->dots[(*used)++]))
            return error_set(err, STATUS_BAD_INPUT, "the bases of field '%s' are no list of dots",
                             name);
        field->bases_count++;
    }
    return STATUS_OK;
}

static enum status add_bases(struct edit *edit, struct error *err)
{
    size_t count, used = 0;
    if (!edit->bases)
        return STATUS_OK;
    TRY(count_dots(edit, &count, err));
    edit->dots = calloc(count + 1, sizeof *edit->dots);
    if (!edit->dots)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < edit->parts_count; i++)
        TRY(read_dots(edit, &edit->fields[i], &used, err));
    return STATUS_OK;
}

enum status edit_finish(struct edit *edit, struct error *err)
{
    if (edit->change.kind == CHANGE_ADD)
        TRY(add_defaults(edit, err));
    TRY(place_natural(edit, err));
    qsort(edit->parts, edit->parts_count, sizeof *edit->parts, by_field);
    edit->fields = calloc(edit->parts_count + 1, sizeof *edit->fields);
    if (!edit->fields)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < edit->parts_count; i++)
        edit->fields[i] = (struct change_field){
            .field = edit->parts[i].field,
            .value = bytes_of(edit->values.data + edit->parts[i].at, edit->parts[i].size)};
    edit->change.fields = edit->fields;
    edit->change.fields_count = edit->parts_count;
    TRY(add_bases(edit, err));
    row_release(&edit->row); /* many edits may wait together: keep what they say only */
    edit->row_loaded = false;
    return STATUS_OK;
}
