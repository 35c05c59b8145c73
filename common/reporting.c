#include "common/reporting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/messages.h"
#include "common/mutant.h"
#include "common/reading_print.h"
#include "common/report_sheet.h"
#include "common/report_wish.h"
#include "common/watching.h"

/* ---- the period ---- */

static enum status wish_fill(struct report_wish *wish, const struct cli *cli,
                             struct replica *replica, struct error *err)
{
    return report_wish_fill(wish, replica, cli_value(cli, "--from"), cli_value(cli, "--to"),
                            cli_value(cli, "--org"), err);
}

/* ---- printing ---- */

static enum status save_xlsx(const char *file, const char *name, const json_t *rows,
                             const struct report_column *columns, size_t count, struct error *err)
{
    struct xlsx *xlsx;
    TRY(xlsx_open(&xlsx, file, name, err));
    enum status status = report_xlsx(xlsx, rows, columns, count, err);
    if (status == STATUS_OK)
        return xlsx_save(xlsx, err);
    xlsx_abandon(xlsx);
    return status;
}

/* Takes the rows. */
static enum status print(struct cli *cli, json_t *rows, const json_t *definition,
                         const struct schema *schema, struct error *err)
{
    struct report_column columns[REPORT_COLUMNS_MAX];
    const char *file = cli_value(cli, "--xlsx");
    size_t count = report_columns(definition, schema, columns);
    if (!file)
        return report_print(cli, rows, columns, count, err);
    enum status status = save_xlsx(file, cli->arguments[0], rows, columns, count, err);
    json_decref(rows);
    return status;
}

/* ---- the commands ---- */

static enum status list_all(struct cli *cli, const struct report_book *book)
{
    json_t *list = json_array();
    size_t i;
    const json_t *definition;
    json_array_foreach(report_definitions(book), i, definition)
    {
        const char *name = json_string_value(json_object_get(definition, "name"));
        struct cli_text title = {json_string_value(json_object_get(definition, "en")),
                                 json_string_value(json_object_get(definition, "zh"))};
        if (!cli->json)
            printf("%-5s %s\n", name, cli_text(&title));
        json_array_append_new(
            list, json_pack("{ss ss ss}", "name", name, "zh", title.zh, "en", title.en));
    }
    if (cli->json)
        cli_print_json(cli, list);
    else
        json_decref(list);
    return STATUS_OK;
}

/* A list of people that leaves the program is an export like any other (consent.h). */
static enum status note_people(const struct cli *cli, const json_t *rows, const json_t *definition,
                               struct error *err)
{
    struct access access = {
        .action = "export", .table = cli->arguments[0], .rows = json_array_size(rows)};
    bool leaves = cli_value(cli, "--xlsx") || cli->csv;
    if (!leaves || !report_names_people(definition) || access.rows == 0 ||
        MUTANT("t32-report-not-noted"))
        return STATUS_OK;
    return watching_export(cli, &access, err);
}

/* Nobody looks at the rows on their way out. */
static enum status print_text(struct report_book *book, const char *name,
                              const struct report_question *question, struct error *err)
{
    struct buffer text = {0};
    enum status status = report_run_text(book, name, question, &text, err);
    if (status == STATUS_OK)
        fwrite(text.data, 1, text.size, stdout);
    buffer_release(&text);
    return status;
}

static enum status run_report(struct cli *cli, struct replica *replica, struct report_book *book,
                              struct error *err)
{
    struct report_wish wish;
    json_t *rows;
    if (cli_has(cli, "--list"))
        return list_all(cli, book);
    if (cli->arguments_count == 0)
        return error_set(err, STATUS_USAGE, "'%s' is needed", "NAME");
    TRY(wish_fill(&wish, cli, replica, err));
    if (cli->json && !cli->csv && !cli_value(cli, "--xlsx"))
        return print_text(book, cli->arguments[0], &wish.question, err);
    TRY(report_run(book, cli->arguments[0], &wish.question, &rows, err));
    enum status status = note_people(cli, rows, report_definition(book, cli->arguments[0]), err);
    if (status != STATUS_OK) {
        json_decref(rows);
        return status;
    }
    return print(cli, rows, report_definition(book, cli->arguments[0]), replica_schema(replica),
                 err);
}

