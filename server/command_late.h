#ifndef SERVER_COMMAND_LATE_H
#define SERVER_COMMAND_LATE_H

/* jinqiud late: rows that claim another time than their entry's bracket allows (server/late.h). */

#include "common/cli.h"

extern const struct cli_command late_commands[];

#endif
