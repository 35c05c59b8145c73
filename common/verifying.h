#ifndef COMMON_VERIFYING_H
#define COMMON_VERIFYING_H

/* The command verify, for both programs: checks the whole replica, and with --repair mends what is
 * wrong with it (repair.h). With --deep the log of what came as a snapshot is fetched first, and
 * compared with it. Exit code 1 when something is damaged, also after a repair that lost
 * something. */

#include "common/cli.h"

int verifying_command(struct cli *cli);
extern const struct cli_flag verifying_flags[];

#endif
