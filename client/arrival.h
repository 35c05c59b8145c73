#ifndef CLIENT_ARRIVAL_H
#define CLIENT_ARRIVAL_H

/* A joining that the pages wait for (client/newcomer.h), on one of libuv's threads. Lives on the
 * loop's thread; when it is over the folder is closed again, and its vault is open in `cli`. */

#include <uv.h>

#include "client/newcomer.h"

struct arrival; /* opaque */

/* What the person said. Both are taken, wiped and freed. */
struct arrival_wish {
    struct passphrase *code;
    struct passphrase *secret; /* NULL: the records lie there unencrypted */
};
void arrival_wish_release(struct arrival_wish *wish);
/* How far it is. */
struct arrival_progress {
    uint64_t parts, parts_here; /* of a snapshot; 0 while none is on its way */
};
/* What the person is to see: what both screens must show, or ""; and what opens the folder when the
 * passphrase is forgotten, "" where it isn't encrypted. */
struct arrival_news {
    char digits[ADMIT_DIGITS];
    char recovery[RECOVERY_CODE_TEXT];
};
/* On the loop; the arrival is gone then. A line that broke behind the enrolment is no failure:
 * syncing goes on. `news` is wiped afterwards. */
typedef void arrival_over(void *context, const struct arrival_news *news, const struct error *err);

struct arrival_options {
    const struct cli *cli; /* names the folder, keeps its keys; borrowed */
    arrival_over *over;
    void *context;
};
/* STATUS_BAD_INPUT: a passphrase that is worth nothing; STATUS_NO_MEMORY. Takes `wish` anyway. */
enum status arrival_begin(struct arrival **arrival, uv_loop_t *loop,
                          const struct arrival_options *options, struct arrival_wish *wish,
                          struct error *err);
struct arrival_progress arrival_progress(struct arrival *arrival);
/* Break it off; `over` still comes. */
void arrival_break_off(struct arrival *arrival);

#endif
