#include "server/command_escrow.h"

#include <sodium.h>
#include <stdio.h>

#include "server/escrow.h"
#include "server/hub_folder.h"

int command_escrow_key(struct cli *cli)
{
    struct error err = {0};
    struct hub_options options;
    uint8_t key[ESCROW_KEY_BYTES];
    char text[ESCROW_TEXT_MAX];
    enum status status = hub_folder_unlock(cli, &options, &err);
    if (status == STATUS_OK)
        status = escrow_public_key(&options, key, &err);
    if (status != STATUS_OK)
        return cli_fail(cli, &err);
    escrow_key_format(key, text);
    printf("%s\n", text);
    return CLI_DONE;
}

int command_escrow_open(struct cli *cli)
{
    struct error err = {0};
    struct hub_options options;
    struct escrow_request request;
    uint8_t code[RECOVERY_CODE_BYTES];
    char text[RECOVERY_CODE_TEXT];
    enum status status = escrow_request_parse(cli->arguments[0], &request, &err);
    if (status == STATUS_OK)
        status = hub_folder_unlock(cli, &options, &err);
    if (status == STATUS_OK)
        status = escrow_open(&options, &request, code, &err);
    if (status != STATUS_OK)
        return cli_fail(cli, &err);
    recovery_code_format(code, text);
    printf("%s\n", text);
    sodium_memzero(code, sizeof code);
    sodium_memzero(text, sizeof text);
    return CLI_DONE;
}
