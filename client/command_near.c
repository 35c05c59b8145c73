/* jinqiu near: which devices of the network can be heard on the local one, for sync --peer. */

#include "client/command.h"
#include "client/folder.h"
#include "client/lookout.h"
#include "common/reading_print.h"

#define HEAR_MS (2 * HAIL_MS + HAIL_MS / 2)

static void on_enough(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* Listen for HEAR_MS and give what was heard; NULL: out of memory. */
static json_t *hear(struct replica *replica, struct error *err)
{
    uv_loop_t loop;
    uv_timer_t enough;
    struct lookout *lookout;
    json_t *list = NULL;
    uv_loop_init(&loop);
    uv_timer_init(&loop, &enough);
    if (lookout_open(&lookout, &loop, err) == STATUS_OK) {
        lookout_ask(lookout);
        uv_timer_start(&enough, on_enough, HEAR_MS, 0);
        uv_run(&loop, UV_RUN_DEFAULT);
        list =
            lookout_devices(lookout, replica_registry(replica), replica_identity(replica)->device);
    }
    lookout_close(lookout);
    uv_close((uv_handle_t *)&enough, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return list;
}

int command_near(struct cli *cli)
{
    static const struct reading_column columns[] = {{"person", {"person", "使用人"}},
                                                    {"org_name", {"org", "组织"}},
                                                    {"role", {"role", "角色"}},
                                                    {"address", {"address", "地址"}},
                                                    {0}};
    struct replica *replica = NULL;
    struct error err = {0};
    json_t *list = NULL;
    enum status status = folder_open(cli, true, &replica, &err);
    if (status == STATUS_OK) {
        list = hear(replica, &err);
        if (!list)
            status = error_set(&err, STATUS_NO_MEMORY, "out of memory");
    }
    if (status == STATUS_OK)
        status = reading_list(cli, list, columns, &err);
    replica_close(replica);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}
