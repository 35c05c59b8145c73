#ifndef CLIENT_LOOKOUT_H
#define CLIENT_LOOKOUT_H

/* Who can be heard on the local network just now (client/hail.h). It listens only while somebody
 * asks, keeps a few of what came last, and says nothing itself.
 *
 * Whom a hail names is a guess that the handshake alone proves. A stranger can repeat one, and can
 * fill the list, LOOKOUT_EACH_MAX from one address; then an address is typed. Lives on the loop's
 * thread but for lookout_devices. */

#include <jansson.h>

#include "client/hail.h"
#include "common/registry.h"

#define LOOKOUT_MAX 64
#define LOOKOUT_EACH_MAX 4
#define LOOKOUT_MS 30000 /* it listens so long after it was asked to */
#define LOOKOUT_FORGET_MS (3 * HAIL_MS + 1000)

struct lookout; /* opaque */

enum status lookout_open(struct lookout **lookout, uv_loop_t *loop, struct error *err);
/* Listen from now on, LOOKOUT_MS long. */
void lookout_ask(struct lookout *lookout);
/* [{"device","person","role","org_name","address"}], the latest first: the devices of `registry`,
 * each once and without `self`, that were heard in the last LOOKOUT_FORGET_MS. From any thread.
 * Gives; NULL: out of memory. */
json_t *lookout_devices(struct lookout *lookout, const struct registry *registry, uint32_t self);
/* It is gone when the loop has closed its handles. NULL: nothing. */
void lookout_close(struct lookout *lookout);

#endif
