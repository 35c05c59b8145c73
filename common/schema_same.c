#include "common/schema_same.h"

#include "common/schema_json.h"

static enum status find(const struct schema_table *table, const char *name,
                        const struct schema_field **field, struct error *err)
{
    *field = name ? table_field_named(table, name) : NULL;
    if (!*field)
        return error_set(err, STATUS_BAD_INPUT, "there is no field '%s'", name ? name : "?");
    return STATUS_OK;
}

static bool names_own_table(const struct schema_table *table, const struct schema_field *field)
{
    return field->type == FIELD_REF && field->ref_tables[0] == table->number;
}

static enum status load_apart(const json_t *json, struct schema_table *table, struct error *err)
{
    const struct schema_field *apart;
    const json_t *name = json_object_get(json, "apart");
    if (!name)
        return STATUS_OK;
    TRY(find(table, json_string_value(name), &apart, err));
    if (!names_own_table(table, apart) || apart->merge != MERGE_SET)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is no set of refs to its own table",
                         apart->name);
    table->same_apart = apart->number;
    return STATUS_OK;
}

static enum status load_into(const json_t *json, struct schema_table *table, struct error *err)
{
    const struct schema_field *into, *unless;
    const json_t *name = json_object_get(json, "unless");
    TRY(find(table, json_string_value(json_object_get(json, "into")), &into, err));
    if (!names_own_table(table, into) || into->merge == MERGE_SET)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is no ref to its own table", into->name);
    table->same_into = into->number;
    if (!name)
        return STATUS_OK;
    TRY(find(table, json_string_value(name), &unless, err));
    if (unless->type != FIELD_BOOL || unless->merge == MERGE_SET)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a bool", unless->name);
    table->same_unless = unless->number;
    return STATUS_OK;
}

static enum status load_list(const json_t *list, const struct schema_table *table,
                             struct schema_same *same, struct error *err)
{
    size_t heard = 0;
    if (json_array_size(list) < 1 || json_array_size(list) > SCHEMA_SAME_FIELDS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "not a list of 1 to %d fields",
                         SCHEMA_SAME_FIELDS_MAX);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const struct schema_field *field;
        const char *name = json_string_value(json_array_get(list, i));
        same->heard[i] = name && *name == '~';
        TRY(find(table, same->heard[i] ? name + 1 : name, &field, err));
        bool fits = !same->heard[i] || field->type == FIELD_TEXT;
        if (!fits || field->seal_roles || field->merge == MERGE_SET ||
            field->merge == MERGE_COUNTER)
            return error_set(err, STATUS_BAD_INPUT, "field '%s' can't be compared so", field->name);
        heard += same->heard[i];
        same->fields[same->count++] = field->number;
    }
    if (heard == same->count)
        return error_set(err, STATUS_BAD_INPUT, "what only sounds alike needs a field that agrees");
    return STATUS_OK;
}

enum status schema_load_same(const json_t *json, struct schema_table *table, struct error *err)
{
    static const char *const keys[] = {"into", "unless", "apart", "by", NULL};
    const json_t *lists;
    enum status status = object_check_keys(json, keys, err);
    if (status == STATUS_OK)
        status = load_into(json, table, err);
    if (status == STATUS_OK)
        status = load_apart(json, table, err);
    if (status == STATUS_OK)
        status = object_list(json, "by", SCHEMA_SAME_MAX, &lists, err);
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(lists); i++)
        status = load_list(json_array_get(lists, i), table, &table->same[table->same_count++], err);
    return status == STATUS_OK ? status : error_wrap(err, "'%s'", "same");
}
