/* status: who this replica is and how it stands. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command.h"
#include "client/self.h"
#include "common/grid.h"
#include "common/messages.h"
#include "common/reading_print.h"

static const struct cli_text labels[] = {
    {"device", "设备"},
    {"person", "使用者"},
    {"role", "角色"},
    {"org", "组织编号"},
    {"org name", "组织"},
    {"entries", "条目"},
    {"rows", "记录行"},
    {"conflicts", "待处理冲突"},
    {"set aside", "搁置的条目"},
    {"unsent", "未送出的条目"},
    {"taken by the hub not all", "中心未全部接收"},
    {"missing since a repair", "修复后待补回的条目"},
    {"carried here before their turn", "已带到、待补齐之前的条目"},
    {"bytes that came in part", "只到达一部分的字节"},
    {"last saves cut off", "最近保存被截断于"},
    {"damaged", "损坏"},
    {"last sync", "上次同步"},
    {"rights as of", "权限信息截至"},
    {"notices of the hub missed", "未收到的中心通告"},
    {"two registries shown", "出现两份名册"},
    {"clock offset, ms", "时钟偏差（毫秒）"}};

static void print_status(const json_t *status)
{
    static const char *const keys[] = {
        "device",        "person",     "role",           "org",     "org_name",  "entries",
        "rows",          "conflicts",  "set_aside",      "unsent",  "held",      "missing",
        "early",         "staged",     "end_lost",       "damaged", "last_sync", "rights_as_of",
        "rights_behind", "split_view", "clock_offset_ms"};
    struct grid grid = {.columns = 2};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *value = json_object_get(status, keys[i]);
        char number[32];
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        bool reason = strcmp(keys[i], "held") == 0;
        const char *text = json_is_string(value)
                               ? reason ? tr(json_string_value(value)) : json_string_value(value)
                           : json_is_integer(value) ? number
                           : json_is_true(value)    ? tr("yes")
                           : json_is_false(value)   ? tr("no")
                                                    : "-";
        if (grid_add(&grid, cli_text(&labels[i])) != STATUS_OK ||
            grid_add(&grid, text) != STATUS_OK)
            break;
    }
    grid_print(&grid, stdout);
    grid_release(&grid);
}

static enum status step_status(struct cli *cli, struct replica *replica, int *code,
                               struct error *err)
{
    json_t *made;
    TRY(self_status(replica, &made, err));
    if (cli->json) {
        *code = cli_print_json(cli, made);
        return STATUS_OK;
    }
    print_status(made);
    json_decref(made);
    return STATUS_OK;
}

int command_status(struct cli *cli)
{
    return reading_run(cli, step_status);
}
