#include "server/command_lapse.h"

#include "common/id.h"
#include "common/reading_print.h"
#include "server/hub_folder.h"
#include "server/lapse.h"

static enum status list_or_set_days(struct cli *cli, struct hub *hub, struct error *err)
{
    static const struct reading_column columns[] = {{"device", {"device", "设备"}},
                                                    {"person", {"person", "使用人"}},
                                                    {"org", {"org", "组织"}},
                                                    {"last_seen", {"last seen", "最近一次"}},
                                                    {0}};
    static const struct cli_range range = {1, 36500};
    int64_t days = 0;
    json_t *list;
    TRY(cli_number(cli, "--days", range, &days, err));
    if (days > 0)
        TRY(lapse_set_days(hub, days, err));
    TRY(lapse_list(hub, &list, err));
    return reading_list(cli, list, columns, err);
}

static enum status set_one(struct cli *cli, struct hub *hub, struct error *err)
{
    const struct registry *registry = replica_registry(hub->replica);
    const char *text = cli->arguments[0];
    struct id id;
    const struct device *device = id_parse(text, &id) ? registry_device_by_id(registry, &id) : NULL;
    if (!device)
        return error_set(err, STATUS_NOT_FOUND, "there is no device '%s'", text);
    return lapse_set(hub, device, !cli_has(cli, "--end"), err);
}

static int command_lapse(struct cli *cli)
{
    return hub_folder_run(cli, cli->arguments_count > 0 ? set_one : list_or_set_days);
}

/* clang-format off */
static const struct cli_flag lapse_flags[] = {
    {"--days", "N", {"silent for so many days (180) is long", "失联多少天算长期（默认 180）"}, false},
    {"--end", NULL, {"this device is waited for again", "重新等待此设备"}, false},
    {0}};

const struct cli_command lapse_commands[] = {
    {"lapse", "[DEVICE]",
     {"devices that were silent for long: nothing waits for them; with DEVICE: it is one",
      "长期失联、不再等待的设备；写明设备则把它列入"}, lapse_flags,
     "lapse --days 365", 0, 1, command_lapse},
    {0}};
/* clang-format on */
