#ifndef CLIENT_DEEPEN_H
#define CLIENT_DEEPEN_H

/* The log of scopes that came as a snapshot, fetched afterwards from the hub. */

#include "common/cli.h"

/* From now on the log of all of them is wanted: the next sessions bring it. *count: how many. */
enum status deepen_want(struct replica *replica, size_t *count, struct error *err);
/* cli_program.deepen: asks for it, and synchronises until it is here. STATUS_UNREACHABLE: what came
 * so far stays, and the next session goes on. */
enum status deepen(struct cli *cli, struct replica *replica, struct error *err);

#endif
