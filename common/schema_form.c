#include "common/schema_form.h"

#include <stdlib.h>
#include <string.h>

#include "common/schema_json.h"

#define SECTIONS_MAX 20

static enum status find_field(const struct schema_table *table, const json_t *name,
                              const struct schema_field **field, struct error *err)
{
    const char *text = json_string_value(name);
    *field = text ? table_field_named(table, text) : NULL;
    if (!*field)
        return error_set(err, STATUS_BAD_INPUT, "there is no field '%s'", text ? text : "?");
    return STATUS_OK;
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

static enum status check_table_form(const json_t *form, const struct schema_table *table,
                                    struct error *err)
{
    static const char *const keys[] = {"sections", "columns", "quick", "due", NULL};
    TRY(object_check_keys(form, keys, err));
    if (json_object_get(form, "sections"))
        TRY(check_sections(form, table, err));
    for (int i = 1; i <= 2; i++) {
        bool seen[SCHEMA_FIELDS_MAX] = {false};
        if (json_object_get(form, keys[i]))
            TRY(check_names(form, keys[i], table, seen, err));
    }
    const json_t *due = json_object_get(form, "due");
    return due ? check_due(due, table, err) : STATUS_OK;
}

static enum status check_when(const json_t *when, const struct schema_table *table,
                              struct error *err)
{
    static const char *const keys[] = {"field", "codes", NULL};
    const struct schema_field *field;
    const json_t *list;
    TRY(object_check_keys(when, keys, err));
    TRY(find_field(table, json_object_get(when, "field"), &field, err));
    TRY(object_list(when, "codes", SCHEMA_CODES_MAX, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *code = json_string_value(json_array_get(list, i));
        bool flag = code && field->type == FIELD_BOOL &&
                    (strcmp(code, "true") == 0 || strcmp(code, "false") == 0);
        if (!code || (!flag && field_code_rank(field, bytes_text(code)) < 0))
            return error_set(err, STATUS_BAD_INPUT, "field '%s' has no code '%s'", field->name,
                             code ? code : "?");
    }
    return STATUS_OK;
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
