/* Reading a schema from its JSON file (docs/schema.md).
 *
 * First the form, table by table; then what names other tables and fields; then, in
 * schema_rules.c, what must hold among them. */

#include <stdlib.h>
#include <string.h>

#include "common/json_read.h"
#include "common/schema.h"
#include "common/schema_form.h"
#include "common/schema_json.h"
#include "common/schema_moves.h"
#include "common/schema_rules.h"
#include "common/schema_same.h"

#define ROLES_MAX 6
#define DEFAULT_BYTES_MAX 200

/* ---- words ---- */

static const char *type_word(size_t i)
{
    return field_type_name((enum field_type)i);
}

static const char *merge_word(size_t i)
{
    return merge_rule_name((enum merge_rule)i);
}

static const char *show_word(size_t i)
{
    return show_rule_name((enum show_rule)i);
}

static const char *records_word(size_t i)
{
    static const char *const words[] = {"access"};
    return words[i];
}

static const char *reach_word(size_t i)
{
    static const char *const words[] = {"own", "below"};
    return words[i];
}

static enum status load_label(const json_t *json, struct label *label, struct error *err)
{
    TRY(object_text(json, "zh", SCHEMA_LABEL_BYTES_MAX, &label->zh, err));
    return object_text(json, "en", SCHEMA_LABEL_BYTES_MAX, &label->en, err);
}

static enum status load_roles(const json_t *json, const char *key, uint32_t *roles,
                              struct error *err)
{
    const json_t *list;
    TRY(object_list(json, key, ROLES_MAX, &list, err));
    *roles = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        enum role role;
        const char *name = json_string_value(json_array_get(list, i));
        if (!name || !role_parse(name, &role))
            return error_set(err, STATUS_BAD_INPUT, "unknown role '%s'", name ? name : "?");
        *roles |= ROLE_BIT(role);
    }
    return STATUS_OK;
}

/* ---- fields ---- */

static enum status load_code(const json_t *json, struct schema_field *field, struct error *err)
{
    struct schema_code *code = &field->codes[field->codes_count++];
    struct label *label = &code->label;
    if (!json_is_array(json) || json_array_size(json) != 3)
        return error_set(err, STATUS_BAD_INPUT, "a code is not [code, zh, en]");
    TRY(json_text(json_array_get(json, 0), "code", FIELD_CODE_BYTES_MAX, &code->code, err));
    if (!name_valid(code->code))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is no code: a-z, then a-z, 0-9 and _",
                         code->code);
    TRY(json_text(json_array_get(json, 1), "zh", SCHEMA_LABEL_BYTES_MAX, &label->zh, err));
    return json_text(json_array_get(json, 2), "en", SCHEMA_LABEL_BYTES_MAX, &label->en, err);
}

static enum status load_codes(const json_t *json, struct schema_field *field, struct error *err)
{
    const json_t *list;
    TRY(object_list(json, "codes", SCHEMA_CODES_MAX, &list, err));
    field->codes = calloc(json_array_size(list), sizeof *field->codes);
    if (!field->codes)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(load_code(json_array_get(list, i), field, err));
    return STATUS_OK;
}

/* ---- steps ---- */

