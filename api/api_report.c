/* Figures over the records, and what the reminders say, as the commands report and due have them
 * (common/report.h); as rows, or as a file for a spreadsheet. */

#include "api/api_read.h"

#include <stdio.h>
#include <string.h>

#include "common/report_sheet.h"
#include "common/report_wish.h"
#include "common/view.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* ---- what is asked ---- */

static enum status read_wish(struct api_call *call, struct report_wish *wish, struct error *err)
{
    return report_wish_fill(wish, call->replica, api_parameter(call, "from"),
                            api_parameter(call, "to"), api_parameter(call, "org"), err);
}

/* ---- files ---- */

static enum status make_xlsx(struct api_call *call, const json_t *rows,
                             const struct report_column *columns, size_t count, struct error *err)
{
    struct xlsx *xlsx;
    TRY(xlsx_open_memory(&xlsx, call->parts[0], err));
    enum status status = report_xlsx(xlsx, rows, columns, count, err);
    if (status == STATUS_OK)
        return xlsx_take(xlsx, &call->file, err);
    xlsx_abandon(xlsx);
    return status;
}

static enum status make_csv(struct api_call *call, const json_t *rows,
                            const struct report_column *columns, size_t count, struct error *err)
{
    TRY(buffer_append_bytes(&call->file, bytes_text(BYTE_ORDER_MARK)));
    return report_csv(rows, columns, count, &call->file, err);
}

static enum status make_file(struct api_call *call, const char *form, const json_t *rows,
                             const json_t *definition, struct error *err)
{
    struct report_column columns[REPORT_COLUMNS_MAX];
    size_t count = report_columns(definition, replica_schema(call->replica), columns);
    bool csv = strcmp(form, "csv") == 0;
    if (!csv && strcmp(form, "xlsx") != 0)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a form of file: csv, xlsx", form);
    call->file_type = csv ? "text/csv; charset=utf-8"
                          : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    snprintf(call->file_name, sizeof call->file_name, "%s.%s",
             json_string_value(json_object_get(definition, "name")), csv ? "csv" : "xlsx");
    return csv ? make_csv(call, rows, columns, count, err)
               : make_xlsx(call, rows, columns, count, err);
}

/* ---- the routes ---- */

enum status api_reports(struct api_call *call, struct error *err)
{
    struct report_book *book;
    size_t i;
    json_t *report;
    TRY(report_book_open(&book, call->replica, err));
    json_t *list = json_deep_copy(report_definitions(book));
    report_book_free(book);
    /* The questions themselves are nobody's business on a page. */
    json_array_foreach(list, i, report)
    {
        json_object_del(report, "sql");
        json_object_del(report, "words");
    }
    call->answer = json_pack("{so}", "reports", list);
    return STATUS_OK;
}

static enum status run(struct api_call *call, struct report_book *book, struct error *err)
{
    struct report_wish wish;
    json_t *rows = NULL;
    TRY(read_wish(call, &wish, err));
    TRY(report_run(book, call->parts[0], &wish.question, &rows, err));
    call->answer =
        json_pack("{so ss ss sb}", "rows", rows, "from", wish.from, "to", wish.to, "people",
                  report_names_people(report_definition(book, call->parts[0])));
    return STATUS_OK;
}

static enum status run_file(struct api_call *call, struct report_book *book, struct error *err)
{
    TRY(run(call, book, err));
    return make_file(call, call->parts[1], json_object_get(call->answer, "rows"),
                     report_definition(book, call->parts[0]), err);
}

static enum status with_book(struct api_call *call,
                             enum status (*step)(struct api_call *call, struct report_book *book,
                                                 struct error *err),
                             struct error *err)
{
    struct report_book *book;
    TRY(report_book_open(&book, call->replica, err));
    enum status status = step(call, book, err);
    report_book_free(book);
    return status;
}

enum status api_report(struct api_call *call, struct error *err)
{
    return with_book(call, run, err);
}

enum status api_report_file(struct api_call *call, struct error *err)
{
    return with_book(call, run_file, err);
}

enum status api_reminders(struct api_call *call, struct error *err)
{
    struct report_wish wish;
    struct report_book *book;
    json_t *rows = NULL;
    TRY(read_wish(call, &wish, err));
    TRY(report_book_open(&book, call->replica, err));
    enum status status = report_due(book, &wish.question, &rows, err);
    report_book_free(book);
    if (status == STATUS_OK)
        call->answer = json_pack("{so}", "reminders", rows);
    return status;
}
