#include "common/schema_rules.h"

#include <string.h>

/* ---- names that SQL keeps for itself ---- */

static enum status check_table_name(const struct schema_table *table, struct error *err)
{
    if (strncmp(table->name, "sqlite_", 7) == 0)
        return error_set(err, STATUS_BAD_INPUT, "a name must not begin with 'sqlite_'");
    return STATUS_OK;
}

static enum status check_field_name(const struct schema_table *table,
                                    const struct schema_field *field, struct error *err)
{
    static const char *const reserved[] = {"id", "oid", "rowid"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(field->name, reserved[i]) == 0)
            return error_set(err, STATUS_BAD_INPUT, "this name is kept for the row's id");
    /* Steps have a second column for their round. */
    for (size_t i = 0; i < table->fields_count; i++) {
        const struct schema_field *steps = &table->fields[i];
        size_t size = strlen(steps->name);
        if (steps->merge == MERGE_STEPS && strncmp(field->name, steps->name, size) == 0 &&
            strcmp(field->name + size, "_round") == 0)
            return error_set(err, STATUS_BAD_INPUT, "this name is kept for the rounds of '%s'",
                             steps->name);
    }
    return STATUS_OK;
}

/* ---- type, merge and show ---- */

/* Does "greater" mean something to a person? Of two ids the smaller one survives a merge. */
static bool is_ordered(enum field_type type)
{
    switch (type) {
    case FIELD_BOOL:
    case FIELD_INT:
    case FIELD_MONEY:
    case FIELD_DATE:
    case FIELD_DATETIME:
    case FIELD_MONTH:
    case FIELD_ENUM:
    case FIELD_REF:
        return true;
    case FIELD_TEXT:
    case FIELD_CODE:
    case FIELD_REF_ANY:
    case FIELD_PLACE:
    case FIELD_GEO:
    case FIELD_SEALED:
    case FIELD_BLOB:
    case FIELD_ATTACHMENT:
        break;
    }
    return false;
}

static bool merge_fits(enum merge_rule merge, enum field_type type)
{
    switch (merge) {
    case MERGE_STEPS:
        return type == FIELD_ENUM;
    case MERGE_MAX:
    case MERGE_MIN:
        return is_ordered(type);
    case MERGE_SET: /* elements are told apart by their bytes */
        return type != FIELD_GEO && type != FIELD_SEALED && type != FIELD_ATTACHMENT;
    case MERGE_COUNTER:
        return type == FIELD_INT || type == FIELD_MONEY;
    case MERGE_TEXT:
        return type == FIELD_TEXT;
    case MERGE_REGISTER:
    case MERGE_LATEST:
    case MERGE_APPEND:
        break;
    }
    return true;
}

static enum status check_merge(const struct schema_field *field, struct error *err)
{
    bool by_value = field->show == SHOW_HIGHEST || field->show == SHOW_LOWEST;
    bool leads = field->group == 0 || field->group == field->number;
    if (!merge_fits(field->merge, field->type))
        return error_set(err, STATUS_BAD_INPUT, "merge '%s' does not go with type '%s'",
                         merge_rule_name(field->merge), field_type_name(field->type));
    if (by_value && leads && !is_ordered(field->type))
        return error_set(err, STATUS_BAD_INPUT, "show '%s' does not go with type '%s'",
                         show_rule_name(field->show), field_type_name(field->type));
    if (field->has_min && field->has_max && field->min > field->max)
        return error_set(err, STATUS_BAD_INPUT, "'min' is above 'max'");
    return STATUS_OK;
}

static enum status check_type(const struct schema_field *field, struct error *err)
{
    if (field->type == FIELD_ENUM && field->codes_count == 0)
        return error_set(err, STATUS_BAD_INPUT, "an enum needs 'codes'");
    if (field->type == FIELD_REF && field->ref_tables_count != 1)
        return error_set(err, STATUS_BAD_INPUT, "a ref needs one table in 'refs'");
    return STATUS_OK;
}

/* What is compared, or said again with others, has to be read by all programs alike. */
static enum status check_seal(const struct schema_table *table, const struct schema_field *field,
                              struct error *err)
{
    if (field->type == FIELD_SEALED && field->seal_roles == 0)
        return error_set(err, STATUS_BAD_INPUT, "a sealed field needs the roles that read it");
    if (field->seal_roles == 0)
        return STATUS_OK;
    if (field->merge == MERGE_SET || field->in_key || field->group ||
        table->title_field == field->number || table->reaches_below)
        return error_set(err, STATUS_BAD_INPUT,
                         "it is a set, in a key, group or title, or read below: not to be sealed");
    return STATUS_OK;
}

/* ---- codes ---- */

/* What a person types must mean one code only. */
static const char *shared_text(const struct schema_code *a, const struct schema_code *b)
{
    const char *const of_a[] = {a->code, a->label.zh, a->label.en};
    const char *const of_b[] = {b->code, b->label.zh, b->label.en};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            if (strcmp(of_a[i], of_b[j]) == 0)
                return of_a[i];
    return NULL;
}

static enum status check_codes(const struct schema_field *field, struct error *err)
{
    for (size_t i = 1; i < field->codes_count; i++)
        for (size_t j = 0; j < i; j++) {
            const char *shared = shared_text(&field->codes[j], &field->codes[i]);
            if (shared)
                return error_set(err, STATUS_BAD_INPUT, "'%s' stands for two codes, '%s' and '%s'",
                                 shared, field->codes[j].code, field->codes[i].code);
        }
    return STATUS_OK;
}