static enum status load_from(const json_t *json, const struct schema_field *field,
                             struct schema_code *step, struct error *err)
{
    const json_t *list;
    TRY(object_list(json, "from", SCHEMA_STEPS_MAX, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *code = json_string_value(json_array_get(list, i));
        int rank = code ? field_code_rank(field, bytes_text(code)) : -1;
        if (rank < 0 || rank == step - field->codes)
            return error_set(err, STATUS_BAD_INPUT, "'%s' is no other step", code ? code : "?");
        step->from |= UINT64_C(1) << rank;
    }
    step->has_from = true;
    return STATUS_OK;
}

static enum status load_step(const json_t *json, const struct schema_field *field,
                             struct schema_code *step, struct error *err)
{
    static const char *const keys[] = {"by", "from", NULL};
    TRY(object_check_keys(json, keys, err));
    if (json_object_get(json, "by"))
        TRY(load_roles(json, "by", &step->roles, err));
    if (step->roles & ~field->write_roles)
        return error_set(err, STATUS_BAD_INPUT, "a role of 'by' may not write the field");
    return json_object_get(json, "from") ? load_from(json, field, step, err) : STATUS_OK;
}

static enum status load_steps(const json_t *json, struct schema_field *field, struct error *err)
{
    json_t *steps = json_object_get(json, "steps"), *item;
    const char *code;
    if (!json_is_object(steps))
        return error_set(err, STATUS_BAD_INPUT, "'steps' is not an object");
    if (field->codes_count > SCHEMA_STEPS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d steps", SCHEMA_STEPS_MAX);
    json_object_foreach(steps, code, item)
    {
        int rank = field_code_rank(field, bytes_text(code));
        if (rank < 0)
            return error_set(err, STATUS_BAD_INPUT, "'%.60s' is no code of this field", code);
        if (load_step(item, field, &field->codes[rank], err) != STATUS_OK)
            return error_wrap(err, "step '%s'", code);
    }
    return STATUS_OK;
}

/* ---- bounds and rules ---- */

static enum status load_bounds(const json_t *json, struct schema_field *field, struct error *err)
{
    static const struct number_range any = {INT64_MIN, INT64_MAX};
    static const struct number_range bytes = {1, FIELD_TEXT_BYTES_MAX};
    int64_t most = FIELD_TEXT_BYTES_MAX;
    field->has_min = json_object_get(json, "min") != NULL;
    field->has_max = json_object_get(json, "max") != NULL;
    if (field->has_min)
        TRY(object_number(json, "min", any, &field->min, err));
    if (field->has_max)
        TRY(object_number(json, "max", any, &field->max, err));
    if (json_object_get(json, "bytes"))
        TRY(object_number(json, "bytes", bytes, &most, err));
    field->bytes_max = (uint32_t)most;
    return STATUS_OK;
}

static enum status load_rules(const json_t *json, struct schema_field *field, struct error *err)
{
    size_t type, merge, show;
    TRY(object_word(json, "type", type_word, FIELD_TYPES_COUNT, &type, err));
    TRY(object_word(json, "merge", merge_word, MERGE_RULES_COUNT, &merge, err));
    field->type = (enum field_type)type;
    field->merge = (enum merge_rule)merge;
    field->show = field->merge == MERGE_APPEND ? SHOW_EARLIEST : SHOW_LATEST;
    if (json_object_get(json, "show")) {
        TRY(object_word(json, "show", show_word, SHOW_RULES_COUNT, &show, err));
        field->show = (enum show_rule)show;
    }
    return STATUS_OK;
}

/* Keys that only some types and merge rules know. */
static enum status check_applies(const json_t *json, const struct schema_field *field,
                                 struct error *err)
{
    enum field_type type = field->type;
    enum merge_rule merge = field->merge;
    bool number = type == FIELD_INT || type == FIELD_MONEY;
    const struct {
        const char *key;
        bool applies;
    } keys[] = {
        {"min", number},
        {"max", number},
        {"bytes", type == FIELD_TEXT || type == FIELD_PLACE || type == FIELD_SEALED},
        {"sealed", type == FIELD_TEXT || type == FIELD_SEALED || type == FIELD_ATTACHMENT},
        {"codes", type == FIELD_ENUM},
        {"refs", type == FIELD_REF || type == FIELD_REF_ANY},
        {"show", merge == MERGE_REGISTER || merge == MERGE_TEXT},
        {"steps", merge == MERGE_STEPS},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (!keys[i].applies && json_object_get(json, keys[i].key))
            return error_set(err, STATUS_BAD_INPUT, "'%s' does not go with type '%s', merge '%s'",
                             keys[i].key, field_type_name(type), merge_rule_name(merge));
    return STATUS_OK;
}

/* true: everybody who reads the row; or a list of roles. The hub, which is to merge, always. */
static enum status load_seal(const json_t *json, struct schema_field *field, struct error *err)
{
    const json_t *sealed = json_object_get(json, "sealed");
    bool always = field->type == FIELD_ATTACHMENT;
    if (!sealed && !always)
        return STATUS_OK;
    field->seal_roles = ROLES_ALL;
    if (!sealed || json_is_true(sealed))
        return STATUS_OK;
    if (field->type != FIELD_SEALED && !always)
        return error_set(err, STATUS_BAD_INPUT, "only type 'sealed' is kept from some roles");
    TRY(load_roles(json, "sealed", &field->seal_roles, err));
    field->seal_roles |= ROLE_BIT(ROLE_HUB);
    return STATUS_OK;
}

static enum status load_field(const json_t *json, struct schema_field *field, struct error *err)
{
    static const char *const keys[] = {"number", "name",  "zh",       "en",      "type",  "merge",
                                       "show",   "refs",  "required", "group",   "codes", "min",
                                       "max",    "bytes", "write",    "default", "when",  "help",
                                       "sealed", "steps", NULL};
    static const struct number_range numbers = {1, FIELD_NUMBER_MAX};
    int64_t number;
    TRY(object_name(json, "name", &field->name, err));
    TRY(object_check_keys(json, keys, err));
    TRY(object_number(json, "number", numbers, &number, err));
    field->number = (uint16_t)number;
    TRY(load_label(json, &field->label, err));
    TRY(load_rules(json, field, err));
    TRY(check_applies(json, field, err));
    TRY(object_flag(json, "required", &field->required, err));
    TRY(load_bounds(json, field, err));
    if (json_object_get(json, "codes"))
        TRY(load_codes(json, field, err));
    if (json_object_get(json, "write"))
        TRY(load_roles(json, "write", &field->write_roles, err));
    TRY(load_seal(json, field, err));
    if (json_object_get(json, "default"))
        TRY(object_text(json, "default", DEFAULT_BYTES_MAX, &field->default_text, err));
    if (json_object_get(json, "steps"))
        TRY(load_steps(json, field, err));
    return STATUS_OK;
}

/* ---- tables ---- */

static enum status load_fields(const json_t *json, struct schema_table *table, struct error *err)
{
    const json_t *list;
    TRY(object_list(json, "fields", SCHEMA_FIELDS_MAX, &list, err));
    table->fields = calloc(json_array_size(list), sizeof *table->fields);
    if (!table->fields)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct schema_field *field = &table->fields[table->fields_count++];
        field->write_roles = table->write_roles;
        if (load_field(json_array_get(list, i), field, err) != STATUS_OK)
            return error_wrap(err, "field '%s'", field->name ? field->name : "?");
        table->has_attachments |= field->type == FIELD_ATTACHMENT;
        if (i > 0 && field[-1].number >= field->number)
            return error_set(err, STATUS_BAD_INPUT,
                             "field '%s' does not stand in the order of numbers", field->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(table->fields[j].name, field->name) == 0)
                return error_set(err, STATUS_BAD_INPUT, "field '%s' stands twice", field->name);
    }
    return STATUS_OK;
}

static enum status load_limit(const json_t *json, const char *key, uint32_t *limit,
                              struct error *err)
{
    static const struct number_range range = {1, INT32_MAX};
    int64_t number = 0;
    if (json_object_get(json, key))
        TRY(object_number(json, key, range, &number, err));
    *limit = (uint32_t)number;
    return STATUS_OK;
}

static enum status load_watch(const json_t *json, struct schema_watch *watch, struct error *err)
{
    static const char *const keys[] = {"alone", "by", "rows", "reads", "aside", NULL};
    TRY(object_check_keys(json, keys, err));
    TRY(load_limit(json, "alone", &watch->alone, err));
    TRY(load_limit(json, "rows", &watch->rows, err));
    TRY(load_limit(json, "reads", &watch->reads, err));
    TRY(load_limit(json, "aside", &watch->aside, err));
    if (watch->alone || json_object_get(json, "by"))
        TRY(load_roles(json, "by", &watch->by_roles, err));
    return STATUS_OK;
}

static enum status load_table(const json_t *json, struct schema_table *table, struct error *err)
{
    static const char *const keys[] = {"number", "name",    "zh",      "en",    "key",
                                       "scope",  "title",   "fields",  "write", "form",
                                       "reach",  "records", "subject", "same",  "watch",
                                       "follow", "moves",   "index",   NULL};
    static const struct number_range numbers = {TABLE_NUMBER_FIRST, TABLE_NUMBER_MAX};
    int64_t number;
    size_t reach = 0, records = 0;
    TRY(object_name(json, "name", &table->name, err));
    TRY(object_check_keys(json, keys, err));
    TRY(object_number(json, "number", numbers, &number, err));
    table->number = (uint16_t)number;
    TRY(load_label(json, &table->label, err));
    TRY(load_roles(json, "write", &table->write_roles, err));
    if (json_object_get(json, "reach"))
        TRY(object_word(json, "reach", reach_word, 2, &reach, err));
    table->reaches_below = reach == 1;
    TRY(object_flag(json, "follow", &table->follows, err));
    if (json_object_get(json, "records"))
        TRY(object_word(json, "records", records_word, 1, &records, err));
    table->records_access = json_object_get(json, "records") != NULL;
    if (json_object_get(json, "watch") &&
        load_watch(json_object_get(json, "watch"), &table->watch, err) != STATUS_OK)
        return error_wrap(err, "'%s'", "watch");
    return load_fields(json, table, err);
}

static enum status find_field(const struct schema_table *table, const json_t *name,
                              struct schema_field **field, struct error *err)
{
    const char *text = json_string_value(name);
    for (size_t i = 0; text && i < table->fields_count; i++)
        if (strcmp(table->fields[i].name, text) == 0) {
            *field = &table->fields[i];
            return STATUS_OK;
        }
    return error_set(err, STATUS_BAD_INPUT, "there is no field '%s'", text ? text : "?");
}

/* `key` of the table names one of its fields; 0 when it is absent. */
static enum status load_field_named(const json_t *json, const char *key,
                                    const struct schema_table *table, uint16_t *number,
                                    struct error *err)
{
    struct schema_field *field;
    const json_t *name = json_object_get(json, key);
    if (!name)
        return STATUS_OK;
    if (find_field(table, name, &field, err) != STATUS_OK)
        return error_wrap(err, "'%s'", key);
    *number = field->number;
    return STATUS_OK;
}

static enum status load_key(const json_t *json, struct schema_table *table, struct error *err)
{
    const json_t *list;
    TRY(object_list(json, "key", SCHEMA_KEY_MAX, &list, err));
    table->key_fields = calloc(json_array_size(list), sizeof *table->key_fields);
    if (!table->key_fields)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct schema_field *field;
        TRY(find_field(table, json_array_get(list, i), &field, err));
        if (field->in_key)
            return error_set(err, STATUS_BAD_INPUT, "field '%s' stands twice in 'key'",
                             field->name);
        field->in_key = true;
        table->key_fields[table->key_fields_count++] = field->number;
    }
    return STATUS_OK;
}

static enum status load_index(const json_t *names, struct schema_table *table, struct error *err)
{
    struct schema_index *index = &table->indexes[table->indexes_count];
    size_t count = json_array_size(names);
    if (!json_is_array(names) || count == 0 || count > SCHEMA_INDEX_FIELDS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a list", "index");
    for (size_t i = 0; i < count; i++) {
        struct schema_field *field;
        TRY(find_field(table, json_array_get(names, i), &field, err));
        index->fields[index->count++] = field->number;
    }
    table->indexes_count++;
    return STATUS_OK;
}

static enum status load_indexes(const json_t *json, struct schema_table *table, struct error *err)
{
    const json_t *list;
    TRY(object_list(json, "index", SCHEMA_INDEX_MAX, &list, err));
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(load_index(json_array_get(list, i), table, err));
    return STATUS_OK;
}

static enum status load_refs(const json_t *json, const struct schema *schema,
                             struct schema_field *field, struct error *err)
{
    const json_t *list;
    TRY(object_list(json, "refs", SCHEMA_TABLES_MAX, &list, err));
    field->ref_tables = calloc(json_array_size(list), sizeof *field->ref_tables);
    if (!field->ref_tables)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        const struct schema_table *table = name ? schema_table_named(schema, name) : NULL;
        if (!table)
            return error_set(err, STATUS_BAD_INPUT, "there is no table '%s'", name ? name : "?");
        for (size_t j = 0; j < i; j++)
            if (field->ref_tables[j] == table->number)
                return error_set(err, STATUS_BAD_INPUT, "table '%s' stands twice in 'refs'", name);
        field->ref_tables[field->ref_tables_count++] = table->number;
    }
    return STATUS_OK;
}

/* A group has the number of its first field, which also chooses what is shown. */
static enum status join_group(const json_t *fields, struct schema_table *table, size_t at,
                              struct error *err)
{
    struct schema_field *field = &table->fields[at];
    const json_t *json = json_array_get(fields, at);
    const json_t *group = json_object_get(json, "group");
    if (!group)
        return STATUS_OK;
    if (!json_is_string(group))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a text", "group");
    size_t first = 0;
    while (!json_equal(json_object_get(json_array_get(fields, first), "group"), group))
        first++;
    field->group = table->fields[first].number;
    if (!json_object_get(json, "show"))
        field->show = table->fields[first].show;
    return STATUS_OK;
}

/* What names other tables or fields, once all are there. */
static enum status link_table(const json_t *json, const struct schema *schema,
                              struct schema_table *table, struct error *err)
{
    const json_t *fields = json_object_get(json, "fields");
    if (json_object_get(json, "key"))
        TRY(load_key(json, table, err));
    if (json_object_get(json, "index"))
        TRY(load_indexes(json, table, err));
    TRY(load_field_named(json, "scope", table, &table->scope_field, err));
    TRY(load_field_named(json, "title", table, &table->title_field, err));
    TRY(load_field_named(json, "subject", table, &table->subject_field, err));
    for (size_t i = 0; i < table->fields_count; i++) {
        const json_t *field = json_array_get(fields, i);
        enum status status = join_group(fields, table, i, err);
        if (status == STATUS_OK && json_object_get(field, "refs"))
            status = load_refs(field, schema, &table->fields[i], err);
        if (status != STATUS_OK)
            return error_wrap(err, "field '%s'", table->fields[i].name);
    }
    if (json_object_get(json, "same"))
        TRY(schema_load_same(json_object_get(json, "same"), table, err));
    if (json_object_get(json, "moves"))
        TRY(schema_load_moves(json_object_get(json, "moves"), table, err));
    return schema_check_form(json, table, err);
}

static enum status load_tables(const json_t *list, struct schema *schema, struct error *err)
{
    size_t count = json_array_size(list);
    schema->tables = calloc(count, sizeof *schema->tables);
    if (!schema->tables)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        struct schema_table *table = &schema->tables[schema->tables_count++];
        if (load_table(json_array_get(list, i), table, err) != STATUS_OK)
            return error_wrap(err, "table '%s'", table->name ? table->name : "?");
        if (i > 0 && table[-1].number >= table->number)
            return error_set(err, STATUS_BAD_INPUT,
                             "table '%s' does not stand in the order of numbers", table->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(schema->tables[j].name, table->name) == 0)
                return error_set(err, STATUS_BAD_INPUT, "table '%s' stands twice", table->name);
    }
    for (size_t i = 0; i < count; i++)
        if (link_table(json_array_get(list, i), schema, &schema->tables[i], err) != STATUS_OK)
            return error_wrap(err, "table '%s'", schema->tables[i].name);
    return STATUS_OK;
}

