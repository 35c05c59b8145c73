#ifndef SERVER_COMMAND_SCHEMA_H
#define SERVER_COMMAND_SCHEMA_H

/* jinqiud schema apply, schema form: the next epoch of the schema, shown as a difference first
 * (docs/schema.md, docs/operator.md). */

#include "common/cli.h"

extern const struct cli_command schema_commands[];

#endif
