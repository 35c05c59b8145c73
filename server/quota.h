#ifndef SERVER_QUOTA_H
#define SERVER_QUOTA_H

/* How much the hub takes of one device on one day (UTC): so many entries and bytes of runs, whoever
 * wrote them. What goes beyond stays at the device and is taken on another day, or when the bureau
 * raises the limit; nothing is dropped. Only what is new to the hub counts. A run is taken whole,
 * so a day may end one run above the limit. */

#include <jansson.h>

#include "protocol/storage.h"
#include "server/hub.h"

#define QUOTA_ENTRIES 20000u
#define QUOTA_BYTES (64ull * 1024 * 1024)

/* storage_host.admit; `context` is the struct hub. In a transaction. */
enum status quota_admit(void *context, struct replica *replica,
                        const struct storage_arrival *arrival, enum session_code *hold,
                        struct error *err);
/* From now on `device` has limits of its own; 0: as all others. */
enum status quota_set(struct hub *hub, uint32_t device, struct quota_limits limits,
                      struct error *err);
/* Devices that brought something today or have limits of their own: [{device, person, entries,
 * bytes, entries_max, bytes_max, held}]. `held`: it had to wait today. Gives. */
enum status quota_list(struct hub *hub, json_t **list, struct error *err);
/* How many devices had to wait today. */
enum status quota_count_held(struct replica *replica, int64_t *held, struct error *err);

#endif
