/* A schema of any bytes: refused with a sentence, or usable in every part. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/schema.h"

/* What loading promises about a field. */
static void use_field(const struct schema *schema, const struct schema_table *table,
                      const struct schema_field *field)
{
    struct buffer value = {0}, text = {0};
    assert(field->number >= 1 && field->number <= FIELD_NUMBER_MAX);
    assert(table_field(table, field->number) == field);
    assert(table_field_named(table, field->name) == field);
    assert(!field->group || table_field(table, field->group)->merge == field->merge);
    for (size_t i = 0; i < field->ref_tables_count; i++)
        assert(schema_table(schema, field->ref_tables[i]));
    for (size_t i = 0; i < field->codes_count; i++) {
        struct bytes code = bytes_text(field->codes[i].code);
        assert(field_code_rank(field, code) == (int)i);
        value.size = text.size = 0;
        assert(field_parse(schema, field, field->codes[i].label.zh, &value, NULL) == STATUS_OK);
        assert(field_format(schema, field, buffer_bytes(&value), &text) == STATUS_OK);
        assert(bytes_equal(buffer_bytes(&text), code));
    }
    buffer_release(&value);
    buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct schema *schema;
    struct error err = {0};
    if (schema_load(&schema, bytes_of(data, size), &err) != STATUS_OK) {
        assert(!schema && err.status != STATUS_OK && err.text[0]);
        return 0;
    }
    assert(schema->text_size == size && memcmp(schema->text, data, size) == 0);
    for (size_t i = 0; i < schema->tables_count; i++) {
        const struct schema_table *table = &schema->tables[i];
        assert(schema_table(schema, table->number) == table);
        assert(schema_table_named(schema, table->name) == table);
        for (size_t j = 0; j < table->key_fields_count; j++)
            assert(table_field(table, table->key_fields[j])->in_key);
        for (size_t j = 0; j < table->fields_count; j++)
            use_field(schema, table, &table->fields[j]);
    }
    /* The next epoch of the same is always allowed. */
    if (schema->epoch < UINT32_MAX) {
        struct schema next = *schema;
        next.epoch++;
        assert(schema_check_successor(schema, &next, &err) == STATUS_OK);
    }
    schema_free(schema);
    return 0;
}
