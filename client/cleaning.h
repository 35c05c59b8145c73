#ifndef CLIENT_CLEANING_H
#define CLIENT_CLEANING_H

/* When a client cleans up (common/replica_clean.h): because somebody asked for it, or by itself
 * after a session, where much can go. */

#include "common/replica_clean.h"

#define CLEANING_ENTRIES 10000    /* so many, or */
#define CLEANING_BYTES (4u << 20) /* so much, are worth it */

/* Looks once for each time that the hub told what is stable. What fails, fails quietly: nothing is
 * lost, and there is another week. `shrink`: the file may be written anew, which takes a while. */
void cleaning_after_session(struct replica *replica, bool shrink);

#endif
