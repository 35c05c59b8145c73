#ifndef PAPER_PRINTING_H
#define PAPER_PRINTING_H

/* The command print, for both programs: papers (paper.h) into files. */

#include "common/cli.h"

extern const struct cli_command printing_commands[];

#endif
