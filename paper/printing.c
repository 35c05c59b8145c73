#include "paper/printing.h"

#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/freshness.h"
#include "common/reading_print.h"
#include "common/report_sheet.h"
#include "common/report_wish.h"
#include "common/watching.h"
#include "paper/paper.h"

/* ---- what is asked ---- */

struct job {
    struct cli *cli;
    json_t *list;
    struct paper_wish wish;
    struct report_wish report;
    struct id row;
    bool is_report;
    const char *name, *file;
};

static enum status read_job(struct job *job, struct replica *replica, struct error *err)
{
    const struct cli *cli = job->cli;
    job->name = cli->arguments_count > 0 ? cli->arguments[0] : "";
    job->wish.paper = paper_named(job->list, job->name);
    if (cli->arguments_count < 2)
        return error_set(err, STATUS_USAGE, "'%s' is needed", "FILE.pdf");
    job->file = cli->arguments[cli->arguments_count - 1];
    TRY(report_wish_fill(&job->report, replica, cli_value(cli, "--from"), cli_value(cli, "--to"),
                         cli_value(cli, "--org"), err));
    if (cli->arguments_count == 3) {
        TRY(view_id(cli->arguments[1], &job->row, err));
        job->report.question.row = &job->row;
    }
    job->wish.question = job->report.question;
    job->wish.blank = cli_has(cli, "--blank");
    job->wish.replica = replica;
    return STATUS_OK;
}

static enum status put(const char *file, struct bytes pdf, struct error *err)
{
    if (strcmp(file, "-") != 0)
        return file_replace(file, FILE_SHARED, pdf, err);
    fwrite(pdf.data, 1, pdf.size, stdout);
    return STATUS_OK;
}

/* ---- the command ---- */

static int list_papers(struct cli *cli)
{
    json_t *list = paper_list(), *told = json_array(), *paper;
    size_t i;
    json_array_foreach(list, i, paper)
    {
        const char *name = json_string_value(json_object_get(paper, "name"));
        struct cli_text title = {json_string_value(json_object_get(paper, "en")),
                                 json_string_value(json_object_get(paper, "zh"))};
        if (!cli->json)
            printf("%-16s %s\n", name, cli_text(&title));
        json_array_append_new(told, json_pack("{ss ss ss ss?}", "name", name, "zh", title.zh, "en",
                                              title.en, "of",
                                              json_string_value(json_object_get(paper, "of"))));
    }
    json_decref(list);
    if (cli->json)
        return cli_print_json(cli, told);
    json_decref(told);
    return CLI_DONE;
}

/* What stands on paper has left the program: noted first, as an export is; figures that name nobody
 * are nobody's record. */
static enum status note(const struct job *job, uint64_t rows, struct error *err)
{
    struct access access = {.action = "export",
                            .table = job->name,
                            .rows = rows,
                            .purpose = cli_value(job->cli, "--purpose")};
    bool figures = job->is_report && (rows == 0 || !report_names_people(job->wish.paper));
    return job->wish.blank || figures ? STATUS_OK : watching_export(job->cli, &access, err);
}

static void tell(const struct job *job, const struct paper_made *made)
{
    if (made->page.missing > 0)
        cli_say(job->cli, "%u characters have no picture in the fonts of this machine",
                made->page.missing);
    if (strcmp(job->file, "-") == 0)
        return;
    cli_say(job->cli, "%u pages written to '%s'", made->page.pages, job->file);
    if (job->cli->json)
        cli_print_json(job->cli,
                       json_pack("{ss sI sI sI}", "file", job->file, "pages",
                                 (json_int_t)made->page.pages, "rows", (json_int_t)made->rows,
                                 "missing", (json_int_t)made->page.missing));
}

/* A report, when no paper has that name. */
static enum status make_report(struct job *job, struct buffer *pdf, struct paper_made *made,
                               struct error *err)
{
    json_t *rows = NULL;
    job->wish.paper = report_definition(job->wish.book, job->name);
    if (!job->wish.paper)
        return error_set(err, STATUS_NOT_FOUND, "there is no paper '%.60s'", job->name);
    job->is_report = true;
    if (!job->wish.blank)
        TRY(report_run(job->wish.book, job->name, &job->wish.question, &rows, err));
    enum status status = paper_report(&job->wish, rows, pdf, made, err);
    json_decref(rows);
    return status;
}

static enum status make(struct job *job, struct buffer *pdf, struct error *err)
{
    struct paper_made made;
    TRY(job->wish.paper ? paper_make(&job->wish, pdf, &made, err)
                        : make_report(job, pdf, &made, err));
    TRY(note(job, made.rows, err));
    TRY(put(job->file, buffer_bytes(pdf), err));
    tell(job, &made);
    return STATUS_OK;
}

static enum status make_with_book(struct job *job, struct error *err)
{
    struct buffer pdf = {0};
    TRY(report_book_open(&job->wish.book, job->wish.replica, err));
    enum status status = make(job, &pdf, err);
    report_book_free(job->wish.book);
    buffer_release(&pdf);
    return status;
}

static enum status step_print(struct cli *cli, struct replica *replica, int *code,
                              struct error *err)
{
    struct job job = {.cli = cli, .list = paper_list()};
    (void)code;
    enum status status = read_job(&job, replica, err);
    if (status == STATUS_OK && !job.wish.blank)
        status = freshness_check(replica, err);
    if (status == STATUS_OK)
        status = make_with_book(&job, err);
    json_decref(job.list);
    return status;
}

static int command_print(struct cli *cli)
{
    return cli_has(cli, "--list") ? list_papers(cli) : reading_run(cli, step_print);
}

/* clang-format off */
static const struct cli_flag print_flags[] = {
    {"--list", NULL, {"which papers there are", "列出全部纸质表样"}, false},
    {"--blank", NULL, {"empty, for pen and paper", "空白表，供手写"}, false},
    {"--from", "DATE", {"the first day (1 January)", "起始日期（默认今年 1 月 1 日）"}, false},
    {"--to", "DATE", {"the last day (today)", "截止日期（默认今天）"}, false},
    {"--org", "ORG", {"an org and all below it: its id or name (your own)",
                      "组织及其下级：编号或名称（默认自己的）"}, false},
    {"--purpose", "TEXT", {"what it is for; kept with the note of this export",
                           "用途；随导出记录保存"}, false},
    {0}};

const struct cli_command printing_commands[] = {
    {"print", "[PAPER] [ID] [FILE.pdf|-]",
     {"a paper or a report as PDF: filled from the records, or blank",
      "输出 A4 纸质表或报表（PDF），按记录填好或空白"},
     print_flags, "print sign_in 0190b6f2a1c47d2e8f00112233445566 sheet.pdf", 0, 3,
     command_print},
    {0}};
/* clang-format on */
