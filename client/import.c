#include "client/import.h"

#include <stdlib.h>
#include <string.h>

#include "client/import_batch.h"
#include "common/reading_print.h"
#include "common/view.h"

#define ERRORS_MAX 1000 /* told; after so many the rest isn't checked */

enum column_kind { COLUMN_FIELD, COLUMN_ID, COLUMN_ORG, COLUMN_IGNORED };

struct column {
    enum column_kind kind;
    const struct schema_field *field;
};

struct import {
    struct replica *replica;
    const struct schema_table *table;
    const struct sheet *sheet;
    const struct import_options *options;
    struct column columns[CSV_CELLS_MAX];
    json_t *shown;      /* the known row of this id as it is; NULL: none */
    struct buffer text; /* of one of its fields */
    struct imported *made;
    struct import_batch *batch;
};

/* ---- the heading ---- */

static const struct schema_field *find_field(const struct schema_table *table, const char *name)
{
    const struct schema_field *field = table_field_named(table, name);
    for (size_t i = 0; !field && i < table->fields_count; i++)
        if (strcmp(table->fields[i].label.zh, name) == 0 ||
            strcmp(table->fields[i].label.en, name) == 0)
            field = &table->fields[i];
    return field;
}

static bool column_taken(const struct import *import, size_t before, const struct column *column)
{
    for (size_t i = 0; i < before; i++)
        if (import->columns[i].kind == column->kind && import->columns[i].field == column->field &&
            column->kind != COLUMN_IGNORED)
            return true;
    return false;
}

static enum status read_column(struct import *import, size_t index, struct error *err)
{
    const char *heading = import->sheet->heading.cells[index];
    const json_t *mapped = json_object_get(import->options->map, heading);
    const char *name = mapped ? json_string_value(mapped) : heading;
    struct column *column = &import->columns[index];
    if (mapped && !name) { /* null: leave this column out */
        column->kind = COLUMN_IGNORED;
        return STATUS_OK;
    }
    column->kind = strcmp(name, "id") == 0     ? COLUMN_ID
                   : strcmp(name, "_org") == 0 ? COLUMN_ORG
                                               : COLUMN_FIELD;
    column->field = column->kind == COLUMN_FIELD ? find_field(import->table, name) : NULL;
    if (column->kind == COLUMN_FIELD && !column->field)
        return error_set(err, STATUS_NOT_FOUND, "table '%s' has no field '%s'", import->table->name,
                         name);
    if (column_taken(import, index, column))
        return error_set(err, STATUS_BAD_INPUT, "field '%s' is given twice", name);
    return STATUS_OK;
}

static enum status read_heading(struct import *import, struct error *err)
{
    struct error why = {0};
    for (size_t i = 0; i < import->sheet->heading.count; i++)
        if (read_column(import, i, &why) != STATUS_OK)
            TRY(import_batch_fault(import->batch, import->sheet->heading.number,
                                   import->sheet->heading.cells[i], &why, err));
    return STATUS_OK;
}

/* ---- one row ---- */

