#include "server/command_quota.h"

#include "common/id.h"
#include "common/reading_print.h"
#include "server/hub_folder.h"
#include "server/quota.h"

#define MIB (1024ll * 1024)

static enum status print_quotas(struct cli *cli, struct hub *hub, struct error *err)
{
    static const struct reading_column columns[] = {{"device", {"device", "设备"}},
                                                    {"person", {"person", "使用人"}},
                                                    {"entries", {"entries today", "今日条目"}},
                                                    {"entries_max", {"at most", "上限"}},
                                                    {"bytes", {"bytes today", "今日字节"}},
                                                    {"bytes_max", {"at most", "上限"}},
                                                    {"held", {"waits", "有等候"}},
                                                    {0}};
    json_t *list;
    TRY(quota_list(hub, &list, err));
    return reading_list(cli, list, columns, err);
}

static enum status set_quota(struct cli *cli, struct hub *hub, struct error *err)
{
    static const struct cli_range entries_range = {1, 100000000}, mib_range = {1, 1000000};
    const struct registry *registry = replica_registry(hub->replica);
    const char *text = cli->arguments[0];
    int64_t entries = 0, mib = 0;
    struct id id;
    const struct device *device = id_parse(text, &id) ? registry_device_by_id(registry, &id) : NULL;
    if (!device)
        return error_set(err, STATUS_NOT_FOUND, "there is no device '%s'", text);
    TRY(cli_number(cli, "--entries", entries_range, &entries, err));
    TRY(cli_number(cli, "--mib", mib_range, &mib, err));
    return quota_set(hub, device->certificate.device,
                     (struct quota_limits){(uint64_t)entries, (uint64_t)(mib * MIB)}, err);
}

static int command_quota(struct cli *cli)
{
    return hub_folder_run(cli, cli->arguments_count > 0 ? set_quota : print_quotas);
}

static const struct cli_flag quota_flags[] = {
    {"--entries", "N", {"entries a day for this device", "此设备每日条目上限"}, false},
    {"--mib", "N", {"MiB a day for this device", "此设备每日 MiB 上限"}, false},
    {0}};

const struct cli_command quota_commands[] = {
    {"quota",
     "[DEVICE]",
     {"what devices brought today; with DEVICE: its own limits, none: as all",
      "各设备今日传入的数量；写明设备则设其上限，不写上限则同其他设备"},
     quota_flags,
     "quota 0190b6f2a1c47d2e8f00112233445566 --entries 100000",
     0,
     1,
     command_quota},
    {0}};
