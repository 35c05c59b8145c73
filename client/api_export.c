/* The rows of a list as a file for a spreadsheet. It is noted who carried away what, before the
 * answer leaves, and asked whether one person may carry so much (common/consent.h). */

#include <stdio.h>
#include <stdlib.h>

#include "client/api.h"
#include "common/consent.h"
#include "common/freshness.h"
#include "common/reading_print.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static enum status write_rows(struct api_call *call, struct reading_sheet *sheet, struct error *err)
{
    struct api_query asked;
    TRY(view_table(call->replica, call->parts[0], &sheet->table, err));
    TRY(api_read_query(call, &asked, err));
    asked.query.limit = 0;
    TRY(view_list(call->replica, &asked.query, reading_row, sheet, err));
    return reading_sheet_end(sheet, err);
}

static enum status write_file(struct api_call *call, uint64_t *rows, struct error *err)
{
    char *text = NULL;
    size_t size = 0;
    struct reading_sheet sheet = {.form = READING_CSV,
                                  .mark = BYTE_ORDER_MARK,
                                  .labels = true,
                                  .out = open_memstream(&text, &size)};
    if (!sheet.out)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status = view_begin(call->replica, err);
    if (status == STATUS_OK) {
        status = write_rows(call, &sheet, err);
        view_end(call->replica);
    }
    bool whole = fclose(sheet.out) == 0;
    if (status == STATUS_OK && (!whole || buffer_append(&call->file, text, size) != STATUS_OK))
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    *rows = sheet.rows;
    reading_sheet_release(&sheet);
    free(text);
    return status;
}

enum status api_export(struct api_call *call, struct error *err)
{
    uint64_t rows = 0;
    const char *purpose;
    TRY(api_text(call, "purpose", true, &purpose, err));
    TRY(freshness_check(call->replica, err));
    TRY(write_file(call, &rows, err));
    struct access access = {
        .action = "export", .table = call->parts[0], .rows = rows, .purpose = purpose};
    TRY(consent_export(call->replica, &access, err));
    call->file_type = "text/csv; charset=utf-8";
    return STATUS_OK;
}
