/* Who offers, who wants, and in which order: what attachment_flow.h draws. */

#include "protocol/attachment_flow.h"

#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "protocol/session_state.h"

#define UNIT_COST 80u       /* of a unit's message and frame, beside the unit */
#define FAREWELL_BYTES 256u /* kept of a budget for what ends the session */
#define GIVE_UNITS_MAX 8u   /* of one question */

static bool is_initiator(const struct session *session)
{
    return session->options.role == SESSION_INITIATOR;
}

void attachment_flow_again(struct session *session)
{
    struct attachment_flow *flow = &session->attachments;
    if (!is_initiator(session) || session->options.attachments == SESSION_ATTACHMENTS_NONE)
        return; /* a responder answers what it is asked */
    flow->offering = true;
    flow->offer_mark = flow->seek_mark = (struct attachment_mark){0};
}

void attachment_flow_release(struct attachment_flow *flow)
{
    buffer_release(&flow->units);
    free(flow->offered);
    free(flow->sent);
}

static size_t offered_count(const struct attachment_flow *flow)
{
    return flow->offered ? flow->offered->names_count : 0;
}

/* How many units the budget of this session still has room for. */
static uint32_t affordable(const struct session *session)
{
    const struct session_totals *totals = &session->totals;
    const struct attachment_flow *flow = &session->attachments;
    uint64_t budget = session->options.budget_bytes;
    uint64_t each = ATTACHMENT_UNIT_BYTES + UNIT_COST;
    uint64_t spent = totals->bytes_in + totals->bytes_out + session->plain.size + FAREWELL_BYTES +
                     (flow->wanting ? flow->want.count * each : 0);
    if (budget == 0)
        return WANT_UNITS_MAX;
    uint64_t units = budget > spent ? (budget - spent) / each : 0;
    return units < WANT_UNITS_MAX ? (uint32_t)units : WANT_UNITS_MAX;
}

static void stop_wishing(struct attachment_flow *flow)
{
    flow->wishing = false;
    flow->offered_at = offered_count(flow);
}

/* ---- what arrives ---- */

enum status attachment_take_offer(struct session *session, struct bytes body)
{
    struct attachment_flow *flow = &session->attachments;
    if (!flow->offered && !(flow->offered = calloc(1, sizeof *flow->offered)))
        return STATUS_NO_MEMORY;
    if (flow->enough_due || !message_decode_offer(body, flow->offered))
        return STATUS_PROTOCOL;
    flow->offered_at = 0;
    flow->enough_due = flow->wishing = true;
    flow->peer_has = offered_count(flow) > 0;
    flow->offering |= !is_initiator(session); /* once for each that it gets */
    return STATUS_OK;
}

enum status attachment_take_want(struct session *session, struct bytes body)
{
    struct attachment_flow *flow = &session->attachments;
    struct message_want want;
    if (!message_decode_want(body, &want) || flow->giving)
        return STATUS_PROTOCOL;
    bool has_all = want.from == attachment_units(want.name.bytes);
    if (want.count > 0) {
        flow->giving = true;
        flow->give = want;
    } else if (has_all && session->peer == DEVICE_HUB && flow->sent_count < OFFER_NAMES_MAX) {
        if (!flow->sent && !(flow->sent = calloc(OFFER_NAMES_MAX, sizeof *flow->sent)))
            return STATUS_NO_MEMORY;
        flow->sent[flow->sent_count++] = want.name;
    }
    return STATUS_OK;
}

enum status attachment_take_unit(struct session *session, struct bytes body)
{
    struct attachment_flow *flow = &session->attachments;
    struct message_unit unit;
    if (!message_decode_unit(body, &unit) || !flow->wanting || flow->want.count == 0 ||
        !attachment_name_equal(&unit.name, &flow->want.name) || unit.position != flow->want.from)
        return STATUS_PROTOCOL;
    flow->want.from++;
    flow->want.count--;
    session->totals.units_received++;
    if (flow->dropping)
        return STATUS_OK;
    if (flow->units_count++ == 0)
        flow->units_from = unit.position;
    return buffer_append_bytes(&flow->units, unit.unit);
}

enum status attachment_take_none(struct session *session, struct bytes body)
{
    struct attachment_flow *flow = &session->attachments;
    struct attachment_name name;
    if (!message_decode_none(body, &name) || !flow->wanting || flow->want.count == 0 ||
        !attachment_name_equal(&name, &flow->want.name))
        return STATUS_PROTOCOL;
    flow->want.count = 0;
    flow->dropping = true; /* what came is kept; it isn't asked for again */
    return STATUS_OK;
}

