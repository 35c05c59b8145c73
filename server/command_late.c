#include "server/command_late.h"

#include "common/reading_print.h"
#include "server/hub_folder.h"
#include "server/late.h"

static enum status print_late(struct cli *cli, json_t *list, struct error *err)
{
    static const struct reading_column columns[] = {
        {"kind", {"kind", "情况"}},       {"days", {"days", "相差天数"}},
        {"claimed", {"claimed", "所填"}}, {"after", {"after", "不早于"}},
        {"before", {"before", "不晚于"}}, {"person", {"person", "人"}},
        {"table", {"table", "表"}},       {"id", {"id", "编号"}},
        {"dot", {"entry", "条目"}},       {0}};
    return reading_list(cli, list, columns, err);
}

static int command_late(struct cli *cli)
{
    struct hub hub = {0};
    struct error err = {0};
    json_t *list = NULL;
    int64_t days = 3;
    static const struct cli_range range = {0, 36500};
    enum status status = cli_number(cli, "--days", range, &days, &err);
    if (status == STATUS_OK)
        status = hub_folder_begin(cli, &hub, &err);
    if (status == STATUS_OK)
        status = late_list(&hub, days, &list, &err);
    if (status == STATUS_OK)
        status = print_late(cli, list, &err);
    return hub_folder_end(cli, &hub, status, &err);
}

static const struct cli_flag late_flags[] = {
    {"--days",
     "N",
     {"what is off by no more isn't told (3)", "相差不超过几天的不列（默认 3）"},
     false},
    {0}};

const struct cli_command late_commands[] = {
    {"late",
     "",
     {"what was entered afterwards, or under a wrong clock", "补记的、时钟不对的记录"},
     late_flags,
     "late --days 7 --json",
     0,
     0,
     command_late},
    {0}};
