#include "server/command_status.h"

#include <stdio.h>

#include "common/alarm.h"
#include "common/view.h"
#include "server/hub_folder.h"
#include "server/quota.h"
#include "server/running.h"

/* -1: they can't be counted. */
static json_int_t alarms_count(struct replica *replica)
{
    json_t *list = NULL;
    if (view_begin(replica, NULL) != STATUS_OK)
        return -1;
    enum status status = alarm_recent(replica, &list, NULL);
    view_end(replica);
    json_int_t count = status == STATUS_OK ? (json_int_t)json_array_size(list) : -1;
    json_decref(list);
    return count;
}

int command_status(struct cli *cli)
{
    struct replica *replica = NULL;
    struct error err = {0};
    struct replica_counts counts;
    enum status status = hub_folder_open(cli, true, &replica, &err);
    if (status == STATUS_OK)
        status = replica_counts(replica, &counts, &err);
    if (status != STATUS_OK) {
        replica_close(replica);
        return cli_fail(cli, &err);
    }
    json_int_t devices = (json_int_t)registry_devices_count(replica_registry(replica));
    struct running_counts now = running_read(cli->directory);
    struct buffer fault = {0};
    replica_meta_get(replica, META_SCRUB_FAULT, &fault, NULL);
    json_t *json = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b}", "entries",
        (json_int_t)counts.entries, "rows", (json_int_t)counts.rows, "devices", devices,
        "connected", (json_int_t)now.connected, "strangers", (json_int_t)now.strangers, "conflicts",
        (json_int_t)counts.conflicts, "rejected", (json_int_t)counts.set_aside, "over_quota",
        quota_held_count(replica), "missing", (json_int_t)counts.missing, "alarms",
        alarms_count(replica), "damaged", fault.size > 0, "disk_full", replica_disk_full(replica));
    buffer_release(&fault);
    replica_close(replica);
    if (cli->json)
        return cli_print_json(cli, json);
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value) printf(
        "%-10s %lld\n", key, json_is_true(value) ? 1ll : (long long)json_integer_value(value));
    json_decref(json);
    return CLI_DONE;
}
