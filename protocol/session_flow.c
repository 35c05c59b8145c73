/* What comes next: questions to storage, their answers, and the end. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/session_state.h"

void flow_ask(struct session *session, enum session_ask ask)
{
    session->question.ask = ask;
    session->question.peer = session->peer;
    session->question_open = true;
}

void flow_end(struct session *session, enum session_code code, const char *reason)
{
    if (session->phase == PHASE_OVER)
        return;
    bool can_speak = noise_done(&session->noise) || (session->options.role == SESSION_RESPONDER &&
                                                     session->noise.messages_done == 1);
    session->totals.code = code;
    snprintf(session->totals.reason, sizeof session->totals.reason, "%s", reason);
    if (can_speak)
        out_bye(session, code);
    else
        buffer_clear(&session->plain);
    session->phase = PHASE_OVER;
}

/* ---- questions ---- */

static enum status ask_store(struct session *session)
{
    struct session_run *runs = realloc(session->batch_runs, session->batch_count * sizeof *runs);
    if (!runs)
        return STATUS_NO_MEMORY;
    const uint8_t *at = session->batch.data;
    for (size_t i = 0; i < session->batch_count; i++) {
        runs[i].encoded = bytes_of(at, session->batch_sizes[i]);
        at += session->batch_sizes[i];
    }
    session->batch_runs = runs;
    session->question.runs = runs;
    session->question.runs_count = session->batch_count;
    flow_ask(session, ASK_STORE);
    return STATUS_OK;
}

static void ask_load(struct session *session, size_t budget)
{
    session->question.known = &session->offered;
    session->question.budget_bytes = budget;
    flow_ask(session, ASK_LOAD);
}

static void ask_remember(struct session *session)
{
    bool initiator = session->options.role == SESSION_INITIATOR;
    session->question.told = initiator ? &session->mine : &session->proven;
    session->question.held = &session->proven;
    session->remember_due = false;
    flow_ask(session, ASK_REMEMBER);
}

/* ---- answers ---- */

static enum status answer_open(struct session *session, const struct session_answer *answer)
{
    session->self = answer->self;
    session->lineage = answer->lineage;
    session->beacon = answer->beacon;
    TRY(frontier_copy(&session->mine, answer->frontier, NULL));
    TRY(frontier_copy(&session->told, answer->told, NULL));
    TRY(frontier_copy(&session->proven, answer->held, NULL));
    TRY(frontier_copy(&session->offered, answer->held, NULL));
    TRY(out_hello(session));
    if (session->options.enrolling) {
        session->first_load_done = true; /* nothing of ours can be there */
        return STATUS_OK;
    }
    ask_load(session, SESSION_FIRST_PAYLOAD_MAX - 500);
    return STATUS_OK;
}

static bool same_memory(const struct session *session, const struct frontier *told)
{
    struct hash digest;
    if (told->count == 0 || session->hello_digest_size == 0)
        return told->count == 0 && session->hello_digest_size == 0;
    return frontier_digest(told, &digest, NULL) == STATUS_OK &&
           memcmp(digest.bytes, session->hello_digest, SHORT_DIGEST_BYTES) == 0;
}

static enum status answer_who(struct session *session, const struct session_answer *answer)
{
    if (answer->refuse != SESSION_DONE) {
        TRY(out_welcome(session, answer, false));
        flow_end(session, answer->refuse, "");
        return STATUS_OK;
    }
    session->peer = answer->device;
    session->self = answer->self;
    session->phase = PHASE_OPEN;
    session->peer_known = same_memory(session, answer->told);
    TRY(out_welcome(session, answer, session->peer_known));
    if (!session->peer_known)
        return out_frontier(session, answer->frontier);
    TRY(frontier_copy(&session->proven, answer->told, NULL));
    TRY(frontier_merge(&session->proven, &session->delta, NULL));
    TRY(frontier_copy(&session->offered, &session->proven, NULL));
    session->need_load = true;
    return STATUS_OK;
}

static enum status answer_store(struct session *session, const struct session_answer *answer)
{
    session->totals.applied += answer->applied;
    session->totals.known += answer->known;
    session->totals.aside += answer->aside;
    session->totals.refused += answer->refused;
    session->batch_count = 0;
    buffer_clear(&session->batch);
    if (answer->stored)
        TRY(frontier_merge(&session->mine, answer->stored, NULL));
    session->remember_due = true;
    return out_receipt(session, answer->receipt);
}

