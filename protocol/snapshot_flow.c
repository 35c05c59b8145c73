/* Who offers, who fetches, and how it ends: what snapshot_flow.h draws. */

#include "protocol/snapshot_flow.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/session_state.h"

#define GIVE_BYTES (4 * CHUNK_PIECE_BYTES) /* of one question */
#define TRIES_MAX 3u

static bool is_initiator(const struct session *session)
{
    return session->options.role == SESSION_INITIATOR;
}

void snapshot_flow_release(struct snapshot_flow *flow)
{
    free(flow->scopes);
    buffer_release(&flow->part);
}

static void ask(struct session *session, enum snapshot_step step)
{
    session->question.snapshot.step = step;
    session->question.snapshot.given = session->snapshots.given;
    flow_ask(session, ASK_SNAPSHOT);
}

/* Does a message speak of the offer that is open? */
static bool is_offered(const struct snapshot_flow *flow, uint32_t scope, const struct hash *name)
{
    return flow->offered && scope == flow->given.scope &&
           memcmp(name, &flow->given.name, sizeof *name) == 0;
}

static enum status say_settled(struct session *session, enum snapshot_code code)
{
    struct snapshot_flow *flow = &session->snapshots;
    struct message_settled settled = {flow->given.scope, flow->given.name, (uint64_t)code};
    flow->offered = false;
    return message_put_settled(&session->plain, &settled);
}

/* ---- the responder ---- */

enum status snapshot_flow_hold_back(struct session *session, const struct session_answer *answer)
{
    struct snapshot_flow *flow = &session->snapshots;
    flow->look_due = false;
    if (answer->held_back_count == 0)
        return STATUS_OK;
    size_t size = answer->held_back_count * sizeof *flow->scopes;
    flow->scopes = malloc(size);
    if (!flow->scopes)
        return STATUS_NO_MEMORY;
    memcpy(flow->scopes, answer->held_back, size);
    flow->count = answer->held_back_count;
    return STATUS_OK;
}

/* The scope in turn is held back no longer: its log goes out, or what of it is still lacking. */
static void let_go(struct session *session)
{
    struct snapshot_flow *flow = &session->snapshots;
    flow->count--;
    memmove(flow->scopes + flow->at, flow->scopes + flow->at + 1,
            (flow->count - flow->at) * sizeof *flow->scopes);
    flow->tries = 0;
    session->load_due = true;
}

/* Another one of the same scope, unless that has been tried too often. */
static void prepare_again(struct session *session)
{
    if (++session->snapshots.tries >= TRIES_MAX)
        let_go(session);
}

/* The registry may have gone on while it was made: that is loaded before the offer is said. */
static void answer_prepare(struct session *session, const struct snapshot_answer *answer)
{
    struct snapshot_flow *flow = &session->snapshots;
    if (!answer->found) {
        let_go(session);
        return;
    }
    flow->given = answer->given;
    flow->prepared = true;
    session->load_due = true;
}

static enum status put_offer(struct session *session)
{
    session->snapshots.prepared = false;
    session->snapshots.offered = true;
    return message_put_snapshot(&session->plain, &session->snapshots.given);
}

static enum status put_pieces(struct session *session, const struct snapshot_answer *answer)
{
    struct snapshot_flow *flow = &session->snapshots;
    for (size_t at = 0; at < answer->bytes.size; at += CHUNK_PIECE_BYTES) {
        size_t left = answer->bytes.size - at;
        struct message_chunk chunk = {
            .place = flow->fetch.place,
            .bytes = (uint32_t)answer->whole,
            .piece = bytes_of(answer->bytes.data + at,
                              left < CHUNK_PIECE_BYTES ? left : CHUNK_PIECE_BYTES)};
        TRY(message_put_chunk(&session->plain, &chunk));
    }
    return STATUS_OK;
}

static enum status answer_give(struct session *session, const struct snapshot_answer *answer)
{
    struct snapshot_flow *flow = &session->snapshots;
    if (!answer->found) {
        flow->giving = false;
        prepare_again(session);
        return say_settled(session, SNAPSHOT_GONE);
    }
    TRY(put_pieces(session, answer));
    flow->given_bytes += answer->bytes.size;
    if (flow->given_bytes < answer->whole)
        return STATUS_OK;
    flow->given_bytes = 0;
    flow->fetch.place++;
    flow->giving = --flow->fetch.count > 0;
    return STATUS_OK;
}

