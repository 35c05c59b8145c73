#include "tests/support/small_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bytes json_of(char *text)
{
    for (char *at = text; *at; at++)
        if (*at == '\'')
            *at = '"';
    return bytes_text(text);
}

struct bytes thing_json(char out[JSON_MAX], int epoch, const char *fields, const char *tables)
{
    int size = snprintf(out, JSON_MAX,
                        "{'epoch': %d, 'tables': ["
                        "{'number': 16, 'name': 'thing', 'zh': '物', 'en': 'thing',"
                        " 'write': ['volunteer', 'clerk'], 'fields': ["
                        "{'number': 1, 'name': 'name', 'zh': '名', 'en': 'name', 'type': 'text',"
                        " 'merge': 'register'}%s]}%s]}",
                        epoch, fields, tables);
    assert_true(size > 0 && size < JSON_MAX);
    return json_of(out);
}

struct schema *schema_of(struct bytes json)
{
    struct error err = {0};
    struct schema *schema;
    if (schema_load(&schema, json, &err) != STATUS_OK)
        fail_msg("%s", err.text);
    return schema;
}

struct schema *schema_of_file(const char *path)
{
    static char text[SCHEMA_TEXT_MAX];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    return schema_of(bytes_of(text, size));
}

const struct schema_field *field_of(const struct schema *schema, const char *table,
                                    const char *field)
{
    const struct schema_table *found = schema_table_named(schema, table);
    assert_non_null(found);
    const struct schema_field *there = table_field_named(found, field);
    if (!there)
        fail_msg("no field %s.%s", table, field);
    return there;
}

void mark_table(char out[JSON_MAX], const char *rest)
{
    snprintf(out, JSON_MAX,
             ", {'number': 17, 'name': 'mark', 'zh': '标', 'en': 'mark', 'write': ['clerk'],"
             " 'fields': ["
             "{'number': 1, 'name': 'of', 'zh': '物', 'en': 'of', 'type': 'ref',"
             " 'refs': ['thing'], 'merge': 'append'},"
             "{'number': 2, 'name': 'word', 'zh': '字', 'en': 'word', 'type': 'text',"
             " 'merge': 'append'},"
             "{'number': 3, 'name': 'level', 'zh': '级', 'en': 'level', 'type': 'int',"
             " 'merge': 'register'},"
             "{'number': 4, 'name': 'spot', 'zh': '点', 'en': 'spot', 'type': 'geo',"
             " 'merge': 'append'},"
             "{'number': 5, 'name': 'day', 'zh': '日', 'en': 'day', 'type': 'date',"
             " 'merge': 'append', 'default': 'today'}]%s}",
             rest);
}
