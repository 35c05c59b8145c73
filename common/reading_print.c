#include "common/reading_print.h"

#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/csv.h"
#include "common/messages.h"

#define GEOJSON_HEAD "{\"type\":\"FeatureCollection\",\"features\":["

static const struct cli_text yes_word = {"yes", "是"};
static const struct cli_text no_word = {"no", "否"};
static const struct cli_text conflict_word = {"conflicts", "冲突"};
static const struct cli_text org_word = {"org", "所属组织"};
static const struct cli_text deleted_word = {"deleted", "已删除"};
static const struct cli_text moved_word = {"moved to", "已转往"};

/* ---- values ---- */

static enum status put_text(struct buffer *out, const char *text)
{
    return buffer_append_bytes(out, bytes_text(text));
}

static const char *code_label(const struct schema_field *field, const char *code)
{
    size_t size = strcspn(code, "#"); /* "code#2": a step of round 2 */
    int rank = field_code_rank(field, bytes_of(code, size));
    return rank < 0 ? NULL : view_label(&field->codes[rank].label);
}

static enum status put_string(const struct schema_field *field, const char *text, bool people,
                              struct buffer *out)
{
    const char *label = people && field && field->codes_count ? code_label(field, text) : NULL;
    if (!label)
        return put_text(out, text);
    TRY(put_text(out, label));
    return put_text(out, text + strcspn(text, "#"));
}

static enum status put_element(const struct schema_field *field, const char *text, bool people,
                               struct buffer *out)
{
    if (people)
        return put_string(field, text, people, out);
    for (; *text; text++) {
        if (*text == ',' || *text == '\\')
            TRY(buffer_append(out, "\\", 1));
        TRY(buffer_append(out, text, 1));
    }
    return STATUS_OK;
}

static enum status put_elements(const struct schema_field *field, const json_t *list, bool people,
                                struct buffer *out)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (i > 0)
            TRY(put_text(out, ","));
        if (text)
            TRY(put_element(field, text, people, out));
    }
    return STATUS_OK;
}

/* What a set's entry in the history did: "+a,b -c". */
static enum status put_change(const struct schema_field *field, const json_t *change, bool people,
                              struct buffer *out)
{
    const json_t *added = json_object_get(change, "added");
    const json_t *removed = json_object_get(change, "removed");
    if (json_array_size(added) > 0) {
        TRY(put_text(out, "+"));
        TRY(put_elements(field, added, people, out));
    }
    if (json_array_size(removed) > 0) {
        TRY(put_text(out, json_array_size(added) > 0 ? " -" : "-"));
        TRY(put_elements(field, removed, people, out));
    }
    return STATUS_OK;
}

static enum status put_value(const struct schema_field *field, const json_t *value, bool people,
                             struct buffer *out)
{
    char number[32];
    switch (json_typeof(value)) {
    case JSON_STRING:
        return put_string(field, json_string_value(value), people, out);
    case JSON_INTEGER:
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return put_text(out, number);
    case JSON_REAL:
        snprintf(number, sizeof number, "%.10g", json_real_value(value));
        return put_text(out, number);
    case JSON_TRUE:
        return put_text(out, people ? cli_text(&yes_word) : "true");
    case JSON_FALSE:
        return put_text(out, people ? cli_text(&no_word) : "false");
    case JSON_ARRAY:
        return put_elements(field, value, people, out);
    case JSON_OBJECT:
        return put_change(field, value, people, out);
    default:
        return STATUS_OK;
    }
}

enum status reading_text(const struct schema_field *field, const json_t *value, bool people,
                         struct buffer *out)
{
    buffer_clear(out);
    if (value)
        TRY(put_value(field, value, people, out));
    TRY(buffer_append(out, "", 1));
    out->size--;
    return STATUS_OK;
}

/* ---- sheets ---- */

/* Numbers can't be formulas, and a guard would make texts of them. */
static bool needs_guard(const struct schema_field *field)
{
    return field->merge == MERGE_SET || field->type == FIELD_TEXT || field->type == FIELD_PLACE ||
           field->type == FIELD_CODE || field->type == FIELD_ENUM;
}