static void ask_give(struct session *session)
{
    const struct snapshot_flow *flow = &session->snapshots;
    struct snapshot_question *question = &session->question.snapshot;
    question->place = flow->fetch.place;
    question->from = flow->given_bytes;
    question->most = GIVE_BYTES;
    ask(session, SNAPSHOT_GIVE);
}

enum status snapshot_take_fetch(struct session *session, struct bytes body)
{
    struct snapshot_flow *flow = &session->snapshots;
    struct message_fetch fetch;
    if (!message_decode_fetch(body, &fetch))
        return STATUS_PROTOCOL;
    if (!is_offered(flow, fetch.scope, &fetch.name))
        return STATUS_OK; /* it crossed our SETTLED */
    if (flow->giving || fetch.place > flow->given.chunks ||
        fetch.count > flow->given.chunks + 1 - fetch.place)
        return STATUS_PROTOCOL;
    flow->fetch = fetch;
    flow->giving = true;
    flow->given_bytes = 0;
    return STATUS_OK;
}

static enum status taker_settled(struct session *session, uint64_t code)
{
    struct snapshot_flow *flow = &session->snapshots;
    flow->offered = flow->giving = false;
    if (code == SNAPSHOT_NEWER)
        prepare_again(session);
    else if (code != SNAPSHOT_LATER)
        let_go(session);
    else
        flow->at++;
    return STATUS_OK;
}

static enum status next_of_giver(struct session *session, bool *busy)
{
    struct snapshot_flow *flow = &session->snapshots;
    *busy = flow->offered || (flow->at < flow->count && session->totals.held == SESSION_DONE);
    if (!*busy)
        return STATUS_OK;
    session->idle = false;
    if (flow->giving && !session->congested)
        ask_give(session);
    if (flow->offered)
        return STATUS_OK;
    if (flow->prepared)
        return put_offer(session);
    session->question.snapshot.scope = flow->scopes[flow->at];
    ask(session, SNAPSHOT_PREPARE);
    return STATUS_OK;
}

/* ---- the initiator ---- */

enum status snapshot_take_offer(struct session *session, struct bytes body)
{
    struct snapshot_flow *flow = &session->snapshots;
    if (flow->offered || !message_decode_snapshot(body, &flow->given))
        return STATUS_PROTOCOL;
    flow->offered = flow->wish_due = true;
    flow->draining = false;
    session->totals.snapshot_parts = flow->given.chunks;
    session->totals.snapshot_parts_here = 0;
    return STATUS_OK;
}

static enum status settle(struct session *session, enum snapshot_code code)
{
    struct snapshot_flow *flow = &session->snapshots;
    flow->draining = flow->fetching;
    flow->wish_due = flow->place_due = flow->fetching = flow->part_whole = false;
    buffer_release(&flow->part);
    if (code == SNAPSHOT_NEWER && ++flow->newer > TRIES_MAX)
        code = SNAPSHOT_LOG;
    return say_settled(session, code);
}

/* How large may the part be that comes next? The head's size was said. */
static bool has_right_size(const struct snapshot_flow *flow, uint32_t bytes)
{
    if (flow->fetch.place == 0)
        return bytes == flow->given.sealed_bytes + flow->given.chunks * HASH_BYTES;
    return bytes <= CHUNK_FRAME_MAX;
}

enum status snapshot_take_chunk(struct session *session, struct bytes body)
{
    struct snapshot_flow *flow = &session->snapshots;
    struct message_chunk chunk;
    if (!message_decode_chunk(body, &chunk))
        return STATUS_PROTOCOL;
    if (flow->draining)
        return STATUS_OK;
    if (!flow->fetching || chunk.place != flow->fetch.place || !has_right_size(flow, chunk.bytes) ||
        chunk.piece.size > chunk.bytes - flow->part.size)
        return STATUS_PROTOCOL;
    TRY(buffer_append_bytes(&flow->part, chunk.piece));
    flow->part_whole = flow->part.size == chunk.bytes;
    return STATUS_OK;
}

static enum status answer_wish(struct session *session, const struct snapshot_answer *answer)
{
    struct snapshot_flow *flow = &session->snapshots;
    flow->wish_due = false;
    if (answer->code != SNAPSHOT_GOES_ON)
        return settle(session, answer->code);
    flow->place_due = answer->count == 0;
    if (flow->place_due)
        return STATUS_OK;
    flow->fetch = (struct message_fetch){
        .scope = flow->given.scope,
        .name = flow->given.name,
        .place = answer->place,
        .count = answer->count < FETCH_PLACES_MAX ? answer->count : FETCH_PLACES_MAX};
    flow->fetching = true;
    if (answer->place > 0)
        session->totals.snapshot_parts_here = answer->place - 1;
    session->speaks = true;
    return message_put_fetch(&session->plain, &flow->fetch);
}

