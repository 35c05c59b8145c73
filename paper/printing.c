#include "paper/printing.h"

#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/freshness.h"
#include "common/reading_print.h"
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
    const char *file;
};

static enum status read_job(struct job *job, struct replica *replica, struct error *err)
{
    const struct cli *cli = job->cli;
    const char *name = cli->arguments_count > 0 ? cli->arguments[0] : "";
    job->wish.paper = paper_named(job->list, name);
    if (!job->wish.paper)
        return error_set(err, STATUS_NOT_FOUND, "there is no paper '%.60s'", name);
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

/* What stands on paper has left the program: noted first, as an export is. */
static enum status note(const struct job *job, uint64_t rows, struct error *err)
{
    struct access access = {.action = "export",
                            .table = job->cli->arguments[0],
                            .rows = rows,
                            .purpose = cli_value(job->cli, "--purpose")};
    return job->wish.blank ? STATUS_OK : watching_export(job->cli, &access, err);
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

static enum status make(struct job *job, struct replica *replica, struct error *err)
{
    struct buffer pdf = {0};
    struct paper_made made;
    enum status status = report_book_open(&job->wish.book, replica, err);
    if (status == STATUS_OK)
        status = paper_make(&job->wish, &pdf, &made, err);
    report_book_free(job->wish.book);
    if (status == STATUS_OK)
        status = note(job, made.rows, err);
    if (status == STATUS_OK)
        status = put(job->file, buffer_bytes(&pdf), err);
    if (status == STATUS_OK)
        tell(job, &made);
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
        status = make(&job, replica, err);
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
     {"a paper as PDF: filled from the records, or blank", "输出 A4 纸质表（PDF），按记录填好或空白"},
     print_flags, "print sign_in 0190b6f2a1c47d2e8f00112233445566 sheet.pdf", 0, 3,
     command_print},
    {0}};
/* clang-format on */
