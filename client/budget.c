#include "client/budget.h"

enum status budget_choose(const struct cli *cli, struct link_options *options, struct error *err)
{
    TRY(cli_size(cli, "--budget", &options->budget_bytes, err));
    if (cli_has(cli, "--budget") && options->budget_bytes == 0)
        options->attachments = SESSION_ATTACHMENTS_NONE;
    return STATUS_OK;
}
