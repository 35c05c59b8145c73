#include "common/edit_change.h"

#include <string.h>

static enum status op_kind(const json_t *json, enum change_kind *kind, struct error *err)
{
    static const struct {
        const char *name;
        enum change_kind kind;
    } ops[] = {{"add", CHANGE_ADD}, {"set", CHANGE_SET}, {"delete", CHANGE_DELETE}};
    const char *op = json_string_value(json_object_get(json, "op"));
    for (size_t i = 0; op && i < sizeof ops / sizeof ops[0]; i++) {
        if (strcmp(op, ops[i].name) == 0) {
            *kind = ops[i].kind;
            return STATUS_OK;
        }
    }
    return error_set(err, STATUS_BAD_INPUT, "'op' is not one of add, set, delete");
}

static enum status check_keys(const json_t *json, struct error *err)
{
    static const char *const known[] = {"op", "table", "id", "fields", "org"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            found |= strcmp(known[i], key) == 0;
        if (!found)
            return error_set(err, STATUS_BAD_INPUT, "'%s' is not a key of a line", key);
        bool is_fields = strcmp(key, "fields") == 0;
        if (is_fields ? !json_is_object(value) : !json_is_string(value))
            return error_set(err, STATUS_BAD_INPUT, "'%s' is not of the right kind", key);
    }
    return STATUS_OK;
}

enum status edit_change(struct edit *edit, struct replica *replica, const json_t *json,
                        struct error *err)
{
    enum change_kind kind = CHANGE_ADD;
    const char *name;
    json_t *value, *fields = json_object_get(json, "fields");
    const char *table = json_string_value(json_object_get(json, "table"));
    const char *id = json_string_value(json_object_get(json, "id"));
    const char *org = json_string_value(json_object_get(json, "org"));
    TRY(check_keys(json, err));
    TRY(op_kind(json, &kind, err));
    if (!table)
        return error_set(err, STATUS_BAD_INPUT, "'table' is missing");
    TRY(edit_start(edit, replica, kind, table, err));
    if (id)
        TRY(edit_row(edit, id, err));
    if (org)
        TRY(edit_org(edit, org, err));
    if (kind == CHANGE_DELETE && json_object_size(fields) > 0)
        return error_set(err, STATUS_BAD_INPUT, "'delete' takes no fields");
    json_object_foreach(fields, name, value) TRY(edit_json(edit, name, value, err));
    return edit_finish(edit, err);
}
