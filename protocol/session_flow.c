/* What comes next: questions to storage, their answers, and the end. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "protocol/session_state.h"

/* ---- the end ---- */

void flow_over(struct session *session, enum session_code code, const char *reason)
{
    if (session->phase == PHASE_OVER)
        return;
    session->phase = PHASE_OVER;
    session->totals.code = code;
    snprintf(session->totals.reason, sizeof session->totals.reason, "%s", reason);
    buffer_clear(&session->plain);
}

/* A responder that could read the first message may answer in the second. */
static bool may_speak(const struct session *session)
{
    bool responder = session->options.role == SESSION_RESPONDER;
    return noise_done(&session->noise) || (responder && session->phase != PHASE_IDLE);
}

enum status flow_end(struct session *session, enum session_code code, const char *reason)
{
    if (session->phase == PHASE_OVER)
        return STATUS_OK;
    bool speak = may_speak(session);
    if (reason[0] == '\0' && code != SESSION_DONE)
        reason = session_code_text(code);
    session->totals.code = code;
    snprintf(session->totals.reason, sizeof session->totals.reason, "%s", reason);
    session->phase = PHASE_OVER;
    if (speak)
        return out_bye(session, code);
    buffer_clear(&session->plain);
    return STATUS_OK;
}

/* ---- questions ---- */

void flow_ask(struct session *session, enum session_ask ask)
{
    session->question.ask = ask;
    session->question.peer = session->peer;
    session->question_open = true;
}

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
    session->question.sealed = !session->takes_held;
    session->question.unstage = session->unstage;
    session->unstage = false;
    flow_ask(session, ASK_STORE);
    return STATUS_OK;
}

static void ask_load(struct session *session, size_t budget)
{
    session->local_came = false;
    session->question.known = &session->offered;
    session->question.budget_bytes = budget;
    session->question.may_hold_back = session->snapshots.look_due;
    session->question.worth = session->options.snapshot_worth;
    session->question.held_back = session->snapshots.scopes;
    session->question.held_back_count = session->snapshots.count;
    flow_ask(session, ASK_LOAD);
}

static void ask_remember(struct session *session, const struct frontier *told)
{
    session->question.told = told;
    session->question.held = &session->proven;
    session->question.unfinished =
        session->options.role == SESSION_INITIATOR && told == &session->told;
    session->question.stable = session->stable_came ? &session->stable : NULL;
    session->question.lineage = session->lineage;
    session->held_due = false;
    session->held_ms = session->now_ms;
    flow_ask(session, ASK_REMEMBER);
}

/* ---- answers ---- */

static enum status answer_open(struct session *session, const struct session_answer *answer)
{
    session->self = answer->self;
    session->lineage = answer->lineage;
    session->beacon = answer->beacon;
    TRY(frontier_copy(&session->ours, answer->frontier, NULL));
    TRY(frontier_copy(&session->told, answer->told, NULL));
    TRY(frontier_copy(&session->proven, answer->held, NULL));
    TRY(frontier_copy(&session->offered, answer->held, NULL));
    session->unfinished = answer->unfinished;
    session->wants_log = answer->wants_log;
    session->asks_stable = answer->asks_stable;
    TRY(out_hello(session));
    TRY(resume_begin(session, answer));
    session->changed = session->delta.count > 0;
    size_t taken = session->plain.size + FIRST_LOAD_RESERVE;
    bool fits =
        taken < SESSION_FIRST_PAYLOAD_MAX && !session->options.discreet && !session->unfinished;
    ask_load(session, fits ? SESSION_FIRST_PAYLOAD_MAX - taken : 0);
    return STATUS_OK;
}

/* Does the initiator build on what we remember of it? A hub of another lineage has lost things that
 * the initiator believes are there. */
