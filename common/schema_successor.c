/* What may change from one epoch of a schema to the next (docs/schema.md).
 *
 * An entry is judged by the schema of its own epoch, so rights may be given and taken
 * (docs/decisions/0004-judged-by-its-epoch.md). What it wrote is merged, shown and settled by the
 * newest schema: so numbers, types and rules stay, and codes, tables of a ref and ranges only grow.
 */

#include <string.h>

#include "common/schema.h"

/* The old codes in their old order; new ones may stand anywhere, for their rank is only compared.
 */
static enum status check_codes(const struct schema_field *old, const struct schema_field *next,
                               struct error *err)
{
    int last = -1;
    for (size_t i = 0; i < old->codes_count; i++) {
        int rank = field_code_rank(next, bytes_text(old->codes[i].code));
        if (rank < 0)
            return error_set(err, STATUS_BAD_INPUT, "it lost its code '%s'", old->codes[i].code);
        if (rank < last)
            return error_set(err, STATUS_BAD_INPUT, "its code '%s' has another place",
                             old->codes[i].code);
        last = rank;
    }
    return STATUS_OK;
}

static bool lists_table(const struct schema_field *field, uint16_t table)
{
    for (size_t i = 0; i < field->ref_tables_count; i++)
        if (field->ref_tables[i] == table)
            return true;
    return field->ref_tables_count == 0;
}

static bool refs_kept(const struct schema_field *old, const struct schema_field *next)
{
    for (size_t i = 0; i < old->ref_tables_count; i++)
        if (!lists_table(next, old->ref_tables[i]))
            return false;
    return old->ref_tables_count > 0 || next->ref_tables_count == 0;
}

static bool bounds_kept(const struct schema_field *old, const struct schema_field *next)
{
    if (next->has_min && (!old->has_min || next->min > old->min))
        return false;
    if (next->has_max && (!old->has_max || next->max < old->max))
        return false;
    return next->bytes_max >= old->bytes_max;
}

static enum status check_field(const struct schema_field *old, const struct schema_field *next,
                               struct error *err)
{
    if (!next)
        return error_set(err, STATUS_BAD_INPUT, "it is gone; a number is never given up");
    if (strcmp(old->name, next->name) != 0)
        return error_set(err, STATUS_BAD_INPUT, "it is called '%s' now", next->name);
    if (old->type != next->type)
        return error_set(err, STATUS_BAD_INPUT, "its type changed");
    if (old->merge != next->merge || old->show != next->show)
        return error_set(err, STATUS_BAD_INPUT, "its merge rule changed");
    if (old->group != next->group)
        return error_set(err, STATUS_BAD_INPUT, "its group changed");
    if (!refs_kept(old, next))
        return error_set(err, STATUS_BAD_INPUT, "it may no longer name the rows it could");
    if (!bounds_kept(old, next))
        return error_set(err, STATUS_BAD_INPUT, "its range is narrower");
    return check_codes(old, next, err);
}

/* Entries of the old epoch write a group whole as they know it. */
static enum status check_new_field(const struct schema_table *old, const struct schema_field *field,
                                   struct error *err)
{
    if (!table_field(old, field->number) && field->group && table_field(old, field->group))
        return error_set(err, STATUS_BAD_INPUT, "a group that exists takes no new field");
    return STATUS_OK;
}

static bool same_key(const struct schema_table *old, const struct schema_table *next)
{
    if (old->key_fields_count != next->key_fields_count)
        return false;
    for (size_t i = 0; i < old->key_fields_count; i++)
        if (old->key_fields[i] != next->key_fields[i])
            return false;
    return true;
}

static enum status check_table(const struct schema_table *old, const struct schema_table *next,
                               struct error *err)
{
    if (!next)
        return error_set(err, STATUS_BAD_INPUT, "it is gone; a number is never given up");
    if (strcmp(old->name, next->name) != 0)
        return error_set(err, STATUS_BAD_INPUT, "it is called '%s' now", next->name);
    if (!same_key(old, next))
        return error_set(err, STATUS_BAD_INPUT, "its key changed");
    if (old->reaches_below != next->reaches_below)
        return error_set(err, STATUS_BAD_INPUT, "its reach changed");
    for (size_t i = 0; i < old->fields_count; i++) {
        const struct schema_field *field = &old->fields[i];
        if (check_field(field, table_field(next, field->number), err) != STATUS_OK)
            return error_wrap(err, "field '%s'", field->name);
    }
    for (size_t i = 0; i < next->fields_count; i++)
        if (check_new_field(old, &next->fields[i], err) != STATUS_OK)
            return error_wrap(err, "field '%s'", next->fields[i].name);
    return STATUS_OK;
}

enum status schema_check_successor(const struct schema *old, const struct schema *next,
                                   struct error *err)
{
    if (old->epoch == UINT32_MAX || next->epoch != old->epoch + 1)
        return error_set(err, STATUS_BAD_INPUT, "epoch %u cannot follow epoch %u", next->epoch,
                         old->epoch);
    for (size_t i = 0; i < old->tables_count; i++) {
        const struct schema_table *table = &old->tables[i];
        if (check_table(table, schema_table(next, table->number), err) != STATUS_OK)
            return error_wrap(err, "table '%s'", table->name);
    }
    return STATUS_OK;
}
