/* The rows of a list as a file for a spreadsheet or a map; and what holds for every file with
 * records in it: it is noted who carried away what, before the answer leaves, and asked whether one
 * person may carry so much (common/consent.h). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/api.h"
#include "common/consent.h"
#include "common/freshness.h"
#include "common/reading_print.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static const struct form {
    const char *name, *type;
    enum reading_form form;
} forms[] = {
    {"csv", "text/csv; charset=utf-8", READING_CSV},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", READING_XLSX},
    {"geojson", "application/geo+json", READING_GEOJSON}};

static enum status out_of_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* ---- rows ---- */

static enum status write_rows(struct api_call *call, struct reading_sheet *sheet, struct error *err)
{
    struct api_query asked;
    TRY(api_read_query(call, &asked, err));
    asked.query.limit = 0;
    TRY(view_list(call->replica, &asked.query, reading_row, sheet, err));
    return reading_sheet_end(sheet, err);
}

static enum status write_text(struct api_call *call, struct reading_sheet *sheet, struct error *err)
{
    char *text = NULL;
    size_t size = 0;
    sheet->out = open_memstream(&text, &size);
    if (!sheet->out)
        return out_of_memory(err);
    enum status status = write_rows(call, sheet, err);
    bool whole = fclose(sheet->out) == 0;
    if (status == STATUS_OK && (!whole || buffer_append(&call->file, text, size) != STATUS_OK))
        status = out_of_memory(err);
    free(text);
    return status;
}

static enum status write_xlsx(struct api_call *call, struct reading_sheet *sheet, struct error *err)
{
    TRY(xlsx_open_memory(&sheet->xlsx, view_label(&sheet->table->label), err));
    enum status status = write_rows(call, sheet, err);
    if (status == STATUS_OK)
        return xlsx_take(sheet->xlsx, &call->file, err);
    xlsx_abandon(sheet->xlsx);
    return status;
}

static enum status write_file(struct api_call *call, const struct form *form, struct error *err)
{
    struct reading_sheet sheet = {.form = form->form, .mark = BYTE_ORDER_MARK, .labels = true};
    enum status status = view_table(call->replica, call->parts[0], &sheet.table, err);
    if (status == STATUS_OK && form->form == READING_GEOJSON)
        status = reading_geo_check(sheet.table, err);
    if (status == STATUS_OK)
        status = form->form == READING_XLSX ? write_xlsx(call, &sheet, err)
                                            : write_text(call, &sheet, err);
    call->exported = sheet.rows;
    reading_sheet_release(&sheet);
    return status;
}

static enum status find_form(const char *name, const struct form **form, struct error *err)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(name ? name : "csv", forms[i].name) == 0) {
            *form = &forms[i];
            return STATUS_OK;
        }
    return error_set(err, STATUS_BAD_INPUT, "'%s' is not a form of file: csv, xlsx, geojson", name);
}

enum status api_export(struct api_call *call, struct error *err)
{
    const char *name;
    const struct form *form = NULL;
    TRY(api_text(call, "form", true, &name, err));
    TRY(find_form(name, &form, err));
    TRY(write_file(call, form, err));
    call->exports = true;
    call->file_type = form->type;
    return STATUS_OK;
}

/* ---- every file ---- */

enum status api_note_export(struct api_call *call, struct error *err)
{
    const char *purpose;
    TRY(api_text(call, "purpose", true, &purpose, err));
    TRY(freshness_check(call->replica, err));
    struct access access = {.action = "export",
                            .table = call->parts[0],
                            .rows = call->exported,
                            .purpose = purpose ? purpose : api_parameter(call, "purpose")};
    return consent_export(call->replica, &access, err);
}
