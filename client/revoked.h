#ifndef CLIENT_REVOKED_H
#define CLIENT_REVOKED_H

/* What a device does when the hub says that it was revoked: whoever holds the machine is not to
 * write any more, nor, in an encrypted folder, to read. First of all nothing is lost: as long as
 * the hub lacks something that was saved here, all stays as it is and is tried again. */

#include "common/cli.h"
#include "common/replica.h"

enum revoked {
    REVOKED_UNSENT,    /* the hub lacks something: nothing was erased */
    REVOKED_READABLE,  /* the device's keys are gone; the folder was never encrypted */
    REVOKED_ALL_ERASED /* and those of the folder */
};
/* Durable when it returns. */
enum status revoked_obey(const struct cli *cli, struct replica *replica, enum revoked *left,
                         struct error *err);

#endif