static enum status csv_heading(struct reading_sheet *sheet, struct buffer *line)
{
    if (sheet->mark)
        TRY(buffer_append_bytes(line, bytes_text(sheet->mark)));
    TRY(csv_put(line, bytes_text("id"), true));
    for (size_t i = 0; i < sheet->table->fields_count; i++) {
        const struct schema_field *field = &sheet->table->fields[i];
        TRY(csv_put(line, bytes_text(sheet->labels ? view_label(&field->label) : field->name),
                    false));
    }
    TRY(csv_put(line, bytes_text("_org"), false));
    return csv_put_end(line);
}

static enum status csv_line(struct reading_sheet *sheet, const json_t *row, struct buffer *line)
{
    TRY(csv_put(line, bytes_text(json_string_value(json_object_get(row, "id"))), true));
    for (size_t i = 0; i < sheet->table->fields_count; i++) {
        const struct schema_field *field = &sheet->table->fields[i];
        TRY(reading_text(field, json_object_get(row, field->name), false, &sheet->text));
        TRY(needs_guard(field) ? csv_put_guarded(line, buffer_bytes(&sheet->text), false)
                               : csv_put(line, buffer_bytes(&sheet->text), false));
    }
    TRY(csv_put(line, bytes_text(json_string_value(json_object_get(row, "_org"))), false));
    return csv_put_end(line);
}

static enum status print_csv(struct reading_sheet *sheet, const json_t *row)
{
    struct buffer line = {0};
    enum status status = sheet->rows == 0 ? csv_heading(sheet, &line) : STATUS_OK;
    if (status == STATUS_OK && row)
        status = csv_line(sheet, row, &line);
    if (status == STATUS_OK)
        fwrite(line.data, 1, line.size, sheet->out);
    buffer_release(&line);
    return status;
}

static enum status xlsx_heading(struct reading_sheet *sheet, struct error *err)
{
    TRY(xlsx_text(sheet->xlsx, "id", true, err));
    for (size_t i = 0; i < sheet->table->fields_count; i++) {
        const struct schema_field *field = &sheet->table->fields[i];
        TRY(xlsx_text(sheet->xlsx, sheet->labels ? view_label(&field->label) : field->name, true,
                      err));
    }
    return xlsx_text(sheet->xlsx, "_org", true, err);
}

/* A spreadsheet counts in doubles: what they don't hold exactly goes as a text. */
enum status reading_xlsx_cell(struct xlsx *xlsx, const struct schema_field *field,
                              const json_t *value, bool people, struct error *err)
{
    static const json_int_t exact = 1000000000000000;
    struct buffer text = {0};
    if (json_is_integer(value) && json_integer_value(value) < exact &&
        json_integer_value(value) > -exact)
        return xlsx_number(xlsx, (double)json_integer_value(value), 0, err);
    if (json_is_real(value))
        return xlsx_number(xlsx, json_real_value(value), 2, err);
    if (field && field->type == FIELD_MONEY && json_is_string(value) &&
        json_string_length(value) < 14)
        return xlsx_number(xlsx, strtod(json_string_value(value), NULL), 2, err);
    enum status status = reading_text(field, value, people, &text);
    status = status == STATUS_OK ? xlsx_text(xlsx, (const char *)text.data, false, err)
                                 : error_set(err, status, "out of memory");
    buffer_release(&text);
    return status;
}

static enum status xlsx_line(struct reading_sheet *sheet, const json_t *row, struct error *err)
{
    if (sheet->rows == 0)
        TRY(xlsx_heading(sheet, err));
    if (!row)
        return STATUS_OK;
    TRY(xlsx_next_row(sheet->xlsx, err));
    TRY(reading_xlsx_cell(sheet->xlsx, NULL, json_object_get(row, "id"), false, err));
    for (size_t i = 0; i < sheet->table->fields_count; i++) {
        const struct schema_field *field = &sheet->table->fields[i];
        TRY(reading_xlsx_cell(sheet->xlsx, field, json_object_get(row, field->name), sheet->labels,
                              err));
    }
    return reading_xlsx_cell(sheet->xlsx, NULL, json_object_get(row, "_org"), false, err);
}

