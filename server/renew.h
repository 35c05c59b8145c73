#ifndef SERVER_RENEW_H
#define SERVER_RENEW_H

/* Another role or org for a device that stays the same: a newer certificate.
 *
 * What the hub holds of the device goes on counting by the older one. What comes beyond that is
 * judged by the new one, also if it was written before: it may be set aside then, and adopted. */

#include "server/hub.h"

struct renewal {
    enum role role;
    uint32_t org; /* number */
};

/* A transaction of its own. STATUS_DENIED for the hub itself, STATUS_TOO_LARGE when the device has
 * written in more places than a certificate can name. */
enum status hub_renew_device(struct hub *hub, const struct device *device,
                             const struct renewal *renewal, struct error *err);

#endif
