#ifndef SERVER_DEVICE_LIST_H
#define SERVER_DEVICE_LIST_H

/* The devices of a hub as people see them, for the command and the console. */

#include <jansson.h>

#include "common/replica.h"

/* [{"id","person","role","org","state","last_seen","index"}]. state: active, revoked, or, with
 * proof set aside that it lives twice, forked. Gives *list, after a failure too. */
enum status device_list(struct replica *replica, json_t **list, struct error *err);
/* What the log says of each, added to that list: "entries", how many of its own the hub holds, and
 * "clock_ms", by how much the newest of them claims a later time than its arrival; 0: not at all.
 * (A clock that is behind can't be told from an entry that came late.) And what the device told:
 * "waiting", own entries that it had at the end of its last session and the hub hasn't; "told",
 * when it last told its "program" (a version) and how far its clock was before the hub's,
 * "clock_ahead_ms"; null: never. */
enum status device_list_add_log(struct replica *replica, json_t *list, struct error *err);

#endif
