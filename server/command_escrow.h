#ifndef SERVER_COMMAND_ESCROW_H
#define SERVER_COMMAND_ESCROW_H

/* jinqiud escrow key, escrow open: the bureau's side of a forgotten passphrase. */

#include "common/cli.h"

int command_escrow_key(struct cli *cli);
int command_escrow_open(struct cli *cli); /* REQUEST */

#endif
