#include "common/report_sheet.h"

#include <stdlib.h>
#include <string.h>

#include "common/csv.h"
#include "common/grid.h"
#include "common/messages.h"
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
                                   codes_of(schema, json_string_value(json_array_get(entry, 3))),
                                   json_object_get(definition, "words"),
                                   false};
    }
    return count;
}

struct report_column *report_columns_of(const json_t *rows, size_t *count)
{
    json_t *first = json_array_get(rows, 0), *value;
    const char *name;
    size_t at = 0;
    *count = json_object_size(first);
    struct report_column *columns = calloc(*count + 1, sizeof *columns);
    if (!columns)
        return NULL;
    json_object_foreach(first, name, value) columns[at++] =
        (struct report_column){.name = name, .heading = {name, name}, .raw = true};
    return columns;
}

static const char *find_word(const json_t *words, const char *text, size_t size)
{
    size_t i;
    const json_t *word;
    json_array_foreach(words, i, word)
    {
        const char *zh = json_string_value(json_array_get(word, 0));
        if (strlen(zh) == size && memcmp(zh, text, size) == 0)
            return json_string_value(json_array_get(word, 1));
    }
    return NULL;
}

/* Words with blanks between them; *all false: there is another text among them. */
static enum status translate(const json_t *words, const char *text, struct buffer *out, bool *all)
{
    *all = *text != '\0';
    while (*all && *text) {
        size_t size = strcspn(text, " ");
        const char *word = find_word(words, text, size);
        *all = word != NULL;
        if (word && out->size > 0)
            TRY(buffer_append(out, ", ", 2));
        if (word)
            TRY(buffer_append_bytes(out, bytes_text(word)));
        text += size + strspn(text + size, " ");
    }
    TRY(buffer_append(out, "", 1));
    out->size--;
    return STATUS_OK;
}

enum status report_cell(const struct report_column *column, const json_t *value, struct buffer *out)
{
    const char *text = json_string_value(value);
    bool translated = false;
    buffer_clear(out);
    bool code = text && column->codes && field_code_rank(column->codes, bytes_text(text)) >= 0;
    if (text && !code && language_get() == LANGUAGE_EN)
        TRY(translate(column->words, text, out, &translated));
    return translated ? STATUS_OK : reading_text(column->codes, value, !column->raw, out);
}

/* ---- forms ---- */

static enum status csv_row(const json_t *row, const struct report_column *columns, size_t count,
                           struct buffer *line)
{
    struct buffer text = {0};
    enum status status = STATUS_OK;
    for (size_t c = 0; c < count && status == STATUS_OK; c++) {
        const json_t *value = row ? json_object_get(row, columns[c].name) : NULL;
        if (row)
            status = report_cell(&columns[c], value, &text);
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
    enum status status = count > 0 ? csv_row(NULL, columns, count, out) : STATUS_OK;
    for (size_t r = 0; r < json_array_size(rows) && status == STATUS_OK; r++)
        status = csv_row(json_array_get(rows, r), columns, count, out);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

static enum status add_heading(struct grid *grid, const struct report_column *columns)
{
    for (size_t c = 0; c < grid->columns; c++)
        TRY(grid_add(grid, cli_text(&columns[c].heading)));
    return STATUS_OK;
}

static enum status add_row(struct grid *grid, const json_t *row,
                           const struct report_column *columns)
{
    struct buffer text = {0};
    enum status status = STATUS_OK;
    for (size_t c = 0; c < grid->columns && status == STATUS_OK; c++) {
        status = report_cell(&columns[c], json_object_get(row, columns[c].name), &text);
        if (status == STATUS_OK)
            status = grid_add(grid, (const char *)text.data);
    }
    buffer_release(&text);
    return status;
}

static enum status print_table(const json_t *rows, const struct report_column *columns,
                               size_t count, struct error *err)
{
    struct grid grid = {.columns = count};
    enum status status = add_heading(&grid, columns);
    for (size_t r = 0; r < json_array_size(rows) && status == STATUS_OK; r++)
        status = add_row(&grid, json_array_get(rows, r), columns);
    if (status == STATUS_OK)
        grid_print(&grid, stdout);
    grid_release(&grid);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

static enum status print_csv(const json_t *rows, const struct report_column *columns, size_t count,
                             struct error *err)
{
    struct buffer text = {0};
    enum status status = report_csv(rows, columns, count, &text, err);
    if (status == STATUS_OK && text.size > 0)
        fwrite(text.data, 1, text.size, stdout);
    buffer_release(&text);
    return status;
}

enum status report_print(const struct cli *cli, json_t *rows, const struct report_column *columns,
                         size_t count, struct error *err)
{
    if (cli->json) {
        cli_print_json(cli, rows);
        return STATUS_OK;
    }
    enum status status =
        cli->csv ? print_csv(rows, columns, count, err) : print_table(rows, columns, count, err);
    json_decref(rows);
    return status;
}

static enum status put_cell(struct xlsx *xlsx, const struct report_column *column,
                            const json_t *value, struct error *err)
{
    struct buffer text = {0};
    if (!json_is_string(value))
        return reading_xlsx_cell(xlsx, column->codes, value, true, err);
    enum status status = report_cell(column, value, &text);
    status = status == STATUS_OK ? xlsx_text(xlsx, (const char *)text.data, false, err)
                                 : error_set(err, status, "out of memory");
    buffer_release(&text);
    return status;
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
            TRY(put_cell(xlsx, &columns[c], value, err));
        }
    }
    return STATUS_OK;
}
