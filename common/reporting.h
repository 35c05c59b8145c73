#ifndef COMMON_REPORTING_H
#define COMMON_REPORTING_H

/* The commands report and due, for both programs (common/report.h). */

#include "common/cli.h"

/* Ends with a NULL name; put it into cli_program.commands. */
extern const struct cli_command reporting_commands[];

#endif
