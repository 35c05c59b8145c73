/* add, set, delete, settle: one change, one entry, durable when the command returns. */

#include <stdio.h>

#include "client/command.h"
#include "client/command_write.h"
#include "client/settle.h"

static enum status save_edit(struct cli *cli, struct replica *replica, edit_builder *build,
                             struct saved *saved, size_t *entries, struct error *err)
{
    struct edit edit = {.replica = replica};
    size_t failed;
    TRY(replica_begin(replica, err));
    enum status status = build(cli, &edit, err);
    if (status == STATUS_OK)
        status = edit_finish(&edit, err);
    if (status == STATUS_OK && edit.change.kind == CHANGE_SETTLE)
        status = replica_settle(replica, &edit.change, saved, entries, err);
    else if (status == STATUS_OK)
        status = replica_save(replica, &edit.change, 1, saved, entries, &failed, err);
    if (status == STATUS_OK)
        status = replica_commit(replica, err);
    else
        replica_rollback(replica);
    edit_release(&edit);
    return status;
}

int command_write_row(struct cli *cli, edit_builder *build, bool tell_id)
{
    struct error err = {0};
    struct replica *replica = NULL;
    struct saved saved = {0};
    size_t entries = 0;
    char id[ID_TEXT_BYTES];
    enum status status = cli->program->open(cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = save_edit(cli, replica, build, &saved, &entries, &err);
    replica_close(replica);
    if (status != STATUS_OK)
        return cli_fail(cli, &err);
    id_format(&saved.id, id);
    if (cli->json)
        return cli_print_json(cli, json_pack("{ss sI}", "id", id, "entries", (json_int_t)entries));
    if (tell_id)
        printf("%s\n", id);
    return CLI_DONE;
}

enum status command_take_assignments(struct cli *cli, struct edit *edit, size_t from,
                                     struct error *err)
{
    for (size_t i = from; i < cli->arguments_count; i++)
        TRY(edit_assignment(edit, cli->arguments[i], err));
    return STATUS_OK;
}

static enum status build_add(struct cli *cli, struct edit *edit, struct error *err)
{
    TRY(edit_start(edit, edit->replica, CHANGE_ADD, cli->arguments[0], err));
    edit->thumbnail = cli_value(cli, "--thumbnail");
    if (cli_has(cli, "--id"))
        TRY(edit_row(edit, cli_value(cli, "--id"), err));
    if (cli_has(cli, "--org"))
        TRY(edit_org(edit, cli_value(cli, "--org"), err));
    return command_take_assignments(cli, edit, 1, err);
}

static enum status build_set(struct cli *cli, struct edit *edit, struct error *err)
{
    TRY(edit_start(edit, edit->replica, CHANGE_SET, cli->arguments[0], err));
    edit->thumbnail = cli_value(cli, "--thumbnail");
    TRY(edit_row(edit, cli->arguments[1], err));
    return command_take_assignments(cli, edit, 2, err);
}

static enum status build_delete(struct cli *cli, struct edit *edit, struct error *err)
{
    TRY(edit_start(edit, edit->replica, CHANGE_DELETE, cli->arguments[0], err));
    return edit_row(edit, cli->arguments[1], err);
}

int command_add(struct cli *cli)
{
    return command_write_row(cli, build_add, true);
}

int command_set(struct cli *cli)
{
    return command_write_row(cli, build_set, false);
}

int command_delete(struct cli *cli)
{
    return command_write_row(cli, build_delete, false);
}

/* ---- settle ---- */

static enum status build_settle(struct cli *cli, struct edit *edit, struct error *err)
{
    const char *field = cli->arguments[2];
    if (cli_has(cli, "--take") == cli_has(cli, "--value"))
        return error_set(err, STATUS_USAGE, "give either --take DOT or --value V");
    TRY(settle_start(edit, edit->replica, cli->arguments[0], cli->arguments[1], err));
    if (cli_has(cli, "--take"))
        return settle_take(edit, field, cli_value(cli, "--take"), err);
    return settle_text(edit, field, cli_value(cli, "--value"), err);
}

int command_settle(struct cli *cli)
{
    return command_write_row(cli, build_settle, false);
}
