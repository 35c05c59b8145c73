#include "common/report_sheet.h"

#include <string.h>

#include "common/csv.h"
#include "common/reading_print.h"

static const struct schema_field *codes_of(const struct schema *schema, const char *text)
{
    char table[80];
    const char *dot = text ? strchr(text, '.') : NULL;
    if (!dot || !schema || (size_t)(dot - text) >= sizeof table)
        return NULL;
    memcpy(table, text, (size_t)(dot - text));
    table[dot - text] = '\0';
    const struct schema_table *found = schema_table_named(schema, table);
    return found ? table_field_named(found, dot + 1) : NULL;
}

size_t report_columns(const json_t *definition, const struct schema *schema,
                      struct report_column columns[REPORT_COLUMNS_MAX])
{
    size_t i, count = 0;
    const json_t *entry;
    json_array_foreach(json_object_get(definition, "columns"), i, entry)
    {
        if (count == REPORT_COLUMNS_MAX)
            break;
        columns[count++] =
            (struct report_column){json_string_value(json_array_get(entry, 0)),
                                   {json_string_value(json_array_get(entry, 2)),
                                    json_string_value(json_array_get(entry, 1))},
                                   codes_of(schema, json_string_value(json_array_get(entry, 3)))};
    }
    return count;
}

static enum status csv_row(const json_t *row, const struct report_column *columns, size_t count,
                           struct buffer *line)
{
    struct buffer text = {0};
    enum status status = STATUS_OK;
    for (size_t c = 0; c < count && status == STATUS_OK; c++) {
        const json_t *value = row ? json_object_get(row, columns[c].name) : NULL;
        if (row)
            status = reading_text(columns[c].codes, value, true, &text);
        struct bytes cell = row ? buffer_bytes(&text) : bytes_text(cli_text(&columns[c].heading));
        if (status == STATUS_OK)
            status = json_is_string(value) ? csv_put_guarded(line, cell, c == 0)
                                           : csv_put(line, cell, c == 0);
    }
    buffer_release(&text);
    return status == STATUS_OK ? csv_put_end(line) : status;
}

bool report_names_people(const json_t *definition)
{
    const json_t *column;
    size_t i;
    json_array_foreach(json_object_get(definition, "columns"), i, column)
    {
        const char *name = json_string_value(json_array_get(column, 0));
        if (name && strcmp(name, "person") == 0)
            return true;
    }
    return false;
}

enum status report_csv(const json_t *rows, const struct report_column *columns, size_t count,
                       struct buffer *out, struct error *err)
{
    enum status status = csv_row(NULL, columns, count, out);
    for (size_t r = 0; r < json_array_size(rows) && status == STATUS_OK; r++)
        status = csv_row(json_array_get(rows, r), columns, count, out);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

enum status report_xlsx(struct xlsx *xlsx, const json_t *rows, const struct report_column *columns,
                        size_t count, struct error *err)
{
    for (size_t c = 0; c < count; c++)
        TRY(xlsx_text(xlsx, cli_text(&columns[c].heading), true, err));
    for (size_t r = 0; r < json_array_size(rows); r++) {
        TRY(xlsx_next_row(xlsx, err));
        for (size_t c = 0; c < count; c++) {
            const json_t *value = json_object_get(json_array_get(rows, r), columns[c].name);
            TRY(reading_xlsx_cell(xlsx, columns[c].codes, value, true, err));
        }
    }
    return STATUS_OK;
}
