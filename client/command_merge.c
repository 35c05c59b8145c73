/* merge and unmerge: two rows become one, and two again (client/merge.h). */

#include <stdio.h>

#include "client/command.h"
#include "client/merge.h"

typedef enum status merge_work(struct cli *cli, struct replica *replica, struct merged *pair,
                               struct error *err);

static enum status merge(struct cli *cli, struct replica *replica, struct merged *pair,
                         struct error *err)
{
    return merge_rows(replica, cli->arguments, pair, err);
}

static enum status unmerge(struct cli *cli, struct replica *replica, struct merged *pair,
                           struct error *err)
{
    return merge_undo(replica, cli->arguments[0], pair, err);
}

static enum status in_transaction(struct cli *cli, struct replica *replica, merge_work *work,
                                  struct merged *pair, struct error *err)
{
    TRY(replica_begin(replica, err));
    enum status status = work(cli, replica, pair, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

static int run_merge(struct cli *cli, merge_work *work)
{
    struct error err = {0};
    struct replica *replica = NULL;
    struct merged pair = {.differs = json_array()};
    char kept[ID_TEXT_BYTES];
    enum status status = cli->program->open(cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = in_transaction(cli, replica, work, &pair, &err);
    replica_close(replica);
    if (status != STATUS_OK) {
        json_decref(pair.differs);
        return cli_fail(cli, &err);
    }
    id_format(&pair.kept, kept);
    if (cli->json) {
        int code = cli_print_json(cli, merged_json(&pair));
        json_decref(pair.differs);
        return code;
    }
    for (size_t i = 0; i < json_array_size(pair.differs); i++)
        cli_say(cli, "they differ in '%s'", json_string_value(json_array_get(pair.differs, i)));
    json_decref(pair.differs);
    printf("%s\n", kept);
    return CLI_DONE;
}

int command_merge(struct cli *cli)
{
    return run_merge(cli, merge);
}

int command_unmerge(struct cli *cli)
{
    return run_merge(cli, unmerge);
}
