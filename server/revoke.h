#ifndef SERVER_REVOKE_H
#define SERVER_REVOKE_H

/* Taking a device's rights. What it wrote up to the cut counts on; what lies beyond it is undone
 * on every replica that learns of it, stays readable, and can be adopted by somebody who may. */

#include "server/hub.h"

/* The cut is what the hub holds now, at most `last_good` of each of its feeds. A transaction of
 * its own. */
enum status hub_revoke(struct hub *hub, const struct device *device, uint64_t last_good,
                       struct error *err);

#endif
