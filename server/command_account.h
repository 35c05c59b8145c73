#ifndef SERVER_COMMAND_ACCOUNT_H
#define SERVER_COMMAND_ACCOUNT_H

/* account add, passwd, totp, remove, list: who may sign in to the console. */

#include "common/cli.h"

/* Ends with a NULL name. */
extern const struct cli_command account_commands[];

#endif
