#include "common/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/freshness.h"
#include "common/messages.h"
#include "common/reading_print.h"
#include "common/verifying.h"
#include "common/watching.h"

#define WHERES_MAX 64

/* ---- list and export ---- */

struct wish {
    struct view_query query;
    struct view_where wheres[WHERES_MAX];
    char *texts[WHERES_MAX]; /* copies of FIELD=VALUE, cut at the sign */
};

static void wish_release(struct wish *wish)
{
    for (size_t i = 0; i < wish->query.wheres_count; i++)
        free(wish->texts[i]);
}

static enum status add_where(struct wish *wish, const char *text, struct error *err)
{
    size_t at = wish->query.wheres_count;
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return error_set(err, STATUS_USAGE, "'%s' is not FIELD=VALUE", text);
    if (at == WHERES_MAX)
        return error_set(err, STATUS_USAGE, "more than %d conditions", WHERES_MAX);
    wish->texts[at] = strdup(text);
    if (!wish->texts[at])
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    wish->texts[at][equals - text] = '\0';
    wish->wheres[at] = (struct view_where){.field = wish->texts[at],
                                           .value = wish->texts[at] + (equals - text) + 1};
    wish->query.wheres_count++;
    return STATUS_OK;
}

static enum status wish_start(struct wish *wish, const struct cli *cli, struct error *err)
{
    const char *text;
    *wish = (struct wish){.query = {.table = cli->arguments[0],
                                    .wheres = wish->wheres,
                                    .search = cli_value(cli, "--search")}};
    for (size_t i = 0; (text = cli_value_at(cli, "--where", i)) != NULL; i++)
        TRY(add_where(wish, text, err));
    return cli_number(cli, "--limit", (struct cli_range){1, 1000000000}, &wish->query.limit, err);
}

static enum status print_sheet(struct replica *replica, const struct wish *wish,
                               struct reading_sheet *sheet, struct error *err)
{
    enum status status = view_table(replica, wish->query.table, &sheet->table, err);
    if (status == STATUS_OK)
        status = view_list(replica, &wish->query, reading_row, sheet, err);
    if (status == STATUS_OK)
        status = reading_sheet_end(sheet, err);
    reading_sheet_release(sheet);
    return status;
}

