#ifndef COMMON_UPDATING_H
#define COMMON_UPDATING_H

/* The commands about releases, for both programs: update check, for whoever got a package on a
 * stick; update key and update sign, for those who make one. None of them needs a network, and none
 * installs anything. */

#include "common/cli.h"

extern const struct cli_command updating_commands[];

#endif
