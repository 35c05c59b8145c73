#ifndef SERVER_COMMAND_QUOTA_H
#define SERVER_COMMAND_QUOTA_H

/* jinqiud quota: what devices brought today, and limits of their own (server/quota.h). */

#include "common/cli.h"

extern const struct cli_command quota_commands[];

#endif