static enum status step_list(struct cli *cli, struct replica *replica, int *code, struct error *err)
{
    struct wish wish;
    struct reading_sheet sheet = {.out = stdout};
    (void)code;
    sheet.form = cli->json ? READING_JSON : cli->csv ? READING_CSV : READING_TABLE;
    enum status status = wish_start(&wish, cli, err);
    if (status == STATUS_OK)
        status = print_sheet(replica, &wish, &sheet, err);
    wish_release(&wish);
    return status;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static enum status export_form(const struct cli *cli, enum reading_form *form, struct error *err)
{
    const char *file = cli->arguments[1];
    *form = ends_with(file, ".geojson")             ? READING_GEOJSON
            : cli->json || ends_with(file, ".json") ? READING_JSON
            : ends_with(file, ".xlsx")              ? READING_XLSX
                                                    : READING_CSV;
    if (strcmp(file, "-") != 0 && *form == READING_CSV && !ends_with(file, ".csv"))
        return error_set(err, STATUS_USAGE, "'%s' ends with none of .csv, .json, .xlsx, .geojson",
                         file);
    return STATUS_OK;
}

static enum status export_file(struct replica *replica, const char *file, const struct wish *wish,
                               struct reading_sheet *sheet, struct error *err)
{
    struct file_draft draft;
    enum status status = file_draft_open(&draft, file, FILE_SHARED, err);
    if (status == STATUS_OK)
        status = file_draft_stream(&draft, &sheet->out, err);
    if (status == STATUS_OK)
        status = print_sheet(replica, wish, sheet, err);
    return file_draft_close(&draft, status, err);
}

static enum status export_xlsx(struct replica *replica, const char *file, const struct wish *wish,
                               struct reading_sheet *sheet, struct error *err)
{
    const struct schema_table *table;
    TRY(view_table(replica, wish->query.table, &table, err));
    TRY(xlsx_open(&sheet->xlsx, file, view_label(&table->label), err));
    enum status status = print_sheet(replica, wish, sheet, err);
    if (status == STATUS_OK)
        return xlsx_save(sheet->xlsx, err);
    xlsx_abandon(sheet->xlsx);
    return status;
}

/* Noted first: a file that nobody knows of must not be there. */
static enum status note_export(const struct cli *cli, uint64_t rows, struct error *err)
{
    struct access access = {.action = "export",
                            .table = cli->arguments[0],
                            .rows = rows,
                            .purpose = cli_value(cli, "--purpose")};
    return watching_export(cli, &access, err);
}

static enum status step_export(struct cli *cli, struct replica *replica, int *code,
                               struct error *err)
{
    static const char mark[] = "\xef\xbb\xbf";
    struct wish wish;
    struct reading_sheet sheet = {.out = stdout, .labels = cli_has(cli, "--labels")};
    const char *file = cli->arguments[1];
    (void)code;
    enum status status = export_form(cli, &sheet.form, err);
    if (status == STATUS_OK)
        status = freshness_check(replica, err);
    if (status != STATUS_OK)
        return status;
    sheet.mark = sheet.form == READING_CSV && cli_has(cli, "--bom") ? mark : NULL;
    int64_t rows = 0;
    if (sheet.form == READING_GEOJSON) {
        const struct schema_table *table;
        TRY(view_table(replica, cli->arguments[0], &table, err));
        TRY(reading_geo_check(table, err));
    }
    status = wish_start(&wish, cli, err);
    if (status == STATUS_OK)
        status = view_count(replica, &wish.query, &rows, err);
    if (wish.query.limit > 0 && rows > wish.query.limit)
        rows = wish.query.limit;
    if (status == STATUS_OK)
        status = note_export(cli, (uint64_t)rows, err);
    if (status == STATUS_OK)
        status = sheet.form == READING_XLSX ? export_xlsx(replica, file, &wish, &sheet, err)
                 : strcmp(file, "-") == 0   ? print_sheet(replica, &wish, &sheet, err)
                                            : export_file(replica, file, &wish, &sheet, err);
    if (status == STATUS_OK && strcmp(file, "-") != 0)
        cli_say(cli, "%llu rows written to '%s'", (unsigned long long)sheet.rows, file);
    wish_release(&wish);
    return status;
}

/* ---- one row ---- */

static enum status step_get(struct cli *cli, struct replica *replica, int *code, struct error *err)
{
    const struct schema_table *table;
    json_t *row;
    TRY(view_table(replica, cli->arguments[0], &table, err));
    TRY(view_row(replica, cli->arguments[0], cli->arguments[1], &row, err));
    if (cli->json) {
        *code = cli_print_json(cli, row);
        return STATUS_OK;
    }
    enum status status = reading_one(replica, table, row, err);
    json_decref(row);
    return status;
}

static enum status step_history(struct cli *cli, struct replica *replica, int *code,
                                struct error *err)
{
    static const struct reading_column columns[] = {
        {"time", {"time", "时间"}},      {"field", {"field", "字段"}},
        {"value", {"value", "值"}},      {"person", {"person", "使用者"}},
        {"org", {"written in", "写于"}}, {"dot", {"dot", "条目"}},
        {"state", {"state", "状态"}},    {0}};
    const struct schema_table *table;
    json_t *history;
    TRY(view_table(replica, cli->arguments[0], &table, err));
    TRY(view_history(replica, cli->arguments[0], cli->arguments[1], &history, err));
    if (cli->json) {
        *code = cli_print_json(cli, history);
        return STATUS_OK;
    }
    enum status status = reading_objects(history, columns, table, err);
    json_decref(history);
    bool snapshot;
    if (status != STATUS_OK ||
        !view_history_is_cut(replica, cli->arguments[0], cli->arguments[1], &snapshot))
        return status;
    if (snapshot)
        cli_say(cli, "this history begins with a snapshot: '%s' brings what was before",
                "verify --deep");
    else
        cli_say(cli, "older values of this row are at the hub: '%s' brings them", "verify --deep");
    return status;
}

/* ---- conflicts ---- */

/* One line for each head, led by the place of its conflict. */
static json_t *flatten(const json_t *conflicts)
{
    json_t *flat = json_array();
    for (size_t i = 0; i < json_array_size(conflicts); i++) {
        const json_t *conflict = json_array_get(conflicts, i);
        const json_t *heads = json_object_get(conflict, "heads");
        for (size_t h = 0; h < json_array_size(heads); h++) {
            json_t *line = json_copy(json_array_get(heads, h));
            json_object_set(line, "table", json_object_get(conflict, "table"));
            json_object_set(line, "id", json_object_get(conflict, "id"));
            json_object_set(line, "field", json_object_get(conflict, "field"));
            json_array_append_new(flat, line);
        }
    }
    return flat;
}

static enum status step_conflicts(struct cli *cli, struct replica *replica, int *code,
                                  struct error *err)
{
    static const struct reading_column columns[] = {
        {"table", {"table", "表"}},       {"id", {"id", "编号"}},
        {"field", {"field", "字段"}},     {"value", {"value", "值"}},
        {"person", {"person", "使用者"}}, {"time", {"time", "时间"}},
        {"dot", {"dot", "条目"}},         {0}};
    json_t *conflicts;
    TRY(view_conflicts(replica, &conflicts, err));
    if (cli->json) {
        *code = cli_print_json(cli, conflicts);
        return STATUS_OK;
    }
    json_t *flat = flatten(conflicts);
    enum status status = reading_objects(flat, columns, NULL, err);
    json_decref(flat);
    json_decref(conflicts);
    return status;
}

/* ---- what may be one ---- */

/* One line for each row, led by its group. */
static json_t *group_lines(const json_t *groups)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < json_array_size(groups); i++) {
        json_t *group = json_array_get(groups, i), *rows = json_object_get(group, "rows");
        for (size_t r = 0; r < json_array_size(rows); r++) {
            json_t *line = json_copy(json_array_get(rows, r));
            json_object_set_new(line, "group", json_integer((json_int_t)i + 1));
            json_object_set(line, "table", json_object_get(group, "table"));
            json_object_set(line, "by", json_object_get(group, "by"));
            json_array_append_new(lines, line);
        }
    }
    return lines;
}

