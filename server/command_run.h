#ifndef SERVER_COMMAND_RUN_H
#define SERVER_COMMAND_RUN_H

/* jinqiud run: what its flags say, and the hub that serves until a signal. */

#include "common/cli.h"

#define RUN_ADDRESS "127.0.0.1:7411" /* where clients connect, unless something else is said */

extern const struct cli_command run_commands[];

#endif
