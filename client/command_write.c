/* add, set, delete, settle: one change, one entry, durable when the command returns. */

#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/edit.h"
#include "common/view.h"

typedef enum status edit_builder(struct cli *cli, struct edit *edit, struct error *err);

static enum status save_edit(struct cli *cli, struct replica *replica, edit_builder *build,
                             struct saved *saved, size_t *entries, struct error *err)
{
    struct edit edit = {.replica = replica};
    size_t failed;
    TRY(replica_begin(replica, err));
    enum status status = build(cli, &edit, err);
    if (status == STATUS_OK)
        status = edit_finish(&edit, err);
    if (status == STATUS_OK)
        status = replica_save(replica, &edit.change, 1, saved, entries, &failed, err);
    if (status == STATUS_OK)
        status = replica_commit(replica, err);
    else
        replica_rollback(replica);
    edit_release(&edit);
    return status;
}

/* Saves and, when `tell_id` or --json, prints the row's id. */
static int write_row(struct cli *cli, edit_builder *build, bool tell_id)
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

static enum status add_assignments(struct cli *cli, struct edit *edit, size_t from,
                                   struct error *err)
{
    for (size_t i = from; i < cli->arguments_count; i++)
        TRY(edit_assignment(edit, cli->arguments[i], err));
    return STATUS_OK;
}

static enum status build_add(struct cli *cli, struct edit *edit, struct error *err)
{
    TRY(edit_start(edit, edit->replica, CHANGE_ADD, cli->arguments[0], err));
    if (cli_has(cli, "--id"))
        TRY(edit_row(edit, cli_value(cli, "--id"), err));
    if (cli_has(cli, "--org"))
        TRY(edit_org(edit, cli_value(cli, "--org"), err));
    return add_assignments(cli, edit, 1, err);
}

static enum status build_set(struct cli *cli, struct edit *edit, struct error *err)
{
    TRY(edit_start(edit, edit->replica, CHANGE_SET, cli->arguments[0], err));
    TRY(edit_row(edit, cli->arguments[1], err));
    return add_assignments(cli, edit, 2, err);
}

static enum status build_delete(struct cli *cli, struct edit *edit, struct error *err)
{
    TRY(edit_start(edit, edit->replica, CHANGE_DELETE, cli->arguments[0], err));
    return edit_row(edit, cli->arguments[1], err);
}

int command_add(struct cli *cli)
{
    return write_row(cli, build_add, true);
}

int command_set(struct cli *cli)
{
    return write_row(cli, build_set, false);
}

int command_delete(struct cli *cli)
{
    return write_row(cli, build_delete, false);
}

/* ---- settle ---- */

struct taking {
    struct edit *edit;
    struct dot dot;
    uint16_t field;
    uint16_t group;
    bool found;
};

/* Any value that was ever saved may be taken; fields of one group are taken together. */
static enum status take_item(void *context, const struct history_item *item, struct error *err)
{
    struct taking *taking = context;
    const struct schema_field *field =
        item->field ? table_field(taking->edit->table, item->field) : NULL;
    bool same_group = taking->group != 0 && field && field->group == taking->group;
    if (!dot_equal(&item->dot, &taking->dot) || (item->field != taking->field && !same_group))
        return STATUS_OK;
    taking->found = true;
    return edit_value(taking->edit, item->field, item->value, err);
}

static enum status take_dot(struct cli *cli, struct edit *edit, const struct schema_field *field,
                            struct error *err)
{
    const char *text = cli_value(cli, "--take");
    struct taking taking = {.edit = edit,
                            .field = field ? field->number : FIELD_DELETED,
                            .group = field ? field->group : 0};
    if (!dot_parse(text, &taking.dot))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a dot like 3.1.2.17", text);
    TRY(replica_row_history(edit->replica, edit->table->number, &edit->change.id, take_item,
                            &taking, err));
    if (!taking.found)
        return error_set(err, STATUS_NOT_FOUND, "the entry '%s' didn't write field '%s'", text,
                         cli->arguments[2]);
    return STATUS_OK;
}

static enum status settle_deleted(struct edit *edit, const char *text, struct error *err)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "是") == 0;
    bool no = strcmp(text, "false") == 0 || strcmp(text, "0") == 0 || strcmp(text, "否") == 0;
    const uint8_t value = yes ? 0xc3 : 0xc2; /* MessagePack's true and false */
    if (!yes && !no)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is neither true nor false", text);
    return edit_value(edit, FIELD_DELETED, bytes_of(&value, 1), err);
}

static enum status build_settle(struct cli *cli, struct edit *edit, struct error *err)
{
    const struct schema_field *field = NULL;
    bool deleted = strcmp(cli->arguments[2], "_deleted") == 0;
    if (cli_has(cli, "--take") == cli_has(cli, "--value"))
        return error_set(err, STATUS_USAGE, "give either --take DOT or --value V");
    TRY(edit_start(edit, edit->replica, CHANGE_SETTLE, cli->arguments[0], err));
    TRY(edit_row(edit, cli->arguments[1], err));
    if (!deleted)
        TRY(view_field(edit->table, cli->arguments[2], &field, err));
    if (field && (field->merge == MERGE_SET || field->merge == MERGE_COUNTER))
        return error_set(err, STATUS_BAD_INPUT, "field '%s' is never in conflict", field->name);
    if (cli_has(cli, "--take"))
        return take_dot(cli, edit, field, err);
    if (deleted)
        return settle_deleted(edit, cli_value(cli, "--value"), err);
    return edit_text(edit, field, EDIT_ASSIGN, cli_value(cli, "--value"), err);
}

int command_settle(struct cli *cli)
{
    return write_row(cli, build_settle, false);
}
