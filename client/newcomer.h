#ifndef CLIENT_NEWCOMER_H
#define CLIENT_NEWCOMER_H

/* A folder that joins: its keys, the enrolment at the hub or at a device that admits
 * (client/admit.h), the first exchange. What the command and the pages do alike.
 *
 * Whoever was broken off begins again with the same code: the keys stay, and the admitting side
 * knows them. */

#include "client/admit.h"
#include "client/goodbye.h"
#include "client/link.h"
#include "common/cli.h"
#include "common/unlock.h"

struct newcomer {
    const char *code;
    struct unlock_choice choice; /* of a folder that holds nothing yet; borrowed */
    bool bare;                   /* the person agreed that the records lie there unencrypted */
    struct goodbye *goodbye;     /* NULL: signals end it */
    /* More of a snapshot is here. May be NULL. */
    void (*progress)(void *context, const struct session_totals *totals);
    void *context;
};

/* Has come what one needs to go on without the code: keys, registry, schema? What is still missing,
 * syncing brings. */
bool newcomer_arrived(const struct replica *replica);

/* Give the replica, enrolled and filled; and in `digits` what both screens must show, "" when the
 * hub itself admitted. STATUS_BAD_INPUT: no such code. STATUS_EXISTS: the folder belongs to another
 * network, is enrolled, or lies there unencrypted and isn't meant to. Else as link_run. After a
 * failure the folder stays as it is, and its replica is given where there is one. */
enum status newcomer_join(const struct cli *cli, const struct newcomer *newcomer,
                          struct replica **replica, char digits[ADMIT_DIGITS], struct error *err);

#endif
