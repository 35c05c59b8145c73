/* import: a CSV or XLSX file into one table, whole or not at all.
 *
 * All rows are saved in one transaction, so that every rule of saving checks them; errors are
 * collected with row and column, and any of them (or --dry-run) rolls the transaction back. A row
 * with an `id` that is known changes that row, as does one whose natural key is known; others are
 * new. An empty cell of a known row empties the field; of a new one it says nothing. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command.h"
#include "client/edit.h"
#include "client/sheet.h"
#include "common/reading_print.h"
#include "common/view.h"

#define ERRORS_MAX 1000 /* told; after so many the rest isn't checked */

enum column_kind { COLUMN_FIELD, COLUMN_ID, COLUMN_ORG, COLUMN_IGNORED };

struct column {
    enum column_kind kind;
    const struct schema_field *field;
};

struct import {
    struct cli *cli;
    struct replica *replica;
    const struct schema_table *table;
    struct sheet sheet;
    json_t *map;
    struct column columns[CSV_CELLS_MAX];
    json_t *shown;      /* the known row of this id as it is; NULL: none */
    struct buffer text; /* of one of its fields */
    uint64_t added, changed, same;
    json_t *errors;
    bool dry_run;
};

static enum status note_error(struct import *import, uint64_t row, const char *column,
                              const struct error *why, struct error *err)
{
    json_t *item =
        json_pack("{sI ss ss}", "row", (json_int_t)row, "column", column, "message", why->text);
    if (!item || json_array_append_new(import->errors, item) != 0)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

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
    const char *heading = import->sheet.heading.cells[index];
    const json_t *mapped = json_object_get(import->map, heading);
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
    for (size_t i = 0; i < import->sheet.heading.count; i++)
        if (read_column(import, i, &why) != STATUS_OK)
            TRY(note_error(import, import->sheet.heading.number, import->sheet.heading.cells[i],
                           &why, err));
    return STATUS_OK;
}

static enum status read_map(struct import *import, struct error *err)
{
    json_error_t problem;
    const char *file = cli_value(import->cli, "--map");
    if (!file)
        return STATUS_OK;
    import->map = json_load_file(file, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(import->map))
        return error_set(err, STATUS_BAD_INPUT, "'%.120s' is not a JSON object: %.80s", file,
                         import->map ? "" : problem.text);
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
    for (size_t i = 0; i < row->count && i < import->sheet.heading.count; i++)
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
        org = cli_value(import->cli, "--org");
    return org && !known ? edit_org(edit, org, err) : STATUS_OK;
}

static enum status fill_edit(struct import *import, const struct sheet_row *row, struct edit *edit,
                             const char **column, struct error *err)
{
    size_t columns = import->sheet.heading.count;
    bool same;
    for (size_t i = 0; i < columns && i < row->count; i++) {
        const struct column *at = &import->columns[i];
        if (at->kind != COLUMN_FIELD || (edit->change.kind == CHANGE_ADD && !*row->cells[i]))
            continue;
        bool counts = at->field->merge == MERGE_STEPS || at->field->merge == MERGE_COUNTER;
        if (counts && !*row->cells[i])
            continue;
        *column = import->sheet.heading.cells[i];
        TRY(is_shown(import, at->field, row->cells[i], &same, err));
        if (same)
            continue;
        TRY(edit_text(edit, at->field, EDIT_ASSIGN, row->cells[i], err));
    }
    *column = "";
    if (row->count > columns)
        return error_set(err, STATUS_BAD_INPUT, "more cells than headings");
    return edit_finish(edit, err);
}

static enum status import_row(struct import *import, const struct sheet_row *row, struct edit *edit,
                              const char **column, struct error *err)
{
    struct saved saved;
    size_t entries, failed;
    TRY(place_edit(import, row, edit, column, err));
    TRY(fill_edit(import, row, edit, column, err));
    bool known = edit->change.kind == CHANGE_SET || edit->row_exists;
    TRY(replica_save(import->replica, &edit->change, 1, &saved, &entries, &failed, err));
    if (!known)
        import->added++;
    else if (entries > 0)
        import->changed++;
    else
        import->same++;
    return STATUS_OK;
}

