#include "common/schema_moves.h"

#include "common/schema_json.h"

static enum status find(const json_t *json, const char *key, const struct schema_table *table,
                        const struct schema_field **field, struct error *err)
{
    const char *name = json_string_value(json_object_get(json, key));
    *field = name ? table_field_named(table, name) : NULL;
    if (!*field)
        return error_set(err, STATUS_BAD_INPUT, "there is no field '%s'", name ? name : "?");
    return STATUS_OK;
}

static enum status find_code(const json_t *json, const struct schema_field *field, size_t *place,
                             struct error *err)
{
    const char *code = json_string_value(json);
    int rank = code ? field_code_rank(field, bytes_text(code)) : -1;
    if (rank < 0)
        return error_set(err, STATUS_BAD_INPUT, "field '%s' has no code '%s'", field->name,
                         code ? code : "?");
    *place = (size_t)rank;
    return STATUS_OK;
}

static enum status load_refs(const json_t *json, struct schema_table *table, struct error *err)
{
    const struct schema_field *row, *to, *name;
    TRY(find(json, "row", table, &row, err));
    TRY(find(json, "to", table, &to, err));
    TRY(find(json, "name", table, &name, err));
    if (row->type != FIELD_REF || row->merge == MERGE_SET || row->number != table->scope_field)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not the ref that 'scope' names",
                         row->name);
    if (to->type != FIELD_REF || to->merge == MERGE_SET)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a ref", to->name);
    if (name->type != FIELD_TEXT || name->seal_roles || name->merge == MERGE_SET)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a plain text", name->name);
    table->moves.row = row->number;
    table->moves.to = to->number;
    table->moves.name = name->number;
    return STATUS_OK;
}

static enum status load_state(const json_t *json, struct schema_table *table, struct error *err)
{
    const struct schema_field *state;
    struct schema_moves *moves = &table->moves;
    TRY(find(json, "state", table, &state, err));
    if (state->merge != MERGE_STEPS)
        return error_set(err, STATUS_BAD_INPUT, "field '%s' has no steps", state->name);
    moves->state = state->number;
    TRY(find_code(json_object_get(json, "offered"), state, &moves->offered, err));
    TRY(find_code(json_object_get(json, "accepted"), state, &moves->accepted, err));
    return find_code(json_object_get(json, "returned"), state, &moves->returned, err);
}

static enum status load_when(const json_t *json, struct schema_table *table, struct error *err)
{
    static const char *const keys[] = {"field", "codes", NULL};
    const struct schema_field *field;
    const json_t *codes;
    TRY(object_check_keys(json, keys, err));
    TRY(find(json, "field", table, &field, err));
    if (field->type != FIELD_ENUM || field->merge == MERGE_SET || field->codes_count > 64)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not an enum", field->name);
    TRY(object_list(json, "codes", SCHEMA_CODES_MAX, &codes, err));
    for (size_t i = 0; i < json_array_size(codes); i++) {
        size_t place;
        TRY(find_code(json_array_get(codes, i), field, &place, err));
        table->moves.when_codes |= 1ull << place;
    }
    table->moves.when = field->number;
    return STATUS_OK;
}

enum status schema_load_moves(const json_t *json, struct schema_table *table, struct error *err)
{
    static const char *const keys[] = {"row",      "to",       "name", "state", "offered",
                                       "accepted", "returned", "when", NULL};
    enum status status = object_check_keys(json, keys, err);
    if (status == STATUS_OK)
        status = load_refs(json, table, err);
    if (status == STATUS_OK)
        status = load_state(json, table, err);
    if (status == STATUS_OK)
        status = load_when(json_object_get(json, "when"), table, err);
    return status == STATUS_OK ? status : error_wrap(err, "'%s'", "moves");
}
