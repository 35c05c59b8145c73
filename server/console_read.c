/* What only the console reads: how the hub stands, its devices, its accounts. On a desk. */

#include "server/console_state.h"
#include "server/device_list.h"
#include "server/standing.h"

enum status console_status(struct api_call *call, struct error *err)
{
    struct standing standing;
    char now[32];
    const struct registry *registry = replica_registry(call->replica);
    TRY(standing_read(call->replica, &standing, err));
    standing_count_alarms(call->replica, &standing);
    call->answer = standing_json(&standing);
    time_format(clock_wall_ms(replica_clock(call->replica)), now);
    json_object_set_new(call->answer, "now", json_string(now));
    json_object_set_new(call->answer, "name", json_string(registry_org(registry, ORG_ROOT)->name));
    json_object_set_new(call->answer, "version", json_string(JINQIU_VERSION));
    return STATUS_OK;
}

enum status console_devices(struct api_call *call, struct error *err)
{
    json_t *list;
    enum status status = device_list(call->replica, &list, err);
    call->answer = json_pack("{so}", "devices", list);
    TRY(status);
    return device_list_add_log(call->replica, list, err);
}

enum status console_accounts(struct api_call *call, struct error *err)
{
    json_t *list;
    TRY(account_list(call->replica, &list, err));
    call->answer = json_pack("{so}", "accounts", list);
    return STATUS_OK;
}
