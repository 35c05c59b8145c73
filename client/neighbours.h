#ifndef CLIENT_NEIGHBOURS_H
#define CLIENT_NEIGHBOURS_H

/* Syncing with other clients of the local network while the pages are open: others sync here when a
 * person lets them (client/listen.h), newcomers with a code of this device (client/admit.h) among
 * them, and this device syncs with one of them when a person says so. Each runs on a thread with
 * its own replica of the folder, at most one of each at a time. Neither begins by itself. Who is
 * near: client/lookout.h. */

#include <jansson.h>
#include <uv.h>

#include "common/cli.h"

#define NEIGHBOURS_ADDRESS "0.0.0.0:7412" /* any other port when this one is taken */

struct neighbours; /* opaque */

/* Called on the loop's thread when the state changed. */
typedef void neighbours_told(void *context);

/* `cli` names the folder and is borrowed until they are closed. */
enum status neighbours_open(struct neighbours **neighbours, uv_loop_t *loop, const struct cli *cli,
                            neighbours_told *told, void *context, struct error *err);
/* Let others sync here, or no longer; no fault when it is so already. */
enum status neighbours_listen(struct neighbours *neighbours, bool on, struct error *err);
/* Sync with the one that listens at HOST:PORT. STATUS_BAD_INPUT for another text, STATUS_BUSY while
 * the last one is under way. */
enum status neighbours_meet(struct neighbours *neighbours, const char *address, struct error *err);
/* {"listening": ERRAND, "meeting": ERRAND}, an ERRAND being {"state","address","since","sent",
 * "received","met","error","admitted"}; state: "idle", "running", "done", "failed". address: where
 * others reach this device, or whom it syncs with. met: sessions. admitted: the last newcomer,
 * {"person","role","digits"}, or null. Times are UTC. Gives; NULL: out of memory. */
json_t *neighbours_state(struct neighbours *neighbours);
/* End both and join the threads. `closed` comes on the loop; then they are gone. */
void neighbours_close(struct neighbours *neighbours, void (*closed)(void *context), void *context);

#endif
