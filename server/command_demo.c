#include "server/command_demo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/builtin_schema.h"
#include "server/demo.h"
#include "server/hub_folder.h"

#define SEED_USUAL 2026

/* The day that rows lead up to: today, unless one is named. */
static enum status wish_of(const struct cli *cli, struct demo_wish *wish, char day[32],
                           struct error *err)
{
    static const struct cli_range seeds = {0, INT64_MAX};
    struct clock clock = clock_system();
    const char *named = cli_value(cli, "--day");
    int64_t seed = SEED_USUAL, moment;
    TRY(cli_number(cli, "--seed", seeds, &seed, err));
    if (named && (strlen(named) != 10 || !time_of_day_start(named, &moment)))
        return error_set(err, STATUS_USAGE, "'%s' is not a date like 2026-11-20", named);
    if (!time_format_local(clock_wall_ms(&clock), day))
        return error_set(err, STATUS_BAD_INPUT, "this machine's clock shows no time");
    day[10] = '\0';
    const char *size = cli_value(cli, "--size");
    *wish = (struct demo_wish){
        .size = size ? size : "township", .seed = (uint64_t)seed, .day = named ? named : day};
    return STATUS_OK;
}

/* ---- as lines ---- */

static enum status print_line(json_t *line, struct error *err)
{
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    if (!text)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    bool written = puts(text) >= 0;
    free(text);
    return written ? STATUS_OK : error_set(err, STATUS_STORAGE, "cannot write the lines");
}

static enum status print_row(void *context, const struct demo_org *org, const struct demo_row *row,
                             struct error *err)
{
    const struct demo_wish *wish = context;
    const struct schema_table *table = schema_table_named(wish->schema, row->table);
    char id[ID_TEXT_BYTES];
    id_format(&row->id, id);
    json_t *line = json_pack("{ss ss sO}", "op", row->apart ? "set" : "add", "table", row->table,
                             "fields", row->fields);
    if (line && !id_is_zero(&row->id))
        json_object_set_new(line, "id", json_string(id));
    if (line && table && !table->scope_field && !row->apart && org->place > 0)
        json_object_set_new(line, "org", json_string(org->name));
    return print_line(line, err);
}

static enum status print_all(struct demo_wish *wish, struct error *err)
{
    struct schema *schema;
    struct demo_source *source;
    TRY(schema_load(&schema, builtin_schema(), err));
    wish->schema = schema;
    enum status status = demo_source_open(&source, wish, err);
    for (size_t i = 1; status == STATUS_OK && i < demo_source_orgs_count(source); i++) {
        const struct demo_org *org = demo_source_org(source, i);
        status =
            print_line(json_pack("{ss ss ss ss}", "op", "org", "kind", org->kind, "name", org->name,
                                 "parent", demo_source_org(source, org->parent)->name),
                       err);
    }
    for (size_t i = 0; status == STATUS_OK && i < demo_source_orgs_count(source); i++)
        status = demo_source_rows(source, demo_source_org(source, i), print_row, wish, err);
    demo_source_free(source);
    schema_free(schema);
    return status;
}

/* ---- into the hub ---- */

static enum status fill_hub(struct cli *cli, struct demo_wish *wish, struct demo_counts *counts,
                            struct error *err)
{
    struct hub hub = {0};
    struct hub_options options;
    struct demo_clock clock;
    struct demo_source *source = NULL;
    if (strcmp(wish->size, "province") == 0)
        return error_set(err, STATUS_USAGE, "a province is only printed: '%s'", "--lines");
    enum status status = hub_folder_unlock(cli, &options, err);
    options.clock = demo_clock_of(&clock);
    if (status == STATUS_OK)
        status = hub_open(&hub, &options, err);
    if (status == STATUS_OK) {
        wish->schema = replica_schema(hub.replica);
        status = demo_source_open(&source, wish, err);
    }
    if (status == STATUS_OK)
        status = demo_fill(&hub, &clock, source, counts, err);
    demo_source_free(source);
    hub_close(&hub);
    return status;
}

static int command_demo(struct cli *cli)
{
    struct error err = {0};
    struct demo_wish wish;
    struct demo_counts counts;
    char day[32];
    enum status status = wish_of(cli, &wish, day, &err);
    if (status == STATUS_OK && cli_has(cli, "--lines"))
        return print_all(&wish, &err) == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
    if (status == STATUS_OK)
        status = fill_hub(cli, &wish, &counts, &err);
    if (status != STATUS_OK)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(cli, json_pack("{sI sI sI}", "orgs", (json_int_t)counts.orgs, "rows",
                                             (json_int_t)counts.rows, "entries",
                                             (json_int_t)counts.entries));
    cli_say(cli, "%llu orgs, %llu rows in %llu entries", (unsigned long long)counts.orgs,
            (unsigned long long)counts.rows, (unsigned long long)counts.entries);
    return CLI_DONE;
}

/* clang-format off */
static const struct cli_flag demo_flags[] = {
    {"--size", "SIZE", {"township, city or province (township)",
                        "规模：township 镇、city 市、province 省（默认镇）"}, false},
    {"--seed", "N", {"other people, other visits (2026)", "随机种子（默认 2026）"}, false},
    {"--day", "DATE", {"the day that the records lead up to (today)", "记录截至的日期（默认今天）"}, false},
    {"--lines", NULL, {"print lines for 'jinqiu apply' instead of saving",
                       "不保存，改为打印 jinqiu apply 的行"}, false},
    {0}};

const struct cli_command demo_commands[] = {
    {"demo", "", {"fill a new hub with invented records", "用虚构记录填充新建的中心"}, demo_flags,
     "demo --dir D --size city --seed 7", 0, 0, command_demo},
    {0}};
/* clang-format on */