static enum status grid_heading(struct reading_sheet *sheet)
{
    sheet->grid.columns = sheet->table->fields_count + 2;
    TRY(grid_add(&sheet->grid, "id"));
    for (size_t i = 0; i < sheet->table->fields_count; i++)
        TRY(grid_add(&sheet->grid, view_label(&sheet->table->fields[i].label)));
    return grid_add(&sheet->grid, cli_text(&conflict_word));
}

static enum status grid_line(struct reading_sheet *sheet, const json_t *row)
{
    if (sheet->rows == 0)
        TRY(grid_heading(sheet));
    TRY(grid_add(&sheet->grid, json_string_value(json_object_get(row, "id"))));
    for (size_t i = 0; i < sheet->table->fields_count; i++) {
        const struct schema_field *field = &sheet->table->fields[i];
        TRY(reading_text(field, json_object_get(row, field->name), true, &sheet->text));
        TRY(grid_add(&sheet->grid, (const char *)sheet->text.data));
    }
    TRY(reading_text(NULL, json_object_get(row, "_conflicts"), true, &sheet->text));
    return grid_add(&sheet->grid, (const char *)sheet->text.data);
}

static enum status dump_row(struct reading_sheet *sheet, const json_t *row)
{
    static const size_t decimals = JSON_REAL_PRECISION(10);
    bool geo = sheet->form == READING_GEOJSON;
    json_t *feature = geo ? reading_feature(sheet->table, row) : NULL;
    if (geo && !feature)
        return STATUS_NO_MEMORY;
    fputs(sheet->rows > 0 ? ",\n" : geo ? GEOJSON_HEAD : "[", sheet->out);
    int code = json_dumpf(geo ? feature : row, sheet->out, JSON_COMPACT | decimals);
    json_decref(feature);
    return code == 0 ? STATUS_OK : STATUS_STORAGE;
}

enum status reading_row(void *context, json_t *row, struct error *err)
{
    struct reading_sheet *sheet = context;
    enum status status = STATUS_OK;
    if (sheet->form == READING_JSON || sheet->form == READING_GEOJSON) {
        status = dump_row(sheet, row);
    } else if (sheet->form == READING_CSV) {
        status = print_csv(sheet, row);
    } else if (sheet->form == READING_XLSX) {
        TRY(xlsx_line(sheet, row, err));
    } else {
        status = grid_line(sheet, row);
    }
    sheet->rows++;
    if (status == STATUS_OK)
        return STATUS_OK;
    return status == STATUS_STORAGE
               ? error_set(err, status, "cannot write the rows of table '%s'", sheet->table->name)
               : error_set(err, status, "out of memory");
}

