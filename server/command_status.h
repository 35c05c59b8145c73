#ifndef SERVER_COMMAND_STATUS_H
#define SERVER_COMMAND_STATUS_H

/* jinqiud status: numbers of the hub, and of the process that serves it. */

#include "common/cli.h"

int command_status(struct cli *cli);

#endif
