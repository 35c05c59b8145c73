#ifndef CLIENT_EXCHANGE_H
#define CLIENT_EXCHANGE_H

/* A session that a person asked for, with the hub or another client: the link (client/link.h), and
 * what belongs to it afterwards. */

#include "client/link.h"
#include "common/cli.h"

/* As link_run. Who was shown another registry than ours sends its own once more, and what differs
 * in it is kept as a proof (totals.split_view). */
enum status exchange_run(struct replica *replica, const struct link_options *options,
                         struct link_result *result, struct error *err);

/* Says now and then how much of a snapshot is here: for link_options.progress. */
void exchange_say_progress(const struct cli *cli, const struct session_totals *totals);

#endif