enum status attachment_take_enough(struct session *session, struct bytes body)
{
    struct attachment_flow *flow = &session->attachments;
    if (!message_decode_empty(body) || !flow->offer_out)
        return STATUS_PROTOCOL;
    flow->offer_out = false;
    return STATUS_OK;
}

/* ---- questions ---- */

static void ask(struct session *session, enum attachment_step step)
{
    session->question.attachment.step = step;
    flow_ask(session, ASK_ATTACHMENT);
}

static void ask_keep(struct session *session)
{
    struct attachment_flow *flow = &session->attachments;
    struct attachment_question *question = &session->question.attachment;
    question->name = flow->want.name;
    question->from = flow->units_from;
    question->count = flow->units_count;
    question->units = buffer_bytes(&flow->units);
    ask(session, ATTACHMENT_KEEP);
}

static void ask_sent(struct session *session)
{
    session->question.attachment.names = session->attachments.sent;
    session->question.attachment.names_count = session->attachments.sent_count;
    ask(session, ATTACHMENT_SENT);
}

static enum status ask_give(struct session *session)
{
    struct attachment_flow *flow = &session->attachments;
    struct attachment_question *question = &session->question.attachment;
    uint32_t most = affordable(session);
    if (most == 0) {
        flow->giving = false;
        return message_put_none(&session->plain, &flow->give.name);
    }
    question->name = flow->give.name;
    question->from = flow->give.from;
    question->count = most < flow->give.count ? most : flow->give.count;
    if (question->count > GIVE_UNITS_MAX)
        question->count = GIVE_UNITS_MAX;
    ask(session, ATTACHMENT_GIVE);
    return STATUS_OK;
}

static void ask_wish(struct session *session)
{
    struct attachment_flow *flow = &session->attachments;
    session->question.attachment.names = flow->offered->names + flow->offered_at;
    session->question.attachment.names_count = flow->offered->names_count - flow->offered_at;
    ask(session, ATTACHMENT_WISH);
}

static void ask_offer(struct session *session)
{
    struct attachment_flow *flow = &session->attachments;
    struct attachment_question *question = &session->question.attachment;
    question->offer_mark = flow->offer_mark;
    question->seek_mark = flow->seek_mark;
    question->seeking = is_initiator(session) && affordable(session) > 0;
    question->all = session->options.attachments == SESSION_ATTACHMENTS_ALL;
    bool asked = flow->offered && !is_initiator(session);
    question->sought = asked ? flow->offered->sought : NULL;
    question->sought_count = asked ? flow->offered->sought_count : 0;
    ask(session, ATTACHMENT_OFFER);
}

/* ---- answers ---- */

static enum status put_held(struct session *session, const struct attachment_name *name)
{
    struct message_want held = {.name = *name, .from = attachment_units(name->bytes)};
    return message_put_want(&session->plain, &held);
}

static enum status want(struct session *session, const struct attachment_name *name, uint32_t from)
{
    struct attachment_flow *flow = &session->attachments;
    uint32_t left = attachment_units(name->bytes) - from, most = affordable(session);
    if (most == 0) {
        stop_wishing(flow);
        return STATUS_OK;
    }
    flow->want = (struct message_want){*name, from, left < most ? left : most};
    flow->wanting = true;
    flow->dropping = false;
    session->speaks = true;
    return message_put_want(&session->plain, &flow->want);
}

static enum status answer_wish(struct session *session, const struct attachment_answer *answer)
{
    struct attachment_flow *flow = &session->attachments;
    for (size_t i = 0; i < answer->names_count; i++)
        TRY(put_held(session, &answer->names[i]));
    flow->offered_at += answer->looked;
    flow->wishing = flow->offered_at < offered_count(flow);
    return answer->found ? want(session, &answer->name, answer->from) : STATUS_OK;
}

static enum status answer_keep(struct session *session, const struct attachment_answer *answer)
{
    struct attachment_flow *flow = &session->attachments;
    struct attachment_name name = flow->want.name;
    flow->units_count = 0;
    buffer_clear(&flow->units);
    session->totals.units_refused += !answer->fits;
    if (answer->full)
        stop_wishing(flow);
    flow->dropping |= !answer->fits || answer->full;
    if (flow->want.count > 0)
        return STATUS_OK;
    flow->wanting = false;
    if (answer->held == attachment_units(name.bytes))
        return put_held(session, &name);
    return flow->dropping ? STATUS_OK : want(session, &name, answer->held);
}