static bool is_fatal(enum status status)
{
    return status == STATUS_NO_MEMORY || status == STATUS_STORAGE || status == STATUS_DISK_FULL ||
           status == STATUS_BUSY || status == STATUS_NEWER;
}

static enum status import_rows(struct import *import, struct error *err)
{
    struct edit edit = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < import->sheet.count && status == STATUS_OK; i++) {
        struct error why = {0};
        const char *column = "";
        if (json_array_size(import->errors) >= ERRORS_MAX)
            break;
        status = import_row(import, &import->sheet.rows[i], &edit, &column, &why);
        if (status != STATUS_OK && is_fatal(status))
            *err = why;
        else if (status != STATUS_OK)
            status = note_error(import, import->sheet.rows[i].number, column, &why, err);
    }
    edit_release(&edit);
    return status;
}

/* ---- the whole ---- */

static enum status import_file(struct import *import, struct error *err)
{
    const char *file = import->cli->arguments[1];
    TRY(read_map(import, err));
    TRY(sheet_read(&import->sheet, file, err));
    TRY(import->cli->program->open(import->cli, false, &import->replica, err));
    TRY(replica_begin(import->replica, err));
    enum status status =
        view_table(import->replica, import->cli->arguments[0], &import->table, err);
    if (status == STATUS_OK)
        status = read_heading(import, err);
    if (status == STATUS_OK && json_array_size(import->errors) == 0)
        status = import_rows(import, err);
    if (status != STATUS_OK || json_array_size(import->errors) > 0 || import->dry_run)
        replica_rollback(import->replica);
    else
        status = replica_commit(import->replica, err);
    return status;
}

static int tell_result(struct import *import)
{
    struct cli *cli = import->cli;
    size_t errors = json_array_size(import->errors);
    for (size_t i = 0; i < errors; i++) {
        const json_t *item = json_array_get(import->errors, i);
        cli_say(cli, "row %lld, column '%s': %s",
                (long long)json_integer_value(json_object_get(item, "row")),
                json_string_value(json_object_get(item, "column")),
                json_string_value(json_object_get(item, "message")));
    }
    if (errors > 0)
        cli_say(cli, "nothing was imported");
    else
        cli_say(cli,
                import->dry_run ? "%llu rows would be added, %llu changed, %llu are the same"
                                : "%llu rows added, %llu changed, %llu are the same",
                (unsigned long long)import->added, (unsigned long long)import->changed,
                (unsigned long long)import->same);
    if (cli->json) {
        bool none = errors > 0;
        cli_print_json(cli,
                       json_pack("{sI sI sI sO}", "added", (json_int_t)(none ? 0 : import->added),
                                 "changed", (json_int_t)(none ? 0 : import->changed), "same",
                                 (json_int_t)(none ? 0 : import->same), "errors", import->errors));
    }
    return errors > 0 ? CLI_FAILED : CLI_DONE;
}

int command_import(struct cli *cli)
{
    struct error err = {0};
    struct import *import = calloc(1, sizeof *import);
    if (!import) {
        error_set(&err, STATUS_NO_MEMORY, "out of memory");
        return cli_fail(cli, &err);
    }
    import->cli = cli;
    import->errors = json_array();
    import->dry_run = cli_has(cli, "--dry-run");
    enum status status = import_file(import, &err);
    replica_close(import->replica);
    int code = status == STATUS_OK ? tell_result(import) : cli_fail(cli, &err);
    sheet_release(&import->sheet);
    json_decref(import->errors);
    json_decref(import->shown);
    json_decref(import->map);
    buffer_release(&import->text);
    free(import);
    return code;
}