/* Looks the row up that a cell `id` names; unknown ones are new. */
static enum status find_shown(struct import *import, const char *id, struct error *err)
{
    json_decref(import->shown);
    import->shown = NULL;
    if (!id)
        return STATUS_OK;
    enum status status = view_row(import->replica, import->table->name, id, &import->shown, err);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* A cell that says what is shown anyway changes nothing, and settles no conflict by accident. */
static enum status is_shown(struct import *import, const struct schema_field *field,
                            const char *cell, bool *same, struct error *err)
{
    const json_t *value = json_object_get(import->shown, field->name);
    *same = false;
    if (!import->shown)
        return STATUS_OK;
    if (reading_text(field, value, false, &import->text) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    *same = strcmp((const char *)import->text.data, cell) == 0;
    return STATUS_OK;
}

static const char *cell_of(const struct import *import, const struct sheet_row *row,
                           enum column_kind kind)
{
    for (size_t i = 0; i < row->count && i < import->sheet->heading.count; i++)
        if (import->columns[i].kind == kind && *row->cells[i])
            return row->cells[i];
    return NULL;
}

/* Id and org; *column names the cell at fault. */
static enum status place_edit(struct import *import, const struct sheet_row *row, struct edit *edit,
                              const char **column, struct error *err)
{
    const char *id = cell_of(import, row, COLUMN_ID), *org = cell_of(import, row, COLUMN_ORG);
    *column = "id";
    TRY(find_shown(import, id, err));
    bool known = import->shown != NULL;
    TRY(edit_start(edit, import->replica, known ? CHANGE_SET : CHANGE_ADD, import->table->name,
                   err));
    if (id)
        TRY(edit_row(edit, id, err));
    *column = "_org";
    if (!org)
        org = import->options->org;
    return org && !known ? edit_org(edit, org, err) : STATUS_OK;
}

static enum status fill_cell(struct import *import, const struct column *at, const char *cell,
                             struct edit *edit, struct error *err)
{
    bool same, counts = at->field &&
                        (at->field->merge == MERGE_STEPS || at->field->merge == MERGE_COUNTER);
    bool silent = !*cell && (counts || edit->change.kind == CHANGE_ADD);
    if (at->kind != COLUMN_FIELD || silent)
        return STATUS_OK;
    TRY(is_shown(import, at->field, cell, &same, err));
    return same ? STATUS_OK : edit_text(edit, at->field, EDIT_ASSIGN, cell, err);
}

/* Every cell at fault is told; then *faulty, and the row is not saved. */
static enum status fill_edit(struct import *import, const struct sheet_row *row, struct edit *edit,
                             bool *faulty, struct error *err)
{
    const struct sheet_row *heading = &import->sheet->heading;
    *faulty = false;
    for (size_t i = 0; i < heading->count && i < row->count; i++) {
        struct error why = {0};
        enum status status = fill_cell(import, &import->columns[i], row->cells[i], edit, &why);
        if (status == STATUS_OK)
            continue;
        if (import_is_fatal(status)) {
            *err = why;
            return status;
        }
        TRY(import_batch_fault(import->batch, row->number, heading->cells[i], &why, err));
        *faulty = true;
    }
    if (row->count > heading->count)
        return error_set(err, STATUS_BAD_INPUT, "more cells than headings");
    return *faulty ? STATUS_OK : edit_finish(edit, err);
}

static enum status read_row(struct import *import, const struct sheet_row *row, const char **column,
                            bool *faulty, struct error *err)
{
    struct edit *edit = import_batch_next(import->batch);
    TRY(place_edit(import, row, edit, column, err));
    *column = "";
    return fill_edit(import, row, edit, faulty, err);
}

static enum status import_row(struct import *import, const struct sheet_row *row,
                              const char **column, struct error *err)
{
    bool faulty;
    TRY(read_row(import, row, column, &faulty, err));
    if (!faulty && import_batch_has(import->batch, &import_batch_next(import->batch)->change.id)) {
        TRY(import_batch_save(import->batch, err));
        TRY(read_row(import, row, column, &faulty, err));
    }
    return faulty ? STATUS_OK : import_batch_keep(import->batch, row->number, err);
}

static enum status import_rows(struct import *import, struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < import->sheet->count && status == STATUS_OK; i++) {
        struct error why = {0};
        const char *column = "";
        const struct import_options *options = import->options;
        import->made->cancelled = options->go_on && !options->go_on(options->context, i);
        if (import->made->cancelled || json_array_size(import->made->errors) >= ERRORS_MAX)
            break;
        status = import_row(import, &import->sheet->rows[i], &column, &why);
        if (status != STATUS_OK && import_is_fatal(status))
            *err = why;
        else if (status != STATUS_OK)
            status =
                import_batch_fault(import->batch, import->sheet->rows[i].number, column, &why, err);
    }
    return status == STATUS_OK ? import_batch_save(import->batch, err) : status;
}

/* ---- the whole ---- */

/* What each column was taken for, for who has to say it otherwise. */
static json_t *columns_json(const struct import *import)
{
    json_t *list = json_array();
    for (size_t i = 0; i < import->sheet->heading.count; i++) {
        const struct column *column = &import->columns[i];
        const char *name = column->kind == COLUMN_ID    ? "id"
                           : column->kind == COLUMN_ORG ? "_org"
                           : column->field              ? column->field->name
                                                        : NULL;
        json_array_append_new(
            list, json_pack("{ss ss?}", "heading", import->sheet->heading.cells[i], "field", name));
    }
    return list;
}

static enum status run(struct import *import, struct error *err)
{
    TRY(view_table(import->replica, import->options->table, &import->table, err));
    TRY(read_heading(import, err));
    import->made->columns = columns_json(import);
    return json_array_size(import->made->errors) == 0 ? import_rows(import, err) : STATUS_OK;
}

enum status import_sheet(struct replica *replica, const struct sheet *sheet,
                         const struct import_options *options, struct imported *made,
                         struct error *err)
{
    struct import *import = calloc(1, sizeof *import);
    *made = (struct imported){.errors = json_array()};
    if (!import)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    import->replica = replica;
    import->sheet = sheet;
    import->options = options;
    import->made = made;
    import->batch = import_batch_new(replica, made->errors);
    enum status status =
        import->batch ? run(import, err) : error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (import->batch) {
        made->added = import->batch->added;
        made->changed = import->batch->changed;
        made->same = import->batch->same;
    }
    import_batch_free(import->batch);
    json_decref(import->shown);
    buffer_release(&import->text);
    free(import);
    return status;
}

void imported_release(struct imported *made)
{
    json_decref(made->errors);
    json_decref(made->columns);
    *made = (struct imported){0};
}

json_t *imported_json(const struct imported *made)
{
    bool none = made->cancelled || json_array_size(made->errors) > 0;
    return json_pack("{sI sI sI sO}", "added", (json_int_t)(none ? 0 : made->added), "changed",
                     (json_int_t)(none ? 0 : made->changed), "same",
                     (json_int_t)(none ? 0 : made->same), "errors", made->errors);
}
