#include "common/schema_form.h"

#include <stdlib.h>
#include <string.h>

#include "common/schema_json.h"

#define SECTIONS_MAX 20
#define GRIDS_MAX 8
#define CALENDAR_TIMES_MAX 4

static enum status find_named(const struct schema_table *table, const char *name,
                              const struct schema_field **field, struct error *err)
{
    *field = name ? table_field_named(table, name) : NULL;
    if (!*field)
        return error_set(err, STATUS_BAD_INPUT, "there is no field '%s'", name ? name : "?");
    return STATUS_OK;
}

static enum status find_field(const struct schema_table *table, const json_t *name,
                              const struct schema_field **field, struct error *err)
{
    return find_named(table, json_string_value(name), field, err);
}

/* A list of fields of the table; `seen` (by place) tells those that stood in a list before. */
static enum status check_names(const json_t *object, const char *key,
                               const struct schema_table *table, bool *seen, struct error *err)
{
    const json_t *list;
    const struct schema_field *field;
    TRY(object_list(object, key, SCHEMA_FIELDS_MAX, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        TRY(find_field(table, json_array_get(list, i), &field, err));
        if (seen[field - table->fields])
            return error_set(err, STATUS_BAD_INPUT, "field '%s' stands twice", field->name);
        seen[field - table->fields] = true;
    }
    return STATUS_OK;
}

static enum status check_label(const json_t *object, struct error *err)
{
    char *text = NULL;
    enum status status = object_text(object, "zh", SCHEMA_LABEL_BYTES_MAX, &text, err);
    free(text);
    text = NULL;
    if (status == STATUS_OK)
        status = object_text(object, "en", SCHEMA_LABEL_BYTES_MAX, &text, err);
    free(text);
    return status;
}

static enum status check_sections(const json_t *form, const struct schema_table *table,
                                  struct error *err)
{
    static const char *const keys[] = {"zh", "en", "fields", NULL};
    bool seen[SCHEMA_FIELDS_MAX] = {false};
    const json_t *list;
    TRY(object_list(form, "sections", SECTIONS_MAX, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *section = json_array_get(list, i);
        TRY(object_check_keys(section, keys, err));
        TRY(check_label(section, err));
        TRY(check_names(section, "fields", table, seen, err));
    }
    return STATUS_OK;
}

static enum status check_due(const json_t *due, const struct schema_table *table, struct error *err)
{
    static const char *const keys[] = {"field", "of", "at", NULL};
    const struct schema_field *field, *of, *at;
    TRY(object_check_keys(due, keys, err));
    TRY(find_field(table, json_object_get(due, "field"), &field, err));
    TRY(find_field(table, json_object_get(due, "of"), &of, err));
    TRY(find_field(table, json_object_get(due, "at"), &at, err));
    bool fits = field->type == FIELD_DATE && field->merge != MERGE_SET && of->merge != MERGE_SET &&
                (of->type == FIELD_REF || of->type == FIELD_REF_ANY) &&
                (at->type == FIELD_DATE || at->type == FIELD_DATETIME);
    return fits ? STATUS_OK
                : error_set(err, STATUS_BAD_INPUT, "'%s' is not a date, a ref and a time", "due");
}

/* ---- what pages are made of rows ---- */

static bool is_ref(const struct schema_field *field)
{
    return (field->type == FIELD_REF || field->type == FIELD_REF_ANY) && field->merge != MERGE_SET;
}

static bool is_time(const struct schema_field *field)
{
    return field->type == FIELD_DATE || field->type == FIELD_DATETIME;
}

static enum status check_code(const struct schema_field *field, const json_t *json,
                              struct error *err)
{
    const char *code = json_string_value(json);
    bool flag = code && field->type == FIELD_BOOL &&
                (strcmp(code, "true") == 0 || strcmp(code, "false") == 0);
    if (!code || (!flag && field_code_rank(field, bytes_text(code)) < 0))
        return error_set(err, STATUS_BAD_INPUT, "field '%s' has no code '%s'", field->name,
                         code ? code : "?");
    return STATUS_OK;
}

static enum status check_codes(const json_t *object, const struct schema_field *field,
                               struct error *err)
{
    const json_t *list;
    TRY(object_list(object, "codes", SCHEMA_CODES_MAX, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(check_code(field, json_array_get(list, i), err));
    return STATUS_OK;
}

static enum status check_open(const json_t *open, const struct schema_table *table,
                              struct error *err)
{
    static const char *const keys[] = {"field", "codes", NULL};
    const struct schema_field *field;
    TRY(object_check_keys(open, keys, err));
    TRY(find_field(table, json_object_get(open, "field"), &field, err));
    return check_codes(open, field, err);
}

static enum status check_take(const json_t *take, const struct schema_table *table,
                              struct error *err)
{
    static const char *const keys[] = {"field", "steps", "step", NULL};
    const struct schema_field *field, *steps;
    TRY(object_check_keys(take, keys, err));
    TRY(find_field(table, json_object_get(take, "field"), &field, err));
    TRY(find_field(table, json_object_get(take, "steps"), &steps, err));
    if (!is_ref(field) || steps->merge != MERGE_STEPS)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a ref and a step", "take");
    return check_code(steps, json_object_get(take, "step"), err);
}

static enum status check_marks(const json_t *marks, const struct schema_table *table,
                               struct error *err)
{
    static const char *const keys[] = {"of", "by", NULL};
    const struct schema_field *of, *by;
    TRY(object_check_keys(marks, keys, err));
    TRY(find_field(table, json_object_get(marks, "of"), &of, err));
    TRY(find_field(table, json_object_get(marks, "by"), &by, err));
    const struct schema_field *other = is_ref(of) ? by : of;
    return is_ref(of) && is_ref(by)
               ? STATUS_OK
               : error_set(err, STATUS_BAD_INPUT, "field '%s' is not a ref", other->name);
}

static enum status check_hand_down(const json_t *hand, const struct schema_table *table,
                                   struct error *err)
{
    static const char *const keys[] = {"field", "codes", "part", "steps",
                                       "step",  "due",   "back", NULL};
    const struct schema_field *field, *part, *steps, *due, *back;
    TRY(object_check_keys(hand, keys, err));
    TRY(find_field(table, json_object_get(hand, "field"), &field, err));
    TRY(check_codes(hand, field, err));
    TRY(find_field(table, json_object_get(hand, "part"), &part, err));
    TRY(find_field(table, json_object_get(hand, "steps"), &steps, err));
    TRY(find_field(table, json_object_get(hand, "due"), &due, err));
    TRY(find_field(table, json_object_get(hand, "back"), &back, err));
    if (!is_ref(part) || steps->merge != MERGE_STEPS || !is_time(due) || back->type != FIELD_TEXT)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a ref, a step, a time and a text",
                         "hand_down");
    return check_code(steps, json_object_get(hand, "step"), err);
}

static enum status check_calendar(const json_t *calendar, const struct schema_table *table,
                                  struct error *err)
{
    static const char *const keys[] = {"from", "to", "apart", NULL};
    const json_t *from, *to = json_object_get(calendar, "to");
    const json_t *apart = json_object_get(calendar, "apart");
    const struct schema_field *field;
    TRY(object_check_keys(calendar, keys, err));
    TRY(object_list(calendar, "from", CALENDAR_TIMES_MAX, &from, err));
    for (size_t i = 0; i < json_array_size(from) + (to != NULL); i++) {
        const json_t *name = i < json_array_size(from) ? json_array_get(from, i) : to;
        TRY(find_field(table, name, &field, err));
        if (!is_time(field))
            return error_set(err, STATUS_BAD_INPUT, "field '%s' is not a time", field->name);
    }
    if (!apart)
        return STATUS_OK;
    TRY(find_field(table, apart, &field, err));
    return is_ref(field) ? STATUS_OK
                         : error_set(err, STATUS_BAD_INPUT, "field '%s' is not a ref", field->name);
}

static enum status check_grid(const json_t *grid, const struct schema_table *table,
                              struct error *err)
{
    static const char *const keys[] = {"zh",    "en",  "rows",  "of",    "columns", "cell",
                                       "where", "tap", "offer", "stamp", NULL};
    const struct schema_field *rows, *columns, *cell, *field;
    const json_t *tap = json_object_get(grid, "tap");
    const char *name;
    json_t *value;
    TRY(object_check_keys(grid, keys, err));
    TRY(check_label(grid, err));
    TRY(find_field(table, json_object_get(grid, "rows"), &rows, err));
    TRY(find_field(table, json_object_get(grid, "columns"), &columns, err));
    TRY(find_field(table, json_object_get(grid, "cell"), &cell, err));
    if (!is_ref(rows) || (!is_ref(columns) && columns->type != FIELD_MONTH))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a ref by a ref or month", "grids");
    json_object_foreach(json_object_get(grid, "where"), name, value)
    {
        TRY(find_named(table, name, &field, err));
        TRY(check_code(field, value, err));
    }
    const json_t *stamp = json_object_get(grid, "stamp");
    if (stamp)
        TRY(find_field(table, stamp, &field, err));
    if (stamp && !is_time(field))
        return error_set(err, STATUS_BAD_INPUT, "field '%s' is not a time", field->name);
    return tap ? check_code(cell, tap, err) : STATUS_OK;
}

static enum status check_grids(const json_t *form, const struct schema_table *table,
                               struct error *err)
{
    const json_t *list;
    TRY(object_list(form, "grids", GRIDS_MAX, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(check_grid(json_array_get(list, i), table, err));
    return STATUS_OK;
}

/* ---- the whole ---- */

typedef enum status form_check(const json_t *part, const struct schema_table *table,
                               struct error *err);

static enum status check_table_form(const json_t *form, const struct schema_table *table,
                                    struct error *err)
{
    static const char *const keys[] = {"sections", "columns", "quick",     "glance",
                                       "due",      "open",    "take",      "grids",
                                       "calendar", "marks",   "hand_down", NULL};
    static const char *const lists[] = {"columns", "quick", "glance"};
    static const struct {
        const char *key;
        form_check *check;
    } parts[] = {{"due", check_due},     {"open", check_open},
                 {"take", check_take},   {"calendar", check_calendar},
                 {"marks", check_marks}, {"hand_down", check_hand_down}};
    TRY(object_check_keys(form, keys, err));
    if (json_object_get(form, "sections"))
        TRY(check_sections(form, table, err));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        bool seen[SCHEMA_FIELDS_MAX] = {false};
        if (json_object_get(form, lists[i]))
            TRY(check_names(form, lists[i], table, seen, err));
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const json_t *part = json_object_get(form, parts[i].key);
        if (part)
            TRY(parts[i].check(part, table, err));
    }
    return json_object_get(form, "grids") ? check_grids(form, table, err) : STATUS_OK;
}

static enum status check_when(const json_t *when, const struct schema_table *table,
                              struct error *err)
{
    static const char *const keys[] = {"field", "codes", NULL};
    const struct schema_field *field;
    TRY(object_check_keys(when, keys, err));
    TRY(find_field(table, json_object_get(when, "field"), &field, err));
    return check_codes(when, field, err);
}

static enum status check_field(const json_t *json, const struct schema_table *table,
                               struct error *err)
{
    static const char *const help_keys[] = {"zh", "en", NULL};
    const json_t *when = json_object_get(json, "when"), *help = json_object_get(json, "help");
    if (when && check_when(when, table, err) != STATUS_OK)
        return error_wrap(err, "'%s'", "when");
    if (!help)
        return STATUS_OK;
    TRY(object_check_keys(help, help_keys, err));
    return check_label(help, err);
}

enum status schema_check_form(const json_t *json, const struct schema_table *table,
                              struct error *err)
{
    const json_t *fields = json_object_get(json, "fields");
    const json_t *form = json_object_get(json, "form");
    for (size_t i = 0; i < table->fields_count; i++)
        if (check_field(json_array_get(fields, i), table, err) != STATUS_OK)
            return error_wrap(err, "field '%s'", table->fields[i].name);
    if (form && check_table_form(form, table, err) != STATUS_OK)
        return error_wrap(err, "'%s'", "form");
    return STATUS_OK;
}
