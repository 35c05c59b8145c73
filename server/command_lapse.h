#ifndef SERVER_COMMAND_LAPSE_H
#define SERVER_COMMAND_LAPSE_H

/* jinqiud lapse [DEVICE]: devices that were silent for long, see lapse.h. */

#include "common/cli.h"

extern const struct cli_command lapse_commands[];

#endif
