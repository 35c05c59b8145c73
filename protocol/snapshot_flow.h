#ifndef PROTOCOL_SNAPSHOT_FLOW_H
#define PROTOCOL_SNAPSHOT_FLOW_H

/* Snapshots in a session: in place of the log of scopes of which the initiator holds nothing.
 * Private to protocol/.
 *
 *   R  holds the runs of such scopes back, and when all else is sent, for one after the other:
 *      SNAPSHOT -> <- FETCH  CHUNK … -> again until nothing is lacking   <- SETTLED
 *   I  keeps what has come whole and fits, over sessions, puts it in its place in the end, and says
 *      by HELD what it holds then.
 * Only the responder offers. One offer and one FETCH are open at a time. */

#include "protocol/session.h"
#include "protocol/snapshot_message.h"

struct session;

struct snapshot_flow {
    struct snapshot_given given; /* what is offered; by whom, the role says */
    bool offered;                /* SNAPSHOT was said, SETTLED wasn't */
    struct message_fetch fetch;  /* what of it is still to come */

    /* the responder's */
    bool look_due;      /* which scopes are to go so isn't known yet */
    uint32_t *scopes;   /* held back: */
    size_t count, at;   /* those before `at` for the rest of the session, then the one in turn */
    bool prepared;      /* `given` is its snapshot */
    unsigned tries;     /* ... so many times */
    bool giving;        /* `fetch` is open: */
    size_t given_bytes; /* of the part at its place */

    /* the initiator's */
    bool wish_due;      /* what is lacking isn't known */
    bool place_due;     /* nothing is */
    bool fetching;      /* `fetch` is open: */
    struct buffer part; /* of the part at its place */
    bool part_whole;
    bool draining; /* what still comes was asked for in vain */
    unsigned newer;
};

void snapshot_flow_release(struct snapshot_flow *flow);
/* Storage said with the first load which scopes are held back from it. */
enum status snapshot_flow_hold_back(struct session *session, const struct session_answer *answer);
/* The next question or message; *busy is false when there is nothing (more) to do. */
enum status snapshot_flow_next(struct session *session, bool *busy);
enum status snapshot_flow_answer(struct session *session, const struct session_answer *answer);
/* The disk was too full for the question. */
enum status snapshot_flow_full(struct session *session);

/* What arrived; STATUS_PROTOCOL. */
enum status snapshot_take_offer(struct session *session, struct bytes body);
enum status snapshot_take_fetch(struct session *session, struct bytes body);
enum status snapshot_take_chunk(struct session *session, struct bytes body);
enum status snapshot_take_settled(struct session *session, struct bytes body);

#endif
