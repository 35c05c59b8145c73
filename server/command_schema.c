#include "server/command_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/reading_print.h"
#include "common/schema_diff.h"
#include "common/sheet.h"
#include "server/hub_folder.h"
#include "server/roster.h"
#include "server/xlsform.h"

/* ---- what is shown ---- */

static enum status print_changes(const json_t *changes, struct error *err)
{
    static const struct reading_column columns[] = {{"table", {"table", "表"}},
                                                    {"field", {"field", "字段"}},
                                                    {"change", {"change", "变化"}},
                                                    {"key", {"key", "项"}},
                                                    {"from", {"from", "原来"}},
                                                    {"to", {"to", "改为"}},
                                                    {0}};
    return reading_objects(changes, columns, NULL, err);
}

/* Takes `told`. */
static enum status show(struct cli *cli, const json_t *old, const json_t *next, json_t *told,
                        bool applied, struct error *err)
{
    json_t *changes = schema_diff(old, next);
    enum status status = STATUS_OK;
    if (cli->json)
        cli_print_json(cli, json_pack("{sO sO sb so*}", "epoch", json_object_get(next, "epoch"),
                                      "changes", changes, "applied", applied, "told", told));
    else
        status = print_changes(changes, err);
    if (!cli->json)
        json_decref(told);
    json_decref(changes);
    return status;
}

static json_t *json_of(const struct schema *schema)
{
    return json_loadb(schema->text, schema->text_size, 0, NULL);
}

/* ---- schema apply ---- */

static enum status read_file(const char *file, json_t **json, struct error *err)
{
    struct buffer text = {0};
    json_error_t problem;
    enum status status = sheet_file(file, &text, err);
    if (status == STATUS_OK) {
        *json = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &problem);
        if (!json_is_object(*json))
            status = error_set(err, STATUS_BAD_INPUT, "'%.120s' is not a JSON object: %.80s", file,
                               *json ? "" : problem.text);
    }
    buffer_release(&text);
    return status;
}

/* Whoever edits what `schema --json` printed need not count: the present epoch means the next. */
static void count_epoch(json_t *next, const struct schema *old)
{
    const json_t *epoch = json_object_get(next, "epoch");
    if (json_integer_value(epoch) == (json_int_t)old->epoch)
        json_object_set_new(next, "epoch", json_integer((json_int_t)old->epoch + 1));
}

static enum status load_next(const json_t *next, const struct schema *old, struct schema **loaded,
                             struct error *err)
{
    char *text = json_dumps(next, JSON_COMPACT);
    if (!text)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status = schema_load(loaded, bytes_text(text), err);
    if (status == STATUS_OK)
        status = schema_check_successor(old, *loaded, err);
    free(text);
    return status;
}

static enum status write_next(struct hub *hub, json_t *next, struct error *err)
{
    struct schema *loaded = NULL;
    enum status status = load_next(next, replica_schema(hub->replica), &loaded, err);
    if (status == STATUS_OK)
        status = roster_write_schema(hub->replica, loaded, err);
    if (status == STATUS_OK)
        status = hub_raise_beacon(hub, err);
    schema_free(loaded);
    return status;
}

static enum status apply(struct cli *cli, struct hub *hub, json_t *next, struct error *err)
{
    bool sure = !cli_has(cli, "--dry-run");
    TRY(replica_begin(hub->replica, err));
    json_t *old = json_of(replica_schema(hub->replica));
    count_epoch(next, replica_schema(hub->replica));
    enum status status = write_next(hub, next, err);
    if (status == STATUS_OK && sure)
        status = replica_commit(hub->replica, err);
    else
        replica_rollback(hub->replica);
    if (status == STATUS_OK)
        status = show(cli, old, next, NULL, sure, err);
    if (status == STATUS_OK)
        cli_say(cli, sure ? "the schema of epoch %lld is in force" : "epoch %lld would follow",
                (long long)json_integer_value(json_object_get(next, "epoch")));
    json_decref(old);
    return status;
}

static int command_schema_apply(struct cli *cli)
{
    struct hub hub = {0};
    struct error err = {0};
    json_t *next = NULL;
    enum status status = read_file(cli->arguments[0], &next, &err);
    if (status == STATUS_OK)
        status = hub_folder_begin(cli, &hub, &err);
    if (status == STATUS_OK)
        status = apply(cli, &hub, next, &err);
    json_decref(next);
    return hub_folder_end(cli, &hub, status, &err);
}

/* ---- schema form ---- */

static void tell(const struct cli *cli, const json_t *told)
{
    size_t i;
    const json_t *item;
    json_array_foreach(told, i, item)
        cli_say(cli, "sheet '%s', row %lld, column '%s': %s",
                json_string_value(json_object_get(item, "sheet")),
                (long long)json_integer_value(json_object_get(item, "row")),
                json_string_value(json_object_get(item, "column")),
                json_string_value(json_object_get(item, "message")));
}

static enum status write_file(const char *file, const json_t *next, struct error *err)
{
    char *text = json_dumps(next, JSON_INDENT(1));
    if (!text)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status = file_replace(file, FILE_SHARED, bytes_text(text), err);
    free(text);
    return status;
}

static enum status convert(struct cli *cli, const struct schema *schema, struct bytes file,
                           struct error *err)
{
    struct xlsform_options options = {.table = cli_value(cli, "--table"),
                                      .about = cli_value(cli, "--about")};
    json_t *next = NULL, *told = NULL;
    enum status status = xlsform_read(file, schema, &options, &next, &told, err);
    tell(cli, told);
    if (status == STATUS_OK && cli->arguments_count > 1)
        status = write_file(cli->arguments[1], next, err);
    if (status == STATUS_OK) {
        json_t *old = json_of(schema);
        status = show(cli, old, next, json_incref(told), false, err);
        json_decref(old);
    }
    if (status == STATUS_OK && cli->arguments_count > 1)
        cli_say(cli, "written to '%s': look at it, then 'schema apply' it", cli->arguments[1]);
    json_decref(next);
    json_decref(told);
    return status;
}

static int command_schema_form(struct cli *cli)
{
    struct error err = {0};
    struct replica *replica = NULL;
    struct buffer file = {0};
    enum status status = sheet_file(cli->arguments[0], &file, &err);
    if (status == STATUS_OK)
        status = hub_folder_open(cli, true, &replica, &err);
    if (status == STATUS_OK)
        status = convert(cli, replica_schema(replica), buffer_bytes(&file), &err);
    replica_close(replica);
    buffer_release(&file);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}

/* clang-format off */
static const struct cli_flag apply_flags[] = {
    {"--dry-run", NULL, {"show the difference, change nothing", "只显示变化，不作修改"}, false},
    {0}};
static const struct cli_flag form_flags[] = {
    {"--table", "NAME", {"the table's name (the form's id)", "表名（默认用表单的 form_id）"}, false},
    {"--about", "TABLE", {"each answer is about one row of this table",
                          "每份填报都针对该表的一行"}, false},
    {0}};

const struct cli_command schema_commands[] = {
    {"schema apply", "FILE.json",
     {"the next epoch of the schema, for every device", "启用新版表结构，各设备同步后生效"},
     apply_flags, "schema apply next.json --dry-run", 1, 1, command_schema_apply},
    {"schema form", "FILE.xlsx [OUT.json]",
     {"an XLSForm made a table: the difference, and the schema to apply",
      "把 XLSForm 表单变成一张表：显示变化，写出待启用的表结构"},
     form_flags, "schema form survey.xlsx next.json --about person", 1, 2, command_schema_form},
    {0}};
/* clang-format on */
