/* Any bytes as a value, and as what a person typed, for every field of the built-in schema. */

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "common/schema.h"

#define PATH SOURCE_DIR "/schema/jinqiu.json"
#define TYPED_BYTES_MAX 4096

static const struct schema *built_in(void)
{
    static struct schema *schema;
    static char text[SCHEMA_TEXT_MAX];
    if (schema)
        return schema;
    FILE *file = fopen(PATH, "rb");
    assert(file);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    assert(schema_load(&schema, bytes_of(text, size), NULL) == STATUS_OK);
    return schema;
}

/* A value that passes is canonical, equals itself, and can be shown. */
static void try_value(const struct schema *schema, const struct schema_field *field,
                      struct bytes value)
{
    struct buffer text = {0};
    if (field_check(field, value, true, NULL) == STATUS_OK) {
        assert(pack_valid(value));
        assert(field_compare(field, value, value) == 0);
        assert(field_format(schema, field, value, &text) == STATUS_OK);
    } else {
        assert(field_check(field, value, false, NULL) != STATUS_OK);
    }
    buffer_release(&text);
}

/* What is understood can be shown, and typed again as shown. */
static void try_typed(const struct schema *schema, const struct schema_field *field,
                      const char *typed)
{
    struct buffer value = {0}, text = {0}, again = {0};
    if (field_parse(schema, field, typed, &value, NULL) == STATUS_OK) {
        assert(field_check_typed(field, buffer_bytes(&value), NULL) == STATUS_OK);
        assert(field_format(schema, field, buffer_bytes(&value), &text) == STATUS_OK);
        assert(buffer_append(&text, "", 1) == STATUS_OK);
        assert(field_parse(schema, field, (const char *)text.data, &again, NULL) == STATUS_OK);
        assert(bytes_equal(buffer_bytes(&value), buffer_bytes(&again)));
    } else {
        assert(value.size == 0);
    }
    buffer_release(&value);
    buffer_release(&text);
    buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char typed[TYPED_BYTES_MAX + 1];
    const struct schema *schema = built_in();
    size_t length = size < TYPED_BYTES_MAX ? size : TYPED_BYTES_MAX;
    if (length)
        memcpy(typed, data, length);
    typed[length] = '\0';
    for (size_t i = 0; i < schema->tables_count; i++)
        for (size_t j = 0; j < schema->tables[i].fields_count; j++) {
            const struct schema_field *field = &schema->tables[i].fields[j];
            try_value(schema, field, bytes_of(data, size));
            try_typed(schema, field, typed);
        }
    return 0;
}