/* ---- groups ---- */

/* A group is written, shown and settled as one: its fields must not pull apart. The first one
 * chooses what is shown. */
static enum status check_group(const struct schema_table *table, const struct schema_field *field,
                               struct error *err)
{
    const struct schema_field *first = table_field(table, field->group);
    size_t members = 0;
    if (field->group == 0)
        return STATUS_OK;
    for (size_t i = 0; i < table->fields_count; i++)
        members += table->fields[i].group == field->group;
    if (members < 2)
        return error_set(err, STATUS_BAD_INPUT, "it is alone in its group");
    if (field->merge != first->merge)
        return error_set(err, STATUS_BAD_INPUT, "it merges unlike '%s' of its group", first->name);
    if (field->show != first->show)
        return error_set(err, STATUS_BAD_INPUT, "it is shown unlike '%s' of its group",
                         first->name);
    if (field->write_roles != first->write_roles)
        return error_set(err, STATUS_BAD_INPUT, "other roles may write '%s' of its group",
                         first->name);
    if (field->merge != MERGE_REGISTER && field->merge != MERGE_LATEST &&
        field->merge != MERGE_APPEND)
        return error_set(err, STATUS_BAD_INPUT, "merge '%s' does not go with a group",
                         merge_rule_name(field->merge));
    return STATUS_OK;
}

/* ---- roles, keys, defaults ---- */

static enum status check_roles(const struct schema_table *table, const struct schema_field *field,
                               struct error *err)
{
    if (field->write_roles & ~table->write_roles)
        return error_set(err, STATUS_BAD_INPUT, "a role of its 'write' may not write the table");
    return STATUS_OK;
}

static enum status check_key(const struct schema_field *field, struct error *err)
{
    if (!field->in_key)
        return STATUS_OK;
    if (field->merge != MERGE_APPEND)
        return error_set(err, STATUS_BAD_INPUT, "it is in the key and must merge by 'append'");
    if (field->type == FIELD_SEALED || field->type == FIELD_GEO || field->type == FIELD_ATTACHMENT)
        return error_set(err, STATUS_BAD_INPUT, "type '%s' does not go with a key",
                         field_type_name(field->type));
    /* Who fills it in and who doesn't would make two rows of one thing. */
    if (field->default_text)
        return error_set(err, STATUS_BAD_INPUT, "it is in the key and takes no default");
    return STATUS_OK;
}

static bool default_is_word(const struct schema_field *field)
{
    switch (field->type) {
    case FIELD_DATETIME:
        return strcmp(field->default_text, "now") == 0;
    case FIELD_DATE:
    case FIELD_MONTH:
        return strcmp(field->default_text, "today") == 0;
    case FIELD_REF:
    case FIELD_REF_ANY:
        return strcmp(field->default_text, "me") == 0;
    default:
        return false;
    }
}

static enum status check_default(const struct schema *schema, const struct schema_field *field,
                                 struct error *err)
{
    struct buffer value = {0};
    if (!field->default_text || default_is_word(field))
        return STATUS_OK;
    enum status status = field_parse(schema, field, field->default_text, &value, err);
    buffer_release(&value);
    return status == STATUS_OK ? status : error_wrap(err, "default");
}

static enum status check_field(const struct schema *schema, const struct schema_table *table,
                               const struct schema_field *field, struct error *err)
{
    TRY(check_field_name(table, field, err));
    TRY(check_type(field, err));
    TRY(check_merge(field, err));
    TRY(check_codes(field, err));
    TRY(check_group(table, field, err));
    TRY(check_roles(table, field, err));
    TRY(check_key(field, err));
    TRY(check_seal(table, field, err));
    return check_default(schema, field, err);
}

static enum status check_table(const struct schema *schema, const struct schema_table *table,
                               struct error *err)
{
    TRY(check_table_name(table, err));
    for (size_t i = 0; i < table->fields_count; i++)
        if (check_field(schema, table, &table->fields[i], err) != STATUS_OK)
            return error_wrap(err, "field '%s'", table->fields[i].name);
    const struct schema_field *scope = table_field(table, table->scope_field);
    if (scope &&
        ((scope->type != FIELD_REF && scope->type != FIELD_REF_ANY) || scope->merge == MERGE_SET))
        return error_set(err, STATUS_BAD_INPUT, "'scope' names '%s', which is not a ref",
                         scope->name);
    if (table->follows && (!scope || table->reaches_below))
        return error_set(err, STATUS_BAD_INPUT, "'follow' needs a 'scope', and no reach below");
    const struct schema_field *subject = table_field(table, table->subject_field);
    if (subject && ((subject->type != FIELD_REF && subject->type != FIELD_REF_ANY) ||
                    subject->merge == MERGE_SET))
        return error_set(err, STATUS_BAD_INPUT, "'subject' names '%s', which is not a ref",
                         subject->name);
    return STATUS_OK;
}

enum status schema_check_rules(const struct schema *schema, struct error *err)
{
    for (size_t i = 0; i < schema->tables_count; i++)
        if (check_table(schema, &schema->tables[i], err) != STATUS_OK)
            return error_wrap(err, "table '%s'", schema->tables[i].name);
    return STATUS_OK;
}
