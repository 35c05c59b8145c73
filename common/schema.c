#include "common/schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/pack.h"

static const char *const role_names[] = {
    [ROLE_VOLUNTEER] = "volunteer", [ROLE_SECRETARY] = "secretary", [ROLE_CLERK] = "clerk",
    [ROLE_BUREAU] = "bureau",       [ROLE_AUDITOR] = "auditor",     [ROLE_HUB] = "hub",
};

static const char *const type_names[FIELD_TYPES_COUNT] = {
    [FIELD_TEXT] = "text",       [FIELD_BOOL] = "bool",
    [FIELD_INT] = "int",         [FIELD_MONEY] = "money",
    [FIELD_DATE] = "date",       [FIELD_DATETIME] = "datetime",
    [FIELD_MONTH] = "month",     [FIELD_ENUM] = "enum",
    [FIELD_CODE] = "code",       [FIELD_REF] = "ref",
    [FIELD_REF_ANY] = "ref_any", [FIELD_PLACE] = "place",
    [FIELD_GEO] = "geo",         [FIELD_SEALED] = "sealed",
    [FIELD_BLOB] = "blob",       [FIELD_ATTACHMENT] = "attachment",
};

static const char *const merge_names[MERGE_RULES_COUNT] = {
    [MERGE_REGISTER] = "register", [MERGE_LATEST] = "latest", [MERGE_STEPS] = "steps",
    [MERGE_MAX] = "max",           [MERGE_MIN] = "min",       [MERGE_SET] = "set",
    [MERGE_COUNTER] = "counter",   [MERGE_APPEND] = "append", [MERGE_TEXT] = "text",
};

static const char *const show_names[SHOW_RULES_COUNT] = {
    [SHOW_LATEST] = "latest",
    [SHOW_EARLIEST] = "earliest",
    [SHOW_HIGHEST] = "highest",
    [SHOW_LOWEST] = "lowest",
};

const char *role_name(enum role role)
{
    if (role < ROLE_VOLUNTEER || role > ROLE_HUB)
        return "?";
    return role_names[role];
}

bool role_parse(const char *name, enum role *role)
{
    for (enum role at = ROLE_VOLUNTEER; at <= ROLE_HUB; at++)
        if (strcmp(role_names[at], name) == 0) {
            *role = at;
            return true;
        }
    return false;
}

const char *field_type_name(enum field_type type)
{
    assert(type < FIELD_TYPES_COUNT);
    return type_names[type];
}

const char *merge_rule_name(enum merge_rule merge)
{
    assert(merge < MERGE_RULES_COUNT);
    return merge_names[merge];
}

const char *show_rule_name(enum show_rule show)
{
    assert(show < SHOW_RULES_COUNT);
    return show_names[show];
}

static void label_release(struct label *label)
{
    free(label->zh);
    free(label->en);
}

static void field_release(struct schema_field *field)
{
    for (size_t i = 0; i < field->codes_count; i++) {
        free(field->codes[i].code);
        label_release(&field->codes[i].label);
    }
    free(field->codes);
    free(field->ref_tables);
    free(field->default_text);
    free(field->name);
    label_release(&field->label);
}

static void table_release(struct schema_table *table)
{
    for (size_t i = 0; i < table->fields_count; i++)
        field_release(&table->fields[i]);
    free(table->fields);
    free(table->key_fields);
    free(table->name);
    label_release(&table->label);
}

void schema_free(struct schema *schema)
{
    if (!schema)
        return;
    for (size_t i = 0; i < schema->tables_count; i++)
        table_release(&schema->tables[i]);
    free(schema->tables);
    free(schema->text);
    free(schema);
}

static int table_by_number(const void *table, const void *wanted)
{
    uint32_t a = ((const struct schema_table *)table)->number, b = *(const uint32_t *)wanted;
    return (a > b) - (a < b);
}

const struct schema_table *schema_table(const struct schema *schema, uint32_t number)
{
    const struct schema_table *tables = schema->tables;
    size_t at = array_place(tables, schema->tables_count, sizeof *tables, &number, table_by_number);
    return at < schema->tables_count && tables[at].number == number ? &tables[at] : NULL;
}

const struct schema_table *schema_table_named(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->tables_count; i++)
        if (strcmp(schema->tables[i].name, name) == 0)
            return &schema->tables[i];
    return NULL;
}

static int field_by_number(const void *field, const void *wanted)
{
    uint32_t a = ((const struct schema_field *)field)->number, b = *(const uint32_t *)wanted;
    return (a > b) - (a < b);
}

const struct schema_field *table_field(const struct schema_table *table, uint32_t number)
{
    const struct schema_field *fields = table->fields;
    size_t at = array_place(fields, table->fields_count, sizeof *fields, &number, field_by_number);
    return at < table->fields_count && fields[at].number == number ? &fields[at] : NULL;
}

const struct schema_field *table_field_named(const struct schema_table *table, const char *name)
{
    for (size_t i = 0; i < table->fields_count; i++)
        if (strcmp(table->fields[i].name, name) == 0)
            return &table->fields[i];
    return NULL;
}

int field_code_rank(const struct schema_field *field, struct bytes code)
{
    for (size_t i = 0; i < field->codes_count; i++)
        if (bytes_equal(bytes_text(field->codes[i].code), code))
            return (int)i;
    return -1;
}

static enum status pack_key(const struct schema_table *table, const struct bytes *values,
                            struct buffer *key, struct error *err)
{
    TRY(pack_array(key, (uint32_t)table->key_fields_count));
    for (size_t i = 0; i < table->key_fields_count; i++) {
        const struct schema_field *field = table_field(table, table->key_fields[i]);
        assert(field);
        if (values[i].size == 0) {
            TRY(pack_nil(key));
            continue;
        }
        TRY(field_check(field, values[i], true, err));
        TRY(buffer_append_bytes(key, values[i]));
    }
    return STATUS_OK;
}

enum status table_natural_id(const struct schema_table *table, const struct bytes *values,
                             struct id *id, struct error *err)
{
    assert(table->key_fields_count > 0);
    struct buffer key = {0};
    enum status status = pack_key(table, values, &key, err);
    if (status == STATUS_OK)
        *id = id_natural(table->number, buffer_bytes(&key));
    buffer_release(&key);
    if (status == STATUS_NO_MEMORY)
        return error_set(err, status, "out of memory");
    return status;
}
