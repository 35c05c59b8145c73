#ifndef CLIENT_BACKGROUND_H
#define CLIENT_BACKGROUND_H

/* Syncing with the hub while the pages are open: a thread with its own replica of the folder and a
 * link that stays connected; when it breaks, the next try comes after a pause that grows.
 *
 * Tells the loop's thread whenever its state changes. The pages ask for the state and may ask for a
 * try at once. */

#include <jansson.h>
#include <uv.h>

#include "common/cli.h"

struct background; /* opaque */

/* Called on the loop's thread when the state changed. */
typedef void background_told(void *context);

/* `cli` names the folder and is borrowed until it is closed. */
enum status background_open(struct background **background, uv_loop_t *loop, const struct cli *cli,
                            background_told *told, void *context, struct error *err);
/* Don't wait out a pause: try now. */
void background_try(struct background *background);
/* {"state","since","error","settled","sent","received"}; state: "not_joined", "connecting",
 * "connected", "unreachable", "refused", "failed". since: of this state. settled: when all was last
 * exchanged, null before. Times are UTC. From any thread. Gives; NULL: out of memory. */
json_t *background_state(struct background *background);
/* Say goodbye to the hub and join the thread. `closed` comes on the loop; then it is gone. */
void background_close(struct background *background, void (*closed)(void *context), void *context);

#endif
