/* Figures over the records, and what the reminders say, as the commands report and due have them
 * (common/report.h); as rows, or as a file for a spreadsheet or a printer. */

#include "api/api_read.h"

#include <stdio.h>
#include <string.h>

#include "common/report_sheet.h"
#include "paper/paper.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* ---- what is asked ---- */

enum status api_report_wish(struct api_call *call, struct report_wish *wish, struct error *err)
{
    return report_wish_fill(wish, call->replica, api_parameter(call, "from"),
                            api_parameter(call, "to"), api_parameter(call, "org"), err);
}

enum status api_with_book(struct api_call *call, api_book_step *step, struct error *err)
{
    struct report_book *book;
    TRY(report_book_open(&book, call->replica, err));
    enum status status = step(call, book, err);
    report_book_free(book);
    return status;
}

/* ---- files ---- */

/* A report that was asked, on its way into a file. */
struct sheet_wish {
    const json_t *definition, *rows;
    struct report_book *book;
    const struct report_question *question;
    struct report_column columns[REPORT_COLUMNS_MAX];
    size_t count;
};

static enum status make_csv(struct api_call *call, const struct sheet_wish *wish, struct error *err)
{
    TRY(buffer_append_bytes(&call->file, bytes_text(BYTE_ORDER_MARK)));
    return report_csv(wish->rows, wish->columns, wish->count, &call->file, err);
}

static enum status make_xlsx(struct api_call *call, const struct sheet_wish *wish,
                             struct error *err)
{
    struct xlsx *xlsx;
    TRY(xlsx_open_memory(&xlsx, call->parts[0], err));
    enum status status = report_xlsx(xlsx, wish->rows, wish->columns, wish->count, err);
    if (status == STATUS_OK)
        return xlsx_take(xlsx, &call->file, err);
    xlsx_abandon(xlsx);
    return status;
}

static enum status make_pdf(struct api_call *call, const struct sheet_wish *wish, struct error *err)
{
    struct paper_made made;
    struct paper_wish paper = {.paper = wish->definition,
                               .book = wish->book,
                               .replica = call->replica,
                               .question = *wish->question};
    return paper_report(&paper, wish->rows, &call->file, &made, err);
}

static const struct form {
    const char *name, *type;
    enum status (*make)(struct api_call *call, const struct sheet_wish *wish, struct error *err);
} forms[] = {
    {"csv", "text/csv; charset=utf-8", make_csv},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", make_xlsx},
    {"pdf", "application/pdf", make_pdf}};

static enum status find_form(const char *name, const struct form **form, struct error *err)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(name, forms[i].name) == 0) {
            *form = &forms[i];
            return STATUS_OK;
        }
    return error_set(err, STATUS_BAD_INPUT, "'%s' is not a form of file: csv, xlsx, pdf", name);
}

/* ---- the routes ---- */

static enum status list_reports(struct api_call *call, struct report_book *book, struct error *err)
{
    size_t i;
    json_t *report, *list = json_deep_copy(report_definitions(book));
    (void)err;
    /* The questions themselves are nobody's business on a page. */
    json_array_foreach(list, i, report)
    {
        json_object_del(report, "sql");
        json_object_del(report, "words");
    }
    call->answer = json_pack("{so}", "reports", list);
    return STATUS_OK;
}

enum status api_reports(struct api_call *call, struct error *err)
{
    return api_with_book(call, list_reports, err);
}

static enum status run(struct api_call *call, struct report_book *book, struct error *err)
{
    struct report_wish wish;
    json_t *rows = NULL;
    TRY(api_report_wish(call, &wish, err));
    TRY(report_run(book, call->parts[0], &wish.question, &rows, err));
    call->answer =
        json_pack("{so ss ss sb}", "rows", rows, "from", wish.from, "to", wish.to, "people",
                  report_names_people(report_definition(book, call->parts[0])));
    return STATUS_OK;
}

enum status api_report(struct api_call *call, struct error *err)
{
    return api_with_book(call, run, err);
}

/* A file with names is an export; figures are nobody's record. */
static enum status run_file(struct api_call *call, struct report_book *book, struct error *err)
{
    struct report_wish asked;
    const struct form *form = NULL;
    json_t *rows;
    TRY(find_form(call->parts[1], &form, err));
    TRY(api_report_wish(call, &asked, err));
    TRY(report_run(book, call->parts[0], &asked.question, &rows, err));
    struct sheet_wish wish = {.definition = report_definition(book, call->parts[0]),
                              .rows = rows,
                              .book = book,
                              .question = &asked.question};
    wish.count = report_columns(wish.definition, replica_schema(call->replica), wish.columns);
    enum status status = form->make(call, &wish, err);
    call->exported = json_array_size(rows);
    call->exports = call->exported > 0 && report_names_people(wish.definition);
    json_decref(rows);
    call->file_type = form->type;
    snprintf(call->file_name, sizeof call->file_name, "%s.%s", call->parts[0], form->name);
    return status;
}

enum status api_report_file(struct api_call *call, struct error *err)
{
    return api_with_book(call, run_file, err);
}

static enum status due(struct api_call *call, struct report_book *book, struct error *err)
{
    struct report_wish wish;
    json_t *rows = NULL;
    TRY(api_report_wish(call, &wish, err));
    TRY(report_due(book, &wish.question, &rows, err));
    call->answer = json_pack("{so}", "reminders", rows);
    return STATUS_OK;
}

enum status api_reminders(struct api_call *call, struct error *err)
{
    return api_with_book(call, due, err);
}
