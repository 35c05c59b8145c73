#ifndef SERVER_COMMAND_DEMO_H
#define SERVER_COMMAND_DEMO_H

/* jinqiud demo: invented orgs and rows (server/demo_source.h), saved in a new hub or printed as
 * lines for `jinqiu apply`. */

#include "common/cli.h"

extern const struct cli_command demo_commands[];

#endif
