#ifndef SERVER_LAPSE_H
#define SERVER_LAPSE_H

/* Devices that haven't been heard of for long are moved to *lapsed* by a signed entry of the
 * registry, so that one that lies in a drawer doesn't keep everybody from cleaning up
 * (docs/decisions/0034-cleaning-up-at-clients.md). It takes no right away, and ends when the device
 * comes, or when the bureau says so. */

#include <jansson.h>

#include "server/hub.h"

#define LAPSE_DAYS 180 /* unless the bureau chose another number */

/* Who is due lapses, at most LAPSE_MOST at a time: a clock that has jumped doesn't flood the
 * registry. In a transaction; the caller raises the beacon. */
#define LAPSE_MOST 100
enum status lapse_follow(struct hub *hub, struct error *err);
/* It is here: if it had lapsed, that is over. In a transaction. */
enum status lapse_end_seen(struct hub *hub, uint32_t device, struct error *err);
/* By hand; each has a transaction of its own. STATUS_EXISTS when it is so already. */
enum status lapse_set(struct hub *hub, const struct device *device, bool lapsed, struct error *err);
enum status lapse_set_days(struct hub *hub, int64_t days, struct error *err);
/* [{"device", "person", "org", "last_seen" (null: never)}]. Gives `list`. */
enum status lapse_list(struct hub *hub, json_t **list, struct error *err);

#endif
