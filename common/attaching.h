#ifndef COMMON_ATTACHING_H
#define COMMON_ATTACHING_H

/* The commands attachment list and attachment get, for both programs: what files rows have, and one
 * of them as a file again. */

#include "common/cli.h"

/* Ends with a NULL name; put it into cli_program.commands. */
extern const struct cli_command attaching_commands[];

#endif
