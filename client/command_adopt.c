/* adopt: what an entry that doesn't count wanted to write, saved again in the adopter's name. */

#include <stdio.h>

#include "client/command.h"
#include "common/view.h"

static enum status adopt_each(struct cli *cli, struct replica *replica, json_t *list,
                              struct error *err)
{
    char text[DOT_TEXT_BYTES];
    struct dot origin, as;
    for (size_t i = 0; i < cli->arguments_count; i++) {
        if (!dot_parse(cli->arguments[i], &origin))
            return error_set(err, STATUS_BAD_INPUT, "'%s' is not a dot like 3.1.2.17",
                             cli->arguments[i]);
        enum status status = replica_adopt(replica, &origin, &as, err);
        if (status != STATUS_OK) {
            error_wrap(err, "entry %s", cli->arguments[i]);
            return status;
        }
        dot_format(&as, text);
        json_array_append_new(list, json_string(text));
    }
    return STATUS_OK;
}

int command_adopt(struct cli *cli)
{
    struct error err = {0};
    struct replica *replica = NULL;
    json_t *list = json_array();
    enum status status = cli->program->open(cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = replica_begin(replica, &err);
    if (status == STATUS_OK) {
        status = adopt_each(cli, replica, list, &err);
        if (status == STATUS_OK)
            status = replica_commit(replica, &err);
        else
            replica_rollback(replica);
    }
    replica_close(replica);
    if (status != STATUS_OK) {
        json_decref(list);
        return cli_fail(cli, &err);
    }
    if (cli->json)
        return cli_print_json(cli, list);
    for (size_t i = 0; i < json_array_size(list); i++)
        puts(json_string_value(json_array_get(list, i)));
    json_decref(list);
    return CLI_DONE;
}