static enum status step_duplicates(struct cli *cli, struct replica *replica, int *code,
                                   struct error *err)
{
    static const struct reading_column columns[] = {
        {"group", {"group", "组"}},  {"table", {"table", "表"}},     {"id", {"id", "编号"}},
        {"label", {"name", "名称"}}, {"by", {"alike in", "相同处"}}, {0}};
    json_t *groups;
    TRY(view_duplicates(replica, cli->arguments_count ? cli->arguments[0] : NULL, &groups, err));
    if (cli->json) {
        *code = cli_print_json(cli, groups);
        return STATUS_OK;
    }
    json_t *lines = group_lines(groups);
    enum status status = reading_objects(lines, columns, NULL, err);
    json_decref(lines);
    json_decref(groups);
    return status;
}

/* ---- the whole ---- */

static enum status step_digest(struct cli *cli, struct replica *replica, int *code,
                               struct error *err)
{
    json_t *digest;
    const char *scope;
    json_t *hex;
    TRY(view_digest(replica, &digest, err));
    if (cli->json) {
        *code = cli_print_json(cli, digest);
        return STATUS_OK;
    }
    json_object_foreach(digest, scope, hex) printf("%-42s  %s\n", scope, json_string_value(hex));
    json_decref(digest);
    return STATUS_OK;
}

/* What one entry wanted to write, for people: table and id of each row. */
static json_t *aside_line(const json_t *item)
{
    json_t *line = json_copy((json_t *)(uintptr_t)item), *ops = json_object_get(item, "ops");
    const json_t *first = json_array_get(ops, 0);
    const char *table = json_string_value(json_object_get(first, "table"));
    json_object_set_new(line, "table", json_string(table ? table : ""));
    json_object_set_new(line, "id", json_string(json_string_value(json_object_get(first, "id"))));
    json_object_set_new(line, "rows", json_integer((json_int_t)json_array_size(ops)));
    view_retell_reason(line);
    return line;
}

