#ifndef COMMON_READING_H
#define COMMON_READING_H

/* The commands that only read a replica, for both programs: list get history conflicts digest
 * verify export schema. They open it by the program's `open`, print the answer (a text table, or
 * JSON or CSV when asked) and close it. */

#include "common/cli.h"

/* Ends with a NULL name; put it into cli_program.commands. */
extern const struct cli_command reading_commands[];

#endif