static enum status answer_give(struct session *session, const struct attachment_answer *answer)
{
    struct attachment_flow *flow = &session->attachments;
    const uint8_t *at = answer->units.data;
    for (uint32_t i = 0; i < answer->count; i++) {
        struct message_unit unit = {.name = flow->give.name, .position = flow->give.from};
        unit.unit = bytes_of(at, attachment_unit_bytes(unit.name.bytes, unit.position));
        at += unit.unit.size;
        TRY(message_put_unit(&session->plain, &unit));
        flow->give.from++;
        flow->give.count--;
        session->totals.units_sent++;
    }
    flow->giving = flow->give.count > 0 && answer->count > 0;
    if (flow->give.count == 0 || flow->giving)
        return STATUS_OK;
    return message_put_none(&session->plain, &flow->give.name);
}

static enum status put_offer(struct session *session, const struct attachment_answer *answer)
{
    struct message_offer offer = {.names_count = answer->names_count,
                                  .sought_count = answer->sought_count};
    if (answer->names_count > 0)
        memcpy(offer.names, answer->names, answer->names_count * sizeof offer.names[0]);
    if (answer->sought_count > 0)
        memcpy(offer.sought, answer->sought, answer->sought_count * sizeof offer.sought[0]);
    session->attachments.offer_out = true;
    session->speaks = true;
    return message_put_offer(&session->plain, &offer);
}

static enum status answer_offer(struct session *session, const struct attachment_answer *answer)
{
    struct attachment_flow *flow = &session->attachments;
    bool nothing = answer->names_count == 0 && answer->sought_count == 0;
    flow->offer_mark = nothing ? (struct attachment_mark){0} : answer->offer_mark;
    flow->seek_mark = answer->seek_mark;
    flow->offering = is_initiator(session) && answer->more;
    flow->peer_has = false;
    /* Another client may have something for us though we know of nothing; the hub hasn't. */
    bool asks = is_initiator(session) && session->peer != DEVICE_HUB;
    return nothing && !asks ? STATUS_OK : put_offer(session, answer);
}

enum status attachment_flow_answer(struct session *session, const struct session_answer *answer)
{
    switch (session->question.attachment.step) {
    case ATTACHMENT_OFFER:
        return answer_offer(session, &answer->attachment);
    case ATTACHMENT_WISH:
        return answer_wish(session, &answer->attachment);
    case ATTACHMENT_GIVE:
        return answer_give(session, &answer->attachment);
    case ATTACHMENT_KEEP:
        return answer_keep(session, &answer->attachment);
    case ATTACHMENT_SENT:
        session->attachments.sent_count = 0;
        break;
    }
    return STATUS_OK;
}

enum status attachment_flow_full(struct session *session)
{
    const struct attachment_answer nothing = {.fits = true, .full = true};
    switch (session->question.attachment.step) {
    case ATTACHMENT_KEEP:
        return answer_keep(session, &nothing);
    case ATTACHMENT_GIVE:
        return answer_give(session, &nothing);
    case ATTACHMENT_SENT:
        session->attachments.sent_count = 0; /* it is told again when it is offered again */
        break;
    case ATTACHMENT_OFFER:
    case ATTACHMENT_WISH:
        session->attachments.offering = false;
        stop_wishing(&session->attachments);
        break;
    }
    return STATUS_OK;
}

/* ---- next ---- */

static bool waits(const struct attachment_flow *flow)
{
    return flow->wanting || flow->giving || flow->offer_out || flow->enough_due;
}

/* What is before anything else: what came is made durable, what was asked for is given. */
static enum status next_of_units(struct session *session)
{
    struct attachment_flow *flow = &session->attachments;
    if (flow->units_count > 0)
        ask_keep(session);
    else if (flow->sent_count > 0)
        ask_sent(session);
    else if (flow->giving && !session->congested)
        return ask_give(session);
    return STATUS_OK;
}

static enum status next_of_offers(struct session *session)
{
    struct attachment_flow *flow = &session->attachments;
    if (flow->offering && !flow->offer_out) {
        ask_offer(session);
    } else if (flow->wishing && !flow->wanting) {
        ask_wish(session);
    } else if (flow->enough_due && !flow->wanting) {
        flow->enough_due = false;
        return message_put_empty(&session->plain, MESSAGE_ENOUGH);
    }
    return STATUS_OK;
}

enum status attachment_flow_next(struct session *session, bool *busy)
{
    struct attachment_flow *flow = &session->attachments;
    if (flow->wanting && flow->want.count == 0 && flow->units_count == 0)
        flow->wanting = false; /* nothing came of it that was worth keeping */
    TRY(next_of_units(session));
    if (!session->question_open)
        TRY(next_of_offers(session));
    /* Another client, asked again, offers what didn't fit its last offer. */
    if (!session->question_open && !waits(flow) && is_initiator(session) && flow->peer_has &&
        session->peer != DEVICE_HUB) {
        flow->peer_has = false;
        ask_offer(session);
    }
    *busy = session->question_open || waits(flow);
    if (*busy)
        session->idle = false;
    return STATUS_OK;
}