static bool same_memory(const struct session *session, const struct session_answer *answer)
{
    struct hash digest;
    if (session->hello_untold)
        return false;
    if (session->hello_lineage != 0 && session->hello_lineage != answer->lineage)
        return false;
    if (answer->told->count == 0 || session->hello_digest_size == 0)
        return answer->told->count == 0 && session->hello_digest_size == 0;
    return frontier_digest(answer->told, &digest, NULL) == STATUS_OK &&
           memcmp(digest.bytes, session->hello_digest, SHORT_DIGEST_BYTES) == 0;
}

static enum status answer_who(struct session *session, const struct session_answer *answer)
{
    if (answer->refuse != SESSION_DONE) {
        TRY(out_welcome(session, answer, false));
        return flow_end(session, answer->refuse, "");
    }
    session->peer = answer->device;
    session->self = answer->self;
    session->farewell = answer->farewell;
    session->phase = PHASE_OPEN;
    session->peer_known = same_memory(session, answer);
    TRY(out_welcome(session, answer, session->peer_known));
    if (!session->peer_known) {
        TRY(resume_begin(session, answer));
        return compare_begin(session, answer->frontier);
    }
    TRY(frontier_copy(&session->proven, answer->told, NULL));
    TRY(frontier_merge(&session->proven, &session->delta, NULL));
    TRY(frontier_copy(&session->offered, &session->proven, NULL));
    session->changed = session->delta.count > 0;
    session->load_due = true;
    return resume_begin(session, answer);
}

static void drop_batch(struct session *session)
{
    session->batch_count = 0;
    buffer_clear(&session->batch);
}

enum status flow_hold(struct session *session, enum session_code code)
{
    if (session->totals.holding != SESSION_DONE)
        return STATUS_OK;
    session->totals.holding = code;
    return message_put_number(&session->plain, MESSAGE_HOLD, (uint64_t)code);
}

static enum status answer_store(struct session *session, const struct session_answer *answer)
{
    session->totals.applied += answer->applied;
    session->totals.known += answer->known;
    session->totals.aside += answer->aside;
    session->totals.refused += answer->refused;
    session->totals.split_view |= answer->apart;
    drop_batch(session);
    if (answer->applied > 0)
        attachment_flow_again(session);
    if (answer->forked)
        return flow_end(session, SESSION_FORKED, "");
    if (answer->hold != SESSION_DONE)
        TRY(flow_hold(session, answer->hold));
    /* Else what came down in a session that breaks would go up again in the next one. */
    session->held_due |= session->now_ms >= session->started_ms + HELD_EVERY_MS;
    if (answer->stored->count == 0)
        return STATUS_OK;
    if (session->options.role == SESSION_INITIATOR)
        TRY(frontier_merge(&session->ours, answer->stored, NULL));
    return out_stored(session, answer);
}

/* A large run waits for the second frame, which may say that the peer has a part of it. */
static bool beyond_first_frame(const struct session *session, const struct session_answer *answer)
{
    size_t bytes = 0;
    for (size_t i = 0; i < answer->runs_count; i++)
        bytes += answer->runs[i].encoded.size;
    return session->phase == PHASE_SHAKING && bytes > 2 * SESSION_FIRST_PAYLOAD_MAX;
}

static enum status answer_load(struct session *session, const struct session_answer *answer)
{
    if (beyond_first_frame(session, answer)) {
        session->first_load_done = session->load_due = true;
        return STATUS_OK;
    }
    if (session->question.may_hold_back)
        TRY(snapshot_flow_hold_back(session, answer));
    enum status status = out_runs(session, answer);
    if (status == STATUS_STORAGE)
        return flow_end(session, SESSION_STORAGE_FAILED, "a run of the log is broken");
    TRY(status);
    if (answer->runs_count > 0) {
        session->said_sent = session->idle = false;
        session->receipt_due = true;
    }
    session->first_load_done = true;
    session->load_due = answer->more;
    TRY(frontier_copy(&session->offered, answer->loaded, NULL));
    /* Its answer tells that the peer has read this far: that bounds what is under way. */
    return answer->more && session->phase == PHASE_OPEN ? out_ping(session) : STATUS_OK;
}

