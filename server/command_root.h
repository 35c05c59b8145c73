#ifndef SERVER_COMMAND_ROOT_H
#define SERVER_COMMAND_ROOT_H

/* jinqiud root list, export, rotate, request, sign, apply: the keys that are seldom needed and may
 * live on sticks (common/root.h, docs/operator.md). */

#include "common/cli.h"

extern const struct cli_command root_commands[];

#endif