enum status reading_sheet_end(struct reading_sheet *sheet, struct error *err)
{
    if (sheet->form == READING_JSON)
        fputs(sheet->rows == 0 ? "[]\n" : "]\n", sheet->out);
    else if (sheet->form == READING_GEOJSON)
        fputs(sheet->rows == 0 ? GEOJSON_HEAD "]}\n" : "]}\n", sheet->out);
    else if (sheet->form == READING_CSV && sheet->rows == 0 && print_csv(sheet, NULL) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    else if (sheet->form == READING_XLSX && sheet->rows == 0)
        return xlsx_line(sheet, NULL, err);
    else if (sheet->form == READING_TABLE)
        grid_print(&sheet->grid, sheet->out);
    return STATUS_OK;
}

void reading_sheet_release(struct reading_sheet *sheet)
{
    buffer_release(&sheet->text);
    grid_release(&sheet->grid);
}

/* ---- objects ---- */

static const struct schema_field *field_of(const json_t *object, const struct schema_table *table)
{
    const char *name = json_string_value(json_object_get(object, "field"));
    return name && table ? table_field_named(table, name) : NULL;
}

enum status reading_objects(const json_t *list, const struct reading_column *columns,
                            const struct schema_table *table, struct error *err)
{
    struct grid grid = {0};
    struct buffer text = {0};
    enum status status = STATUS_OK;
    for (; columns[grid.columns].key && status == STATUS_OK; grid.columns++)
        status = grid_add(&grid, cli_text(&columns[grid.columns].heading));
    for (size_t i = 0; i < json_array_size(list) && status == STATUS_OK; i++) {
        const json_t *object = json_array_get(list, i);
        for (size_t c = 0; c < grid.columns && status == STATUS_OK; c++) {
            const json_t *value = json_object_get(object, columns[c].key);
            bool is_value = strcmp(columns[c].key, "value") == 0;
            status = reading_text(is_value ? field_of(object, table) : NULL, value, true, &text);
            if (status == STATUS_OK)
                status = grid_add(&grid, (const char *)text.data);
        }
    }
    if (status == STATUS_OK && json_array_size(list) > 0)
        grid_print(&grid, stdout);
    grid_release(&grid);
    buffer_release(&text);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

static enum status add_pair(struct grid *grid, const char *label, const char *text)
{
    TRY(grid_add(grid, label));
    return grid_add(grid, text);
}

static enum status add_fields(struct grid *grid, const struct schema_table *table,
                              const json_t *row, struct buffer *text)
{
    for (size_t i = 0; i < table->fields_count; i++) {
        const struct schema_field *field = &table->fields[i];
        const json_t *value = json_object_get(row, field->name);
        TRY(reading_text(field, value, true, text));
        if (text->size > 0)
            TRY(add_pair(grid, view_label(&field->label), (const char *)text->data));
    }
    TRY(reading_text(NULL, json_object_get(row, "_conflicts"), true, text));
    if (text->size > 0)
        TRY(add_pair(grid, cli_text(&conflict_word), (const char *)text->data));
    if (json_object_get(row, "_deleted"))
        TRY(add_pair(grid, cli_text(&deleted_word), cli_text(&yes_word)));
    const char *moved = json_string_value(json_object_get(row, "_moved"));
    if (moved)
        TRY(add_pair(grid, cli_text(&moved_word), moved));
    return STATUS_OK;
}

enum status reading_list(const struct cli *cli, json_t *list, const struct reading_column *columns,
                         struct error *err)
{
    if (cli->json) {
        cli_print_json(cli, list);
        return STATUS_OK;
    }
    enum status status = reading_objects(list, columns, NULL, err);
    json_decref(list);
    return status;
}

enum status reading_one(struct replica *replica, const struct schema_table *table,
                        const json_t *row, struct error *err)
{
    struct grid grid = {.columns = 2};
    struct buffer text = {0};
    const struct org *org;
    const char *org_id = json_string_value(json_object_get(row, "_org"));
    enum status status = add_pair(&grid, "id", json_string_value(json_object_get(row, "id")));
    if (status == STATUS_OK)
        status = add_fields(&grid, table, row, &text);
    if (status == STATUS_OK) {
        bool known = view_org(replica, org_id, &org, NULL) == STATUS_OK;
        status = add_pair(&grid, cli_text(&org_word), known ? org->name : org_id);
    }
    if (status == STATUS_OK)
        grid_print(&grid, stdout);
    grid_release(&grid);
    buffer_release(&text);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

int reading_run(struct cli *cli, reading_step *step)
{
    struct error err = {0};
    struct replica *replica = NULL;
    int code = CLI_DONE;
    enum status status = cli->program->open(cli, true, &replica, &err);
    if (status == STATUS_OK)
        status = view_begin(replica, &err);
    if (status == STATUS_OK) {
        status = step(cli, replica, &code, &err);
        view_end(replica);
    }
    replica_close(replica);
    return status == STATUS_OK ? code : cli_fail(cli, &err);
}
