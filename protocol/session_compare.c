/* The responder remembers something else of the initiator than that has told it, or nothing: both
 * find out what the other one holds, and begin anew from there.
 *
 *   responder                         initiator
 *   SKETCH (20 feeds)  ------------>  decodes it
 *                      <------------  DIFFERENCE, runs …        both know now
 *                 or   <------------  WIDER 250                 once; then SKETCH again
 *                 or   <------------  WIDER 0
 *   HAVE (all of it)   ------------>
 *                      <------------  HAVE, runs … */

#include <string.h>

#include "common/frontier_sketch.h"
#include "protocol/session_state.h"

#define ROW_BYTES 5u /* of a row in HAVE, about */

/* ---- what the initiator makes of it ---- */

/* Own entries that the hub never acknowledged go out though it holds their numbers: it may hold
 * others under them, from another life of this device, and says so. At least the last one, and no
 * long tail. */
static void offer_own(struct session *session, const struct frontier *acknowledged)
{
    for (size_t i = 0; i < session->offered.count; i++) {
        struct frontier_row *row = &session->offered.rows[i];
        uint64_t ours = frontier_get(&session->ours, &row->feed);
        uint64_t from = frontier_get(acknowledged, &row->feed);
        if (row->feed.device != session->self || ours == 0)
            continue;
        if (from >= ours)
            from = ours - 1;
        if (ours - from > OWN_AGAIN_MAX)
            from = ours - OWN_AGAIN_MAX;
        if (row->number > from)
            row->number = from;
    }
}

/* What was said before rested on a wrong guess: begin anew from what the peer holds; takes `held`.
 * Until now `proven` was what we believed to be acknowledged, and what the first message carried:
 * that is offered again, too. */
static enum status begin_anew(struct session *session, struct frontier *held)
{
    struct frontier acknowledged = session->proven;
    session->proven = *held;
    *held = (struct frontier){0};
    enum status status = frontier_copy(&session->offered, &session->proven, NULL);
    if (status == STATUS_OK && session->options.role == SESSION_INITIATOR)
        offer_own(session, &acknowledged);
    frontier_release(&acknowledged);
    session->peer_known = session->load_due = session->changed = session->have_came = true;
    session->said_sent = session->peer_sent = false;
    return status;
}

enum status compare_take_have(struct session *session, struct bytes body)
{
    bool initiator = session->options.role == SESSION_INITIATOR;
    struct frontier held = {0};
    struct bytes encoded;
    /* A responder that could make nothing of DIFFERENCE says HAVE behind it, once. */
    if ((session->peer_known && session->sketched == 0) || !message_decode_bin(body, &encoded))
        return STATUS_PROTOCOL;
    session->sketched = 0;
    enum status status = frontier_decode(&held, encoded, NULL);
    if (status == STATUS_OK)
        status = begin_anew(session, &held);
    frontier_release(&held);
    TRY(status);
    return initiator ? out_have(session, &session->ours) : STATUS_OK;
}

static enum status put_difference(struct session *session,
                                  const struct sketch_difference *difference)
{
    struct message_difference message = {.rows = buffer_bytes(&difference->rows),
                                         .absent = buffer_bytes(&difference->absent)};
    struct hash digest;
    TRY(frontier_digest(&session->ours, &digest, NULL));
    memcpy(message.frontier, digest.bytes, SHORT_DIGEST_BYTES);
    session->speaks = true;
    return message_put_difference(&session->plain, &message);
}

/* More differs than the sketch could find: a wider one, if all of it wouldn't be shorter. */
static enum status ask_wider(struct session *session)
{
    bool again = session->sketched < SKETCH_FEEDS_MAX &&
                 session->ours.count * ROW_BYTES > SKETCH_BYTES(SKETCH_FEEDS_MAX);
    session->speaks = true;
    return message_put_number(&session->plain, MESSAGE_WIDER, again ? SKETCH_FEEDS_MAX : 0);
}

enum status compare_take_sketch(struct session *session, struct bytes body)
{
    struct sketch_difference difference = {0};
    struct frontier held = {0};
    struct bytes sketch;
    bool found = false;
    if (session->peer_known || !message_decode_bin(body, &sketch) ||
        sketch.size <= SKETCH_BYTES(session->sketched))
        return STATUS_PROTOCOL;
    session->sketched = (unsigned)(sketch.size / 8 - 1);
    enum status status = sketch_read(sketch, &session->ours, &found, &held, &difference, NULL);
    if (status == STATUS_OK)
        status = found ? put_difference(session, &difference) : ask_wider(session);
    if (status == STATUS_OK && found)
        status = begin_anew(session, &held);
    frontier_release(&held);
    sketch_difference_release(&difference);
    return status;
}

/* ---- what the responder says ---- */

static enum status out_sketch(struct session *session, unsigned feeds)
{
    struct buffer sketch = {0};
    enum status status = sketch_make(&session->compared, feeds, &sketch, NULL);
    if (status == STATUS_OK)
        status = message_put_bin(&session->plain, MESSAGE_SKETCH, buffer_bytes(&sketch));
    buffer_release(&sketch);
    session->sketched = feeds;
    return status;
}

static enum status say_all(struct session *session)
{
    session->sketched = 0;
    return out_have(session, &session->compared);
}

enum status compare_begin(struct session *session, const struct frontier *frontier)
{
    bool long_one = frontier->count * ROW_BYTES > SKETCH_BYTES(SKETCH_FEEDS);
    TRY(frontier_copy(&session->compared, frontier, NULL));
    return session->hello_sketches && long_one ? out_sketch(session, SKETCH_FEEDS)
                                               : say_all(session);
}

enum status compare_take_wider(struct session *session, struct bytes body)
{
    uint64_t feeds;
    if (session->peer_known || session->sketched == 0 || !message_decode_number(body, &feeds))
        return STATUS_PROTOCOL;
    if (feeds == 0)
        return say_all(session);
    bool more = feeds > session->sketched && feeds <= SKETCH_FEEDS_MAX;
    return more ? out_sketch(session, (unsigned)feeds) : STATUS_PROTOCOL;
}

static bool has_digest(const struct frontier *frontier, const uint8_t digest[SHORT_DIGEST_BYTES])
{
    struct hash own;
    return frontier_digest(frontier, &own, NULL) == STATUS_OK &&
           memcmp(own.bytes, digest, SHORT_DIGEST_BYTES) == 0;
}

enum status compare_take_difference(struct session *session, struct bytes body)
{
    struct message_difference difference;
    struct frontier held = {0};
    if (session->peer_known || session->sketched == 0 ||
        !message_decode_difference(body, &difference))
        return STATUS_PROTOCOL;
    enum status status =
        sketch_apply(&session->compared, difference.rows, difference.absent, &held, NULL);
    bool understood = status == STATUS_OK && has_digest(&held, difference.frontier);
    session->sketched = 0;
    if (status == STATUS_OK || status == STATUS_BAD_INPUT)
        status = understood ? begin_anew(session, &held) : say_all(session);
    frontier_release(&held);
    return status;
}
