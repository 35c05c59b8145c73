#ifndef SERVER_MAKER_H
#define SERVER_MAKER_H

/* Makes snapshots of scopes while the hub runs, one at a time, on a thread of its own: it reads on
 * a connection beside the storage thread's, and hands that thread one chunk after the other to
 * write, so that nobody waits for more than a chunk. What is ready stands in the replica
 * (common/replica_snapshot.h). */

#include "server/worker.h"

struct maker;
/* Borrows both. */
enum status maker_new(struct maker **maker, struct worker *worker,
                      const struct hub_options *options, struct error *err);
/* On the storage thread: begins with the scope, unless another one is in the making. False: it was
 * tried just now, in vain, or the hub is stopping. */
bool maker_want(struct maker *maker, uint32_t scope);
/* Breaks off what is in the making, while the storage thread still works. NULL is fine. */
void maker_stop(struct maker *maker);
/* After maker_stop, when no task of it is left. */
void maker_free(struct maker *maker);

#endif
