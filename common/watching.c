#include "common/watching.h"

#include <stdio.h>

#include "common/alarm.h"
#include "common/consent.h"
#include "common/reading_print.h"
#include "common/view.h"

enum status watching_export(const struct cli *cli, const struct access *access, struct error *err)
{
    struct replica *replica = NULL;
    enum status status = cli->program->open(cli, false, &replica, err);
    if (status == STATUS_OK)
        status = consent_export(replica, access, err);
    replica_close(replica);
    return status;
}

/* ---- consent ---- */

static enum status step_asked(struct cli *cli, struct replica *replica, int *code,
                              struct error *err)
{
    static const struct reading_column columns[] = {
        {"id", {"id", "编号"}},           {"person", {"person", "申请人"}},
        {"table", {"table", "表"}},       {"rows", {"rows", "行数"}},
        {"purpose", {"purpose", "用途"}}, {"at", {"at", "时间"}},
        {"state", {"state", "状态"}},     {0}};
    json_t *list;
    (void)code;
    TRY(consent_asked(replica, &list, err));
    return reading_list(cli, list, columns, err);
}

static int give(struct cli *cli)
{
    struct error err = {0};
    struct replica *replica = NULL;
    struct id ask;
    enum status status = view_id(cli->arguments[0], &ask, &err);
    if (status == STATUS_OK)
        status = cli->program->open(cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = consent_give(replica, &ask, &err);
    replica_close(replica);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}

static int command_consent(struct cli *cli)
{
    return cli->arguments_count > 0 ? give(cli) : reading_run(cli, step_asked);
}

/* ---- alarms ---- */

static enum status find_alarms(const struct cli *cli, struct replica *replica, json_t **list,
                               struct error *err)
{
    const char *since = cli_value(cli, "--since");
    int64_t moment;
    if (!since)
        return alarm_recent(replica, list, err);
    if (!time_of_day_start(since, &moment))
        return error_set(err, STATUS_USAGE, "'%s' is not a date like 2026-11-20", since);
    return alarm_list(replica, since, list, err);
}

static enum status step_alarms(struct cli *cli, struct replica *replica, int *code,
                               struct error *err)
{
    static const struct reading_column columns[] = {
        {"day", {"day", "日期"}},       {"kind", {"kind", "事由"}},
        {"person", {"person", "人"}},   {"who", {"account", "账户"}},
        {"count", {"count", "数量"}},   {"limit", {"usual up to", "上限"}},
        {"device", {"device", "设备"}}, {0}};
    json_t *list;
    (void)code;
    TRY(find_alarms(cli, replica, &list, err));
    return reading_list(cli, list, columns, err);
}

static int command_alarms(struct cli *cli)
{
    return reading_run(cli, step_alarms);
}

/* clang-format off */
static const struct cli_flag alarms_flags[] = {
    {"--since", "DATE", {"from that day on (31 days ago)", "起始日期（默认 31 天前）"}, false},
    {0}};

const struct cli_command watching_commands[] = {
    {"consent", "[ASK]", {"consent to somebody's export; alone: what was asked in the last 7 days",
                          "同意他人的导出申请；不写编号则列出 7 天内的申请"}, NULL,
     "consent 0190b6f2a1c47d2e8f00112233445566", 0, 1, command_consent},
    {"alarms", "", {"unusual counts: exports without a second person, rows, reads, refusals",
                    "异常提示：未经他人同意的大量导出、导出或查阅过多、未生效条目过多"},
     alarms_flags, "alarms --json", 0, 0, command_alarms},
    {0}};
/* clang-format on */
