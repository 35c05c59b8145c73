#ifndef PROTOCOL_ATTACHMENT_FLOW_H
#define PROTOCOL_ATTACHMENT_FLOW_H

/* Attachments in a session, after everything else has been exchanged. Private to protocol/.
 *
 *   I  OFFER: what it has, what it seeks  ->  <-  OFFER: of what it was asked for; what it has  R
 *   each side, for what it was offered and lacks:
 *      WANT -> <- UNIT … (NONE)   again until it is whole, then WANT of nothing more
 *   each side: ENOUGH, when it wants nothing more of what was offered
 * The initiator begins, and offers again while there is more. One WANT of each side is open at a
 * time. Units that weren't wanted, or not at that place, break a rule; one that isn't what the
 * attachment's root says is dropped with the rest of that WANT. */

#include "protocol/attachment_message.h"
#include "protocol/session.h"

struct session;

struct attachment_flow {
    /* what we lack */
    struct message_offer *offered; /* by the peer; NULL: nothing yet, as in most sessions */
    size_t offered_at;             /* looked at so far */
    bool enough_due;               /* the peer waits for our ENOUGH */
    bool wishing;                  /* not all that was offered was looked at */
    bool wanting;                  /* a WANT is open: */
    struct message_want want;      /* what is still to come of it */
    bool dropping;                 /* what still comes of it isn't kept */
    struct buffer units;           /* that came and are to be kept */
    uint32_t units_from, units_count;

    /* what the peer lacks */
    bool offering;  /* there may be something to offer or to seek */
    bool offer_out; /* ENOUGH hasn't come for our OFFER */
    bool peer_has;  /* the peer offered something for our last OFFER */
    struct attachment_mark offer_mark, seek_mark;
    bool giving; /* its WANT is open: */
    struct message_want give;
    struct attachment_name *sent; /* that the hub holds, to be noted; OFFER_NAMES_MAX, or NULL */
    size_t sent_count;
};

/* New entries came or were saved: look again. */
void attachment_flow_again(struct session *session);
/* The next question or message; *busy is false when there is nothing (more) to do. */
enum status attachment_flow_next(struct session *session, bool *busy);
enum status attachment_flow_answer(struct session *session, const struct session_answer *answer);
/* The disk was too full for the question. */
enum status attachment_flow_full(struct session *session);
void attachment_flow_release(struct attachment_flow *flow);

/* What arrived; STATUS_PROTOCOL. */
enum status attachment_take_offer(struct session *session, struct bytes body);
enum status attachment_take_want(struct session *session, struct bytes body);
enum status attachment_take_unit(struct session *session, struct bytes body);
enum status attachment_take_none(struct session *session, struct bytes body);
enum status attachment_take_enough(struct session *session, struct bytes body);

#endif
