#include "server/command_status.h"

#include <stdio.h>

#include "common/view.h"
#include "server/hub_folder.h"
#include "server/running.h"
#include "server/standing.h"

int command_status(struct cli *cli)
{
    struct replica *replica = NULL;
    struct error err = {0};
    struct standing standing;
    enum status status = hub_folder_open(cli, true, &replica, &err);
    if (status == STATUS_OK)
        status = standing_read(replica, &standing, &err);
    if (status == STATUS_OK && view_begin(replica, NULL) == STATUS_OK) {
        standing_count_alarms(replica, &standing);
        view_end(replica);
    }
    replica_close(replica);
    if (status != STATUS_OK)
        return cli_fail(cli, &err);
    struct running_counts now = running_read(cli->directory);
    json_t *json = standing_json(&standing);
    json_object_set_new(json, "connected", json_integer(now.connected));
    json_object_set_new(json, "strangers", json_integer(now.strangers));
    if (json_is_true(json_object_get(json, "damaged"))) {
        cli_say(cli, "this replica is damaged: its tables or its log don't hold what was signed");
        cli_say(cli, "stop the hub, then '%s' mends what can be mended", "verify --repair");
    }
    if (cli->json)
        return cli_print_json(cli, json);
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value) printf(
        "%-10s %lld\n", key, json_is_true(value) ? 1ll : (long long)json_integer_value(value));
    json_decref(json);
    return CLI_DONE;
}
