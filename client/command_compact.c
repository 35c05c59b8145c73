/* jinqiu compact: asks the hub what is stable, removes that from the log, and gives the room
 * back. */

#include <jansson.h>

#include "client/command.h"
#include "client/exchange.h"
#include "client/folder.h"
#include "client/remember.h"
#include "common/replica_clean.h"
#include "common/replica_stable.h"

static enum status ask(struct replica *replica, struct error *err)
{
    TRY(replica_begin(replica, err));
    enum status status = replica_stable_ask(replica, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

/* A session like any other. Without the hub what it told before still holds. */
static enum status hear(struct cli *cli, struct replica *replica, struct error *err)
{
    char address[HUB_ADDRESS_BYTES];
    struct link_options options = {.address = address};
    struct link_result result = {0};
    TRY(recall_hub(replica, address, options.link_key, err));
    TRY(ask(replica, err));
    enum status status = exchange_run(replica, &options, &result, err);
    if (status == STATUS_OK)
        return remember_sync(replica, err);
    if (status != STATUS_UNREACHABLE)
        return status;
    cli_say(cli, "the hub is out of reach: what it told last time decides");
    return STATUS_OK;
}

static int report(struct cli *cli, const struct cleaned *cleaned, uint64_t freed)
{
    if (cli->json)
        return cli_print_json(cli,
                              json_pack("{sI sI sI sI}", "entries", (json_int_t)cleaned->entries,
                                        "bytes", (json_int_t)cleaned->bytes, "scopes",
                                        (json_int_t)cleaned->scopes, "freed", (json_int_t)freed));
    if (cleaned->entries == 0)
        cli_say(cli, "nothing can go yet: every device that reads the records must hold them, and "
                     "so must two backups of the hub");
    else
        cli_say(cli,
                "%llu entries of others left the log, and are at the hub; the file is %llu KiB "
                "smaller",
                (unsigned long long)cleaned->entries, (unsigned long long)(freed / 1024));
    return CLI_DONE;
}

int command_compact(struct cli *cli)
{
    struct replica *replica = NULL;
    struct error err = {0};
    struct cleaned cleaned = {0};
    uint64_t freed = 0;
    enum status status = folder_open(cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = hear(cli, replica, &err);
    if (status == STATUS_OK)
        status = replica_clean(replica, &cleaned, &err);
    if (status == STATUS_OK)
        status = replica_shrink(replica, &freed, &err);
    int code = status == STATUS_OK ? report(cli, &cleaned, freed) : cli_fail(cli, &err);
    replica_close(replica);
    return code;
}