static enum status load_root(const json_t *root, struct schema *schema, struct error *err)
{
    static const char *const keys[] = {"epoch", "tables", NULL};
    static const struct number_range epochs = {1, UINT32_MAX};
    const json_t *list;
    int64_t epoch;
    TRY(object_check_keys(root, keys, err));
    TRY(object_number(root, "epoch", epochs, &epoch, err));
    TRY(object_list(root, "tables", SCHEMA_TABLES_MAX, &list, err));
    schema->epoch = (uint32_t)epoch;
    TRY(load_tables(list, schema, err));
    return schema_check_rules(schema, err);
}

enum status schema_load(struct schema **out, struct bytes json, struct error *err)
{
    json_error_t fault;
    struct error own = {0}; /* error_wrap knows the status from it */
    *out = NULL;
    if (!err)
        err = &own;
    if (json.size > SCHEMA_TEXT_MAX)
        return error_set(err, STATUS_TOO_LARGE, "a schema has more than %d bytes", SCHEMA_TEXT_MAX);
    json_t *root;
    enum status status = json_read(&root, json, &fault, err);
    if (status == STATUS_NO_MEMORY)
        return status;
    if (status != STATUS_OK)
        return error_set(err, STATUS_BAD_INPUT, "the schema is not JSON: line %d: %s", fault.line,
                         fault.text);
    struct schema *schema = calloc(1, sizeof *schema);
    status = STATUS_NO_MEMORY;
    if (schema && (schema->text = malloc(json.size + 1))) {
        memcpy(schema->text, json.data, json.size);
        schema->text[json.size] = '\0';
        schema->text_size = json.size;
        status = load_root(root, schema, err);
    } else {
        error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    json_decref(root);
    if (status != STATUS_OK) {
        schema_free(schema);
        return status;
    }
    *out = schema;
    return STATUS_OK;
}
