#ifndef SERVER_COMMAND_ERASE_H
#define SERVER_COMMAND_ERASE_H

/* jinqiud erase, erasures: what is sealed about a person goes (server/erase.h). */

#include "common/cli.h"

extern const struct cli_command erase_commands[];

#endif
