/* Rows for a map: GeoJSON, RFC 7946. */

#include <stdlib.h>
#include <string.h>

#include "common/reading_print.h"

static bool is_place(const struct schema_field *field)
{
    return field->type == FIELD_GEO || field->type == FIELD_PLACE;
}

enum status reading_geo_check(const struct schema_table *table, struct error *err)
{
    for (size_t i = 0; i < table->fields_count; i++)
        if (is_place(&table->fields[i]))
            return STATUS_OK;
    return error_set(err, STATUS_USAGE, "table '%s' has neither a map point nor a place",
                     table->name);
}

/* "22.8170000,108.3660000" is latitude and longitude; a point has them the other way round. */
static json_t *point_of(const char *text)
{
    const char *comma = text ? strchr(text, ',') : NULL;
    if (!comma)
        return NULL;
    return json_pack("{ss s[ff]}", "type", "Point", "coordinates", strtod(comma + 1, NULL),
                     strtod(text, NULL));
}

json_t *reading_feature(const struct schema_table *table, const json_t *row)
{
    json_t *point = NULL, *properties = json_object();
    const char *key;
    const json_t *value;
    json_object_foreach((json_t *)(uintptr_t)row, key, value)
    {
        const struct schema_field *field = table_field_named(table, key);
        if (!point && field && field->type == FIELD_GEO)
            point = point_of(json_string_value(value));
        if (strcmp(key, "id") != 0)
            json_object_set(properties, key, (json_t *)(uintptr_t)value);
    }
    return json_pack("{ss sO? so? so}", "type", "Feature", "id", json_object_get(row, "id"),
                     "geometry", point, "properties", properties);
}