static enum status step_set_aside(struct cli *cli, struct replica *replica, int *code,
                                  struct error *err)
{
    static const struct reading_column columns[] = {{"dot", {"entry", "条目"}},
                                                    {"person", {"person", "使用者"}},
                                                    {"time", {"time", "时间"}},
                                                    {"table", {"table", "表"}},
                                                    {"id", {"id", "编号"}},
                                                    {"rows", {"rows", "行数"}},
                                                    {"adopted_as", {"adopted as", "采纳为"}},
                                                    {"reason", {"reason", "原因"}},
                                                    {0}};
    json_t *list, *item;
    size_t i;
    TRY(view_set_aside(replica, &list, err));
    if (cli->json) {
        *code = cli_print_json(cli, list);
        return STATUS_OK;
    }
    json_t *lines = json_array();
    json_array_foreach(list, i, item) json_array_append_new(lines, aside_line(item));
    enum status status = reading_objects(lines, columns, NULL, err);
    json_decref(lines);
    json_decref(list);
    return status;
}

static json_t *schema_lines(const struct schema *schema)
{
    json_t *lines = json_array();
    for (size_t t = 0; t < schema->tables_count; t++) {
        const struct schema_table *table = &schema->tables[t];
        for (size_t f = 0; f < table->fields_count; f++) {
            const struct schema_field *field = &table->fields[f];
            json_t *line =
                json_pack("{ss ss ss ss ss}", "table", table->name, "field", field->name, "label",
                          view_label(&field->label), "type", field_type_name(field->type), "merge",
                          merge_rule_name(field->merge));
            json_array_append_new(lines, line);
        }
    }
    return lines;
}

static enum status step_schema(struct cli *cli, struct replica *replica, int *code,
                               struct error *err)
{
    static const struct reading_column columns[] = {
        {"table", {"table", "表"}}, {"field", {"field", "字段"}},     {"label", {"label", "标签"}},
        {"type", {"type", "类型"}}, {"merge", {"merge", "合并规则"}}, {0}};
    json_t *schema;
    TRY(view_schema(replica, &schema, err));
    if (cli->json) {
        *code = cli_print_json(cli, schema);
        return STATUS_OK;
    }
    json_decref(schema);
    json_t *lines = schema_lines(replica_schema(replica));
    enum status status = reading_objects(lines, columns, NULL, err);
    json_decref(lines);
    return status;
}

/* ---- audit ---- */

static enum status audit_query(const struct cli *cli, struct replica *replica,
                               struct view_audit_query *query, struct error *err)
{
    static const struct cli_range range = {0, INT32_MAX};
    const char *since = cli_value(cli, "--since"), *device = cli_value(cli, "--device");
    struct id id;
    *query = (struct view_audit_query){.limit = 200};
    TRY(cli_number(cli, "--limit", range, &query->limit, err));
    if (since && !time_of_day_start(since, &query->since_ms))
        return error_set(err, STATUS_USAGE, "'%s' is not a date like 2026-11-20", since);
    if (!device)
        return STATUS_OK;
    const struct device *found =
        id_parse(device, &id) ? registry_device_by_id(replica_registry(replica), &id) : NULL;
    if (!found)
        return error_set(err, STATUS_NOT_FOUND, "there is no device '%s'", device);
    query->device = found->certificate.device;
    return STATUS_OK;
}

static enum status step_audit(struct cli *cli, struct replica *replica, int *code,
                              struct error *err)
{
    static const struct reading_column columns[] = {
        {"time", {"time", "时间"}},     {"person", {"person", "人"}},
        {"action", {"action", "动作"}}, {"table", {"table", "表"}},
        {"id", {"id", "编号"}},         {"subject", {"subject", "对象"}},
        {"org", {"org", "组织"}},       {"state", {"state", "状态"}},
        {"dot", {"entry", "条目"}},     {0}};
    struct view_audit_query query;
    json_t *list;
    (void)code;
    TRY(audit_query(cli, replica, &query, err));
    TRY(view_audit(replica, &query, &list, err));
    return reading_list(cli, list, columns, err);
}

/* ---- the table ---- */

