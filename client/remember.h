#ifndef CLIENT_REMEMBER_H
#define CLIENT_REMEMBER_H

/* What a client keeps about its hub, as small values of the replica. */

#include "common/replica.h"
#include "protocol/session.h"

#define HUB_ADDRESS_BYTES 256

enum status remember_hub(struct replica *replica, const char *address,
                         const uint8_t link_key[DH_KEY_BYTES], struct error *err);
/* The newest link key that the registry has; before there is one, that of the invitation.
 * STATUS_NOT_FOUND: this replica never joined. */
enum status recall_hub(struct replica *replica, char address[HUB_ADDRESS_BYTES],
                       uint8_t link_key[DH_KEY_BYTES], struct error *err);
/* What this device tells the hub of its clock, once a day: seconds since 1970, or 0 when the last
 * session that ended well was today. */
uint64_t recall_clock_due_s(struct replica *replica);
/* A session just ended well: when, by our clock. */
enum status remember_sync(struct replica *replica, struct error *err);
/* The newest beacon that the hub handed over, after checking it. An invalid or older one is
 * ignored. */
/* The hub that we exchanged everything with; the next HELLO names it. */
enum status remember_lineage(struct replica *replica, uint64_t lineage, struct error *err);
/* A session ended well: with which lineage, and whether the hub held some of ours back. What a full
 * disk has no room for is noted another time. */
enum status remember_done(struct replica *replica, uint64_t lineage, enum session_code held,
                          struct error *err);
/* Why the hub took not all of ours when we last met it; SESSION_DONE: it took all. */
enum session_code recall_held(struct replica *replica);
enum status remember_beacon(struct replica *replica, struct bytes sealed, struct error *err);

#endif