/* What we sent of the hub's registry, and the peer, which takes whatever goes on from its own,
 * hasn't taken. */
static bool registry_refused(const struct session *session, const struct frontier *ours)
{
    for (size_t i = 0; ours && i < ours->count; i++) {
        const struct feed_id *feed = &ours->rows[i].feed;
        if (feed->device == DEVICE_HUB && SCOPE_IS_REGISTRY(feed->scope) &&
            frontier_get(&session->proven, feed) < frontier_get(&session->offered, feed))
            return session->totals.held == SESSION_DONE && !MUTANT("t5-other-chain-unseen");
    }
    return false;
}

static enum status answer_tally(struct session *session, const struct session_answer *answer)
{
    if (session->options.role == SESSION_RESPONDER) {
        session->said_tally = true;
        session->question.tell_stable = false;
        return out_tally(session, answer);
    }
    session->tally_done = true;
    session->totals.split_view |= registry_refused(session, answer->frontier);
    if (memcmp(answer->frontier_digest.bytes, session->peer_tally.frontier, SHORT_DIGEST_BYTES))
        return STATUS_OK; /* somebody wrote meanwhile: nothing to compare */
    session->totals.truth_checked = true;
    session->totals.split_view |=
        session->peer_tally.has_chains &&
        memcmp(answer->chains_digest.bytes, session->peer_tally.chains, SHORT_DIGEST_BYTES) != 0 &&
        !MUTANT("t5-split-view-unseen");
    session->totals.truth_failed =
        memcmp(answer->tally_digest.bytes, session->peer_tally.tally, SHORT_DIGEST_BYTES) != 0 &&
        !MUTANT("t18-digests-not-compared");
    return STATUS_OK;
}

/* All that was told is remembered now, and the next HELLO builds on it. */
static enum status answer_remember(struct session *session)
{
    if (session->question.told == &session->told)
        return STATUS_OK; /* progress only */
    session->changed = false;
    return session->options.role == SESSION_INITIATOR
               ? frontier_copy(&session->told, &session->ours, NULL)
               : STATUS_OK;
}

/* A full disk stops what comes in, not what goes out. What couldn't be remembered costs the next
 * session a round trip. */
static enum status answer_full(struct session *session)
{
    switch (session->question.ask) {
    case ASK_STORE:
        drop_batch(session);
        return flow_hold(session, SESSION_FULL);
    case ASK_REMEMBER:
        return answer_remember(session);
    case ASK_STAGE:
        session->staged_ms = session->now_ms;
        return STATUS_OK;
    case ASK_ATTACHMENT:
        return attachment_flow_full(session);
    case ASK_SNAPSHOT:
        return snapshot_flow_full(session);
    default:
        return flow_end(session, SESSION_FULL, "");
    }
}

enum status flow_answer(struct session *session, const struct session_answer *answer)
{
    if (answer->status == STATUS_DISK_FULL)
        return answer_full(session);
    if (answer->status != STATUS_OK)
        return flow_end(session, SESSION_STORAGE_FAILED, status_name(answer->status));
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
        return answer_remember(session);
    case ASK_STAGE:
        session->staged = session->staging;
        session->staged_ms = session->now_ms;
        return STATUS_OK;
    case ASK_ATTACHMENT:
        return attachment_flow_answer(session, answer);
    case ASK_SNAPSHOT:
        return snapshot_flow_answer(session, answer);
    case ASK_NONE:
        break;
    }
    return STATUS_OK;
}

/* ---- next ---- */

/* The other side has gone: keep what came, and what it was told if it left content. */
static enum status next_after_bye(struct session *session)
{
    bool responder = session->options.role == SESSION_RESPONDER;
    bool whole = responder && session->totals.code == SESSION_DONE && session->changed;
    if (session->peer_known && (whole || session->held_due)) {
        ask_remember(session, whole ? &session->proven : &session->told);
        return STATUS_OK;
    }
    session->phase = PHASE_OVER;
    buffer_clear(&session->plain); /* nobody listens */
    return STATUS_OK;
}

