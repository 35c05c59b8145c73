/* attachment fetch: asks for the file of a row, now. */

#include "client/budget.h"
#include "client/command.h"
#include "client/remember.h"
#include "common/view_attachment.h"

static enum status find(struct cli *cli, struct replica *replica, struct attachment_head *head,
                        struct error *err)
{
    struct view_attachment_place place = {cli->arguments[0], cli->arguments[1],
                                          cli->arguments_count > 2 ? cli->arguments[2] : NULL};
    struct attachment_description described;
    struct buffer plain = {0};
    enum status status = view_attachment(replica, &place, &plain, err);
    if (status == STATUS_OK)
        attachment_plain_read(head, &described, buffer_bytes(&plain));
    buffer_release(&plain);
    return status;
}

static enum status ask(struct cli *cli, struct replica *replica, struct attachment_head *head,
                       struct error *err)
{
    TRY(replica_begin(replica, err));
    enum status status = find(cli, replica, head, err);
    if (status == STATUS_OK)
        status = replica_attachment_want(replica, &head->file, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

static enum status fetch(struct cli *cli, struct replica *replica, struct link_result *result,
                         struct error *err)
{
    char address[HUB_ADDRESS_BYTES];
    struct link_options options = {.attachments = SESSION_ATTACHMENTS_ASKED, .address = address};
    const char *peer = cli_value(cli, "--peer");
    TRY(budget_choose(cli, &options, err));
    if (peer) {
        options.address = peer;
        options.peer = true;
    } else {
        TRY(recall_hub(replica, address, options.link_key, err));
    }
    return link_run(replica, &options, result, err);
}

static int report(struct cli *cli, struct replica *replica, const struct attachment_head *head,
                  const struct link_result *result)
{
    struct attachment_state state = {.units = 1};
    struct error err = {0};
    bool found;
    if (replica_attachment_find(replica, &head->file, &state, &found, &err) != STATUS_OK)
        return cli_fail(cli, &err);
    bool here = state.held == state.units;
    if (cli->json)
        cli_print_json(cli, json_pack("{sb sI sI sI}", "here", here, "held", (json_int_t)state.held,
                                      "units", (json_int_t)state.units, "bytes_in",
                                      (json_int_t)result->totals.bytes_in));
    if (!here)
        cli_say(cli, "%u of %u parts are here; the rest comes when somebody has it",
                (unsigned)state.held, (unsigned)state.units);
    return here ? CLI_DONE : CLI_FAILED;
}

int command_attachment_fetch(struct cli *cli)
{
    struct error err = {0};
    struct replica *replica = NULL;
    struct attachment_head head = {0};
    struct attachment_state state = {.units = 1};
    struct link_result result = {0};
    bool found;
    enum status status = cli->program->open(cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = ask(cli, replica, &head, &err);
    if (status == STATUS_OK)
        status = replica_attachment_find(replica, &head.file, &state, &found, &err);
    if (status == STATUS_OK && state.held < state.units)
        status = fetch(cli, replica, &result, &err);
    int code = status == STATUS_OK ? report(cli, replica, &head, &result) : cli_fail(cli, &err);
    replica_close(replica);
    return code;
}