struct listing {
    enum status (*ask)(struct report_book *book, const struct report_question *question,
                       json_t **rows, struct error *err);
    json_t *columns;
};

/* Takes the columns. */
static enum status list_rows(struct cli *cli, struct replica *replica, struct report_book *book,
                             struct listing listing, struct error *err)
{
    struct report_wish wish;
    json_t *rows;
    enum status status = wish_fill(&wish, cli, replica, err);
    if (status == STATUS_OK)
        status = listing.ask(book, &wish.question, &rows, err);
    if (status == STATUS_OK)
        status = print(cli, rows, listing.columns, replica_schema(replica), err);
    json_decref(listing.columns);
    return status;
}

static enum status run_due(struct cli *cli, struct replica *replica, struct report_book *book,
                           struct error *err)
{
    json_t *columns = json_pack("{s[[sss][sss][sss][sss][sss]]}", "columns", "kind", "提醒", "kind",
                                "title", "事由", "what", "label", "对象", "whom", "since", "自",
                                "since", "days", "天数", "days");
    return list_rows(cli, replica, book, (struct listing){report_due, columns}, err);
}

static enum status run_check(struct cli *cli, struct replica *replica, struct report_book *book,
                             struct error *err)
{
    json_t *columns =
        json_pack("{s[[sss][sss][sss][sss]]}", "columns", "title", "矛盾", "what", "label", "对象",
                  "whom", "since", "自", "since", "meanwhile", "核定前按", "meanwhile");
    return list_rows(cli, replica, book, (struct listing){report_check, columns}, err);
}

typedef enum status book_step(struct cli *cli, struct replica *replica, struct report_book *book,
                              struct error *err);

static enum status with_book(struct cli *cli, struct replica *replica, book_step *step,
                             struct error *err)
{
    struct report_book *book;
    TRY(report_book_open(&book, replica, err));
    enum status status = step(cli, replica, book, err);
    report_book_free(book);
    return status;
}

#define BOOK_COMMAND(name)                                                              \
    static enum status step_##name(struct cli *cli, struct replica *replica, int *code, \
                                   struct error *err)                                   \
    {                                                                                   \
        (void)code;                                                                     \
        return with_book(cli, replica, run_##name, err);                                \
    }                                                                                   \
    static int command_##name(struct cli *cli)                                          \
    {                                                                                   \
        return reading_run(cli, step_##name);                                           \
    }
BOOK_COMMAND(report)
BOOK_COMMAND(due)
BOOK_COMMAND(check)

/* clang-format off */
static const struct cli_flag report_flags[] = {
    {"--list", NULL, {"which reports there are", "列出全部报表"}, false},
    {"--from", "DATE", {"the first day (1 January)", "起始日期（默认今年 1 月 1 日）"}, false},
    {"--to", "DATE", {"the last day (today)", "截止日期（默认今天）"}, false},
    {"--org", "ORG", {"an org and all below it: its id or name (your own)",
                      "组织及其下级：编号或名称（默认自己的）"}, false},
    {"--xlsx", "FILE", {"write it to a spreadsheet file", "写入电子表格文件"}, false},
    {0}};
static const struct cli_flag due_flags[] = {
    {"--to", "DATE", {"on this day (today)", "截至日期（默认今天）"}, false},
    {"--org", "ORG", {"an org and all below it (your own)", "组织及其下级（默认自己的）"}, false},
    {0}};

const struct cli_command reporting_commands[] = {
    {"report", "[NAME]", {"figures over the records", "统计报表"}, report_flags,
     "report R09 --from 2026-01-01 --csv", 0, 1, command_report},
    {"due", "", {"who is due: visits, birthdays, dues, renewals", "到期提醒：走访、生日、党费、换届等"},
     due_flags, "due --json", 0, 0, command_due},
    {"check", "", {"records that contradict one another, and what counts meanwhile",
                   "互相矛盾的记录，以及核定前按什么算"},
     due_flags, "check --json", 0, 0, command_check},
    {0}};
/* clang-format on */