static enum status answer_keep(struct session *session, const struct snapshot_answer *answer)
{
    struct snapshot_flow *flow = &session->snapshots;
    session->totals.snapshots_refused += answer->lied;
    if (answer->code != SNAPSHOT_GOES_ON)
        return settle(session, answer->code);
    flow->part_whole = false;
    buffer_clear(&flow->part);
    session->totals.snapshot_parts_here = flow->fetch.place;
    flow->fetch.place++;
    flow->fetching = --flow->fetch.count > 0;
    flow->wish_due = !flow->fetching;
    return STATUS_OK;
}

/* What the giver has offered it holds as well. */
static enum status answer_place(struct session *session, const struct snapshot_answer *answer)
{
    session->totals.snapshots_refused += answer->lied;
    if (answer->code != SNAPSHOT_TAKEN)
        return settle(session, answer->code);
    session->totals.snapshots_taken++;
    session->changed = true;
    attachment_flow_again(session);
    TRY(frontier_merge(&session->ours, answer->frontier, NULL));
    TRY(frontier_merge(&session->proven, answer->frontier, NULL));
    TRY(frontier_merge(&session->offered, answer->frontier, NULL));
    TRY(out_held(session, answer->frontier));
    return settle(session, SNAPSHOT_TAKEN);
}

static void ask_keep(struct session *session)
{
    session->question.snapshot.place = session->snapshots.fetch.place;
    session->question.snapshot.part = buffer_bytes(&session->snapshots.part);
    ask(session, SNAPSHOT_KEEP);
}

static enum status next_of_taker(struct session *session, bool *busy)
{
    const struct snapshot_flow *flow = &session->snapshots;
    *busy = flow->offered;
    session->idle &= !flow->offered;
    if (flow->wish_due && session->totals.holding != SESSION_DONE)
        return settle(session, SNAPSHOT_LATER);
    if (flow->part_whole)
        ask_keep(session);
    else if (flow->wish_due)
        ask(session, SNAPSHOT_WISH);
    else if (flow->place_due)
        ask(session, SNAPSHOT_PLACE);
    return STATUS_OK;
}

/* The giver hasn't got it any more; what came of it may serve the next one. */
static enum status giver_settled(struct session *session)
{
    struct snapshot_flow *flow = &session->snapshots;
    flow->offered = flow->wish_due = flow->place_due = flow->fetching = flow->part_whole = false;
    buffer_clear(&flow->part);
    return STATUS_OK;
}

/* ---- both ---- */

enum status snapshot_take_settled(struct session *session, struct bytes body)
{
    struct snapshot_flow *flow = &session->snapshots;
    struct message_settled settled;
    if (!message_decode_settled(body, &settled))
        return STATUS_PROTOCOL;
    if (!is_offered(flow, settled.scope, &settled.name))
        return STATUS_OK; /* both said it at once */
    return is_initiator(session) ? giver_settled(session) : taker_settled(session, settled.code);
}

enum status snapshot_flow_next(struct session *session, bool *busy)
{
    return is_initiator(session) ? next_of_taker(session, busy) : next_of_giver(session, busy);
}

enum status snapshot_flow_answer(struct session *session, const struct session_answer *answer)
{
    switch (session->question.snapshot.step) {
    case SNAPSHOT_PREPARE:
        answer_prepare(session, &answer->snapshot);
        return STATUS_OK;
    case SNAPSHOT_GIVE:
        return answer_give(session, &answer->snapshot);
    case SNAPSHOT_WISH:
        return answer_wish(session, &answer->snapshot);
    case SNAPSHOT_KEEP:
        return answer_keep(session, &answer->snapshot);
    case SNAPSHOT_PLACE:
        return answer_place(session, &answer->snapshot);
    }
    return STATUS_OK;
}

/* A full hub makes none; a full taker keeps what it has of it for another day. */
enum status snapshot_flow_full(struct session *session)
{
    const struct session_answer nothing = {.snapshot = {.code = SNAPSHOT_LATER}};
    if (is_initiator(session))
        TRY(flow_hold(session, SESSION_FULL));
    return snapshot_flow_answer(session, &nothing);
}
