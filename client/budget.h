#ifndef CLIENT_BUDGET_H
#define CLIENT_BUDGET_H

/* --budget SIZE of a command that syncs: how much one session may carry before it leaves
 * attachments for another day. Records always go. */

#include "client/link.h"
#include "common/cli.h"

/* "200KB", "5MB", "4096"; 0: no attachments at all. STATUS_USAGE. */
enum status budget_choose(const struct cli *cli, struct link_options *options, struct error *err);

#endif