static enum status answer_load(struct session *session, const struct session_answer *answer)
{
    TRY(out_runs(session, answer));
    if (answer->runs_count > 0)
        session->said_sent = false;
    session->need_load = answer->more;
    session->first_load_done = true;
    return frontier_copy(&session->offered, answer->loaded, NULL);
}

static enum status answer_tally(struct session *session, const struct session_answer *answer)
{
    if (session->options.role == SESSION_RESPONDER) {
        session->said_tally = true;
        return out_tally(session, answer);
    }
    session->tally_done = true;
    if (answer->frontier)
        TRY(frontier_copy(&session->mine, answer->frontier, NULL));
    if (memcmp(answer->frontier_digest.bytes, session->peer_frontier_digest, SHORT_DIGEST_BYTES) !=
        0)
        return STATUS_OK;
    session->totals.truth_checked = true;
    session->totals.truth_failed =
        memcmp(answer->tally_digest.bytes, session->peer_tally_digest, SHORT_DIGEST_BYTES) != 0;
    return STATUS_OK;
}

enum status flow_answer(struct session *session, const struct session_answer *answer)
{
    if (session->phase == PHASE_OVER)
        return STATUS_OK;
    if (answer->status != STATUS_OK) {
        flow_end(session, SESSION_STORAGE_FAILED, status_name(answer->status));
        return STATUS_OK;
    }
    switch (session->question.ask) {
    case ASK_OPEN:
        return answer_open(session, answer);
    case ASK_WHO:
        return answer_who(session, answer);
    case ASK_STORE:
        return answer_store(session, answer);
    case ASK_LOAD:
        return answer_load(session, answer);
    case ASK_TALLY:
        return answer_tally(session, answer);
    case ASK_REMEMBER:
    case ASK_NONE:
        break;
    }
    return STATUS_OK;
}

/* ---- next ---- */

static enum status say_sent(struct session *session)
{
    static const uint8_t empty = 0x90;
    session->said_sent = true;
    session->counts_as_turn = session->options.role == SESSION_INITIATOR && !session->peer_sent;
    return out_message(session, MESSAGE_SENT, bytes_of(&empty, 1));
}

/* The responder closes its half once it had all of the initiator's: tally, then SENT. */
static enum status next_of_responder(struct session *session)
{
    if (!session->peer_known)
        return STATUS_OK;
    if (!session->said_sent && (session->peer_sent || session->said_tally)) {
        if (!session->said_tally) {
            flow_ask(session, ASK_TALLY);
            return STATUS_OK;
        }
        TRY(say_sent(session));
    }
    if (session->remember_due && session->said_sent) {
        ask_remember(session);
        return STATUS_OK;
    }
    if (session->bye_came)
        session->phase = PHASE_OVER;
    else if (session->said_sent && session->peer_watches)
        session->was_settled = true;
    return STATUS_OK;
}

static enum status next_of_initiator(struct session *session)
{
    if (!session->said_sent && (session->peer_known || session->first_load_done))
        TRY(say_sent(session));
    if (session->bye_came) {
        session->phase = PHASE_OVER;
        return STATUS_OK;
    }
    bool later = session->tally_done && session->remember_due; /* a receipt while watching */
    if (!session->peer_known || (!session->peer_sent && !later))
        return STATUS_OK;
    if (session->tally_came && !session->tally_done) {
        flow_ask(session, ASK_TALLY);
        return STATUS_OK;
    }
    if (session->remember_due) {
        ask_remember(session);
        return STATUS_OK;
    }
    if (!session->options.watch) {
        flow_end(session, SESSION_DONE, "");
        return STATUS_OK;
    }
    session->peer_sent = false; /* until the next one */
    session->settled_now = session->was_settled = true;
    return STATUS_OK;
}

enum status flow_next(struct session *session)
{
    bool initiator = session->options.role == SESSION_INITIATOR;
    if (session->phase == PHASE_SHAKING && initiator) {
        /* What doesn't fit the first message follows the second. */
        if (session->first_load_done && !session->need_load && !session->said_sent)
            return say_sent(session);
        return STATUS_OK;
    }
    if (session->phase != PHASE_OPEN)
        return STATUS_OK;
    if (session->batch_count > 0)
        return ask_store(session);
    if (session->need_load && session->peer_known) {
        ask_load(session, LOAD_BUDGET_BYTES);
        return STATUS_OK;
    }
    return initiator ? next_of_initiator(session) : next_of_responder(session);
}
