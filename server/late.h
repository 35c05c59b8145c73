#ifndef SERVER_LATE_H
#define SERVER_LATE_H

/* When was it really written? No clock is needed for an answer: an entry names the newest beacon
 * that its writer knew, so it was made after that; and it was here when the hub acknowledged it
 * (DESIGN 4.9). What a row claims, and what the writer's clock said, is compared with that.
 *
 *   late   the row claims an earlier day than the beacon: entered afterwards, which is allowed, and
 *          told
 *   future it claims a later day than its arrival
 *   clock  the writer's clock stood outside of the two
 * Claims are fields of type date or datetime whose default is now or today. */

#include <jansson.h>

#include "server/hub.h"

/* Call when something was stored, in its transaction: the feeds touched, as they stand. */
enum status late_note_arrival(struct hub *hub, const struct frontier *stored, struct error *err);
/* Call when a beacon was raised, in its transaction. */
enum status late_note_beacon(struct hub *hub, const struct beacon *beacon, struct error *err);
/* A beacon a day, so that brackets are narrow: raises one when the newest is older, behind what
 * the day brought by itself (lapse.h). In a transaction. */
enum status late_raise_beacon(struct hub *hub, struct error *err);

/* [{"kind","table","id","field","claimed","written","after","before","days","person","device",
 * "time","dot"}]. `days`: what is outside by no more isn't told. */
enum status late_list(struct hub *hub, int64_t days, json_t **list, struct error *err);

#endif
