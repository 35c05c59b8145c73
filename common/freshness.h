#ifndef COMMON_FRESHNESS_H
#define COMMON_FRESHNESS_H

/* How far what this replica knows of everybody's rights lies behind (cf. the freeze attack of TUF).
 *
 * Beacons are numbered and signed by the authority, and any peer hands on the newest it has. The
 * hub alone hands over all that belongs to one. So when a beacon is known that is much newer than
 * the one of the last whole exchange with the hub, somebody may be keeping revocations back. Saving
 * never asks for this; admitting and exporting do. */

#include "common/replica.h"

#define FRESHNESS_BEACONS 30

/* An exchange with the hub came to its end: what belongs to the newest beacon is here. */
enum status freshness_note(struct replica *replica, struct error *err);
/* Beacons between the newest that is known and that exchange. The hub is never behind. */
enum status freshness_behind(struct replica *replica, uint64_t *beacons, struct error *err);
/* When the hub signed the beacon of that exchange, by its clock; 0: there was none yet. */
enum status freshness_as_of(struct replica *replica, uint64_t *time_ms, struct error *err);
/* STATUS_DENIED when it is more than FRESHNESS_BEACONS. */
enum status freshness_check(struct replica *replica, struct error *err);

#endif
