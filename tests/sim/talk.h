#ifndef TESTS_SIM_TALK_H
#define TESTS_SIM_TALK_H

/* Sessions of clients with the hub, several at a time, or with one another, without sockets.
 *
 * Drives protocol/session as client/link and server/connection do, with the hub's questions
 * answered in rounds of one transaction like server/worker. Which side is next, how the bytes are
 * cut to pieces and how long they travel follows from `chance`. A place whose disk dies on the way
 * falls silent; its process is left to the caller. */

#include "protocol/session.h"
#include "tests/sim/fleet.h"
#include "tests/support/chance.h"

struct talk_line {
    size_t client, with; /* with: the place that answers; 0: the hub */
    uint64_t cut;        /* the line dies after so many bytes of both sides; 0: never */
    uint64_t stall_ms;   /* it stands still for so long at `stall_at` bytes */
    uint64_t stall_at;
    uint32_t delay_ms; /* of each piece, at most */
    enum session_attachments attachments;
};

struct talk_end {
    bool done; /* a session that ended as it should */
    enum session_code code;
    struct session_totals totals;
    unsigned sessions; /* that it took */
    char why[160];
};

/* As `jinqiu sync` does it: one session, or some more where the client lived twice. False: some
 * session didn't end within any bound. `ends` has room for count. */
bool talk_sync(struct fleet *fleet, const struct talk_line *lines, size_t count,
               struct chance *chance, struct talk_end *ends);
/* One that must end well. */
void talk_quietly(struct fleet *fleet, size_t client);

#endif