/* The responder closes its half once it had all of the initiator's: tally, then SENT. A one-off
 * session is remembered at BYE, when the initiator has remembered the same. */
static enum status next_of_responder(struct session *session)
{
    if (session->peer_sent && session->farewell != SESSION_DONE)
        return flow_end(session, session->farewell, "");
    if (!session->said_sent && !session->said_tally) {
        if (session->peer_sent)
            flow_ask(session, ASK_TALLY);
        return STATUS_OK;
    }
    if (!session->said_sent)
        TRY(out_sent(session));
    bool busy;
    TRY(attachment_flow_next(session, &busy));
    if (busy || !session->peer_watches)
        return STATUS_OK;
    if (session->changed) {
        ask_remember(session, &session->proven);
        return STATUS_OK;
    }
    session->settled_now = !session->idle && !session->receipt_due;
    session->idle = true; /* without a receipt, too: who isn't enrolled yet can't sign one */
    return STATUS_OK;
}

static enum status next_of_initiator(struct session *session)
{
    if (!session->said_sent)
        TRY(out_sent(session));
    if (!session->peer_sent)
        return STATUS_OK;
    if (session->tally_came && !session->tally_done) {
        flow_ask(session, ASK_TALLY);
        return STATUS_OK;
    }
    if (session->options.watch && session->receipt_due)
        return STATUS_OK;
    if (session->changed) {
        ask_remember(session, &session->ours);
        return STATUS_OK;
    }
    bool busy;
    TRY(attachment_flow_next(session, &busy));
    if (busy)
        return STATUS_OK;
    if (!session->options.watch)
        return flow_end(session, SESSION_DONE, "");
    session->settled_now = !session->idle;
    session->idle = true;
    return STATUS_OK;
}

/* In the middle of a long upload: an interrupted one must go on from here, not from its start.
 * Where HAVE told what the peer holds, that may be another life's under our numbers, until a
 * session has ended well; and its next HAVE will tell how far this one came. */
static bool progress_due(const struct session *session)
{
    return session->options.role == SESSION_INITIATOR && session->held_due && !session->have_came &&
           session->now_ms >= session->held_ms + HELD_EVERY_MS;
}

static enum status next_when_open(struct session *session)
{
    if (session->batch_count > 0 && session->totals.holding != SESSION_DONE)
        drop_batch(session);
    if (session->batch_count > 0)
        return ask_store(session);
    if (session->bye_came)
        return next_after_bye(session);
    if (session->totals.holding == SESSION_DONE && resume_ask(session))
        return STATUS_OK;
    if (!session->peer_known)
        return STATUS_OK; /* HAVE is under way */
    if (progress_due(session)) {
        ask_remember(session, &session->told);
        return STATUS_OK;
    }
    session->load_due |= session->local_came;
    if (session->totals.held != SESSION_DONE)
        session->load_due = session->local_came = false;
    if (session->load_due) {
        if (session->pings_out < LOADS_AHEAD_MAX && !session->congested)
            ask_load(session, LOAD_BUDGET_BYTES);
        return STATUS_OK;
    }
    bool busy;
    TRY(snapshot_flow_next(session, &busy));
    if (busy)
        return STATUS_OK;
    return session->options.role == SESSION_INITIATOR ? next_of_initiator(session)
                                                      : next_of_responder(session);
}

enum status flow_next(struct session *session)
{
    bool initiator = session->options.role == SESSION_INITIATOR;
    if (session->phase == PHASE_OPEN)
        return next_when_open(session);
    /* What doesn't fit the first message follows the second. */
    bool all = session->first_load_done && !session->load_due && !session->said_sent;
    return initiator && session->phase == PHASE_SHAKING && all ? out_sent(session) : STATUS_OK;
}
