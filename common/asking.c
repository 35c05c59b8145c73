#include "common/asking.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/freshness.h"
#include "common/reading_print.h"
#include "common/report_sheet.h"
#include "common/report_wish.h"
#include "common/table_views.h"
#include "common/view.h"
#include "common/watching.h"

/* Takes the rows. */
static enum status print(const struct cli *cli, json_t *rows, struct error *err)
{
    size_t count;
    struct report_column *columns = report_columns_of(rows, &count);
    enum status status = columns ? report_print(cli, json_incref(rows), columns, count, err)
                                 : error_set(err, STATUS_NO_MEMORY, "out of memory");
    free(columns);
    json_decref(rows); /* the columns have their names from there */
    return status;
}

static enum status list_views(struct cli *cli, const struct schema *schema)
{
    json_t *list = table_views_list(schema);
    size_t i, c;
    const json_t *view, *column;
    if (cli->json) {
        cli_print_json(cli, list);
        return STATUS_OK;
    }
    json_array_foreach(list, i, view)
    {
        printf("%s(", json_string_value(json_object_get(view, "view")));
        json_array_foreach(json_object_get(view, "columns"), c, column)
            printf("%s%s", c ? ", " : "", json_string_value(json_array_get(column, 0)));
        printf(")\n");
    }
    json_decref(list);
    return STATUS_OK;
}

static enum status ask(struct cli *cli, struct replica *replica, struct report_book *book,
                       struct error *err)
{
    struct report_wish wish;
    json_t *rows = NULL;
    TRY(report_wish_fill(&wish, replica, cli_value(cli, "--from"), cli_value(cli, "--to"),
                         cli_value(cli, "--org"), err));
    wish.question.by_hand = true;
    json_t *definition = json_pack("{ss s[s]}", "name", "sql", "sql", cli->arguments[0]);
    enum status status = report_ask(book, definition, &wish.question, &rows, err);
    json_decref(definition);
    if (status != STATUS_OK)
        return status;
    const char *purpose = cli_value(cli, "--purpose");
    struct access access = {.action = "export",
                            .table = "sql",
                            .rows = json_array_size(rows),
                            .purpose = purpose ? purpose : cli->arguments[0]};
    if (access.rows > 0)
        status = watching_export(cli, &access, err);
    if (status == STATUS_OK)
        return print(cli, rows, err);
    json_decref(rows);
    return status;
}

static enum status step_sql(struct cli *cli, struct replica *replica, int *code, struct error *err)
{
    struct report_book *book;
    (void)code;
    if (cli_has(cli, "--views"))
        return list_views(cli, replica_schema(replica));
    if (cli->arguments_count == 0)
        return error_set(err, STATUS_USAGE, "'%s' is needed", "QUERY");
    TRY(freshness_check(replica, err));
    TRY(report_book_open(&book, replica, err));
    enum status status = table_views_make(replica, err);
    if (status == STATUS_OK)
        status = ask(cli, replica, book, err);
    table_views_drop(replica);
    report_book_free(book);
    return status;
}

static int command_sql(struct cli *cli)
{
    return reading_run(cli, step_sql);
}

/* clang-format off */
static const struct cli_flag sql_flags[] = {
    {"--views", NULL, {"which views there are, with their columns", "列出全部视图及其列"}, false},
    {"--from", "DATE", {"what :from stands for (1 January)", "查询中 :from 的值（默认今年 1 月 1 日）"}, false},
    {"--to", "DATE", {"what :to stands for (today)", "查询中 :to 的值（默认今天）"}, false},
    {"--org", "ORG", {"what :org stands for, by number in _org_tree (your own)",
                      "查询中 :org 的值（默认自己的组织）"}, false},
    {"--purpose", "TEXT", {"what it is for; kept with the note of this export",
                           "用途；随导出记录保存"}, false},
    {0}};

const struct cli_command asking_commands[] = {
    {"sql", "[QUERY]",
     {"a question in SQL over the views v_TABLE; reads, and nothing else",
      "对视图 v_表名 作只读 SQL 查询"}, sql_flags,
     "sql 'SELECT kind, count(*) AS n FROM v_visit GROUP BY kind' --csv", 0, 1, command_sql},
    {0}};
/* clang-format on */