#define READING_COMMAND(name)                  \
    static int command_##name(struct cli *cli) \
    {                                          \
        return reading_run(cli, step_##name);  \
    }
READING_COMMAND(list)
READING_COMMAND(get)
READING_COMMAND(history)
READING_COMMAND(conflicts)
READING_COMMAND(duplicates)
READING_COMMAND(set_aside)
READING_COMMAND(digest)
READING_COMMAND(export)
READING_COMMAND(audit)
READING_COMMAND(schema)

/* clang-format off */
#define LIST_FLAGS                                                                                 \
    {"--where", "FIELD=VALUE", {"only rows with this value; empty: without one",                   \
                                "只列出该字段等于此值的行；留空表示无值"}, true},                  \
    {"--search", "TEXT", {"only rows with these words; names also in pinyin",                      \
                          "只列出含有这些词的行；名称可用拼音或首字母"}, false},                   \
    {"--limit", "N", {"at most so many rows", "最多列出的行数"}, false}

static const struct cli_flag list_flags[] = {LIST_FLAGS, {0}};
static const struct cli_flag export_flags[] = {
    LIST_FLAGS,
    {"--purpose", "TEXT", {"what it is for; kept with the note of this export",
                           "用途；随导出记录保存"}, false},
    {"--labels", NULL, {"labels instead of names in the heading; in .xlsx of codes, too",
                        "表头用字段标签而非字段名；.xlsx 中代码也用标签"}, false},
    {"--bom", NULL,
     {"begin with a byte order mark, for spreadsheets", "文件开头写 BOM，便于电子表格打开"}, false},
    {0}};
static const struct cli_flag audit_flags[] = {
    {"--since", "DATE", {"only what was done from that day on", "只列出该日期以后的"}, false},
    {"--device", "DEVICE", {"only by this device", "只列出该设备所做的"}, false},
    {"--limit", "N", {"the newest so many; 0: all (200)", "最近若干条；0 为全部（默认 200）"}, false},
    {0}};
const struct cli_command reading_commands[] = {
    {"list", "TABLE", {"list the rows of a table", "列出一张表的各行"}, list_flags,
     "list visit --where kind=home_visit --limit 20 --json", 1, 1, command_list},
    {"get", "TABLE ID", {"show one row", "显示一行"}, NULL,
     "get person 0190b6f2a1c47d2e8f00112233445566 --json", 2, 2, command_get},
    {"history", "TABLE ID", {"every value ever saved for a row", "一行曾保存过的所有值"}, NULL,
     "history person 0190b6f2a1c47d2e8f00112233445566", 2, 2, command_history},
    {"conflicts", "", {"what waits for somebody to decide", "待人处理的冲突"}, NULL,
     "conflicts --json", 0, 0, command_conflicts},
    {"duplicates", "[TABLE]", {"rows that may be one, such as a person registered twice",
                               "疑似重复的记录，如同一人登记了两次"}, NULL,
     "duplicates person --json", 0, 1, command_duplicates},
    {"set-aside", "", {"entries that don't count, and why", "未生效的条目及其原因"}, NULL,
     "set-aside --json", 0, 0, command_set_aside},
    {"digest", "", {"a hash of each scope, equal on replicas that agree",
                    "每个范围的摘要，内容一致的副本相同"}, NULL, "digest --json", 0, 0, command_digest},
    {"verify", "", {"check signatures, chains and tables", "核验签名、哈希链与各表"}, verifying_flags,
     "verify --json", 0, 0, verifying_command},
    {"export", "TABLE FILE.csv|.xlsx|.json|.geojson|-",
     {"write the rows of a table to a file", "把一张表导出到文件"}, export_flags,
     "export person members.csv --where kind=retiree", 2, 2, command_export},
    {"audit", "", {"who did what and when, exports and enrolments included",
                   "谁在何时做了什么，包括导出与接纳设备"}, audit_flags,
     "audit --since 2026-11-01 --json", 0, 0, command_audit},
    {"schema", "", {"tables, fields, labels, types, merge rules", "表、字段、标签、类型与合并规则"},
     NULL,     "schema --json", 0, 0, command_schema},
    {0}};
/* clang-format on */
