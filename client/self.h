#ifndef CLIENT_SELF_H
#define CLIENT_SELF_H

/* What a replica says about itself: for the command `status` and for the pages. */

#include <jansson.h>

#include "common/replica.h"

/* {"device","person","role","org","org_name","entries","rows","unsent","conflicts","set_aside",
 * "last_sync","clock_offset_ms"}, null for what isn't known. Catches up with other processes
 * first. Gives. */
enum status self_status(struct replica *replica, json_t **made, struct error *err);

#endif
