#include "protocol/session.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "protocol/session_state.h"

const char *session_code_text(enum session_code code)
{
    switch (code) {
#define X(name, number, text) \
    case name:                \
        return text;
        SESSION_CODE_LIST(X)
#undef X
    }
    return "?";
}

enum status session_new(struct session **out, const struct session_options *options,
                        struct error *err)
{
    struct session *session = calloc(1, sizeof *session);
    uint8_t prologue[8 + NETWORK_BYTES];
    *out = session;
    if (!session)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    bool initiator = options->role == SESSION_INITIATOR;
    session->options = *options;
    if (session->options.handshake_ms == 0)
        session->options.handshake_ms = SESSION_HANDSHAKE_MS;
    if (session->options.silence_ms == 0)
        session->options.silence_ms = SESSION_SILENCE_MS;
    attachment_flow_again(session);
    session->peer = !initiator ? 0 : options->peer ? options->peer : DEVICE_HUB;
    memcpy(prologue, "jinqiu/1", 8);
    memcpy(prologue + 8, options->network.id, NETWORK_BYTES);
    if (MUTANT("t28-link-of-any-network"))
        memset(prologue + 8, 0, NETWORK_BYTES);
    noise_start(&session->noise, initiator ? NOISE_INITIATOR : NOISE_RESPONDER,
                bytes_of(prologue, sizeof prologue), &options->local,
                initiator ? options->remote : NULL, NULL);
    return STATUS_OK;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    struct buffer *buffers[] = {&session->raw,   &session->stream,        &session->plain,
                                &session->wire,  &session->beacon_sealed, &session->link_key,
                                &session->batch, &session->unpacked,      &session->part};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        buffer_release(buffers[i]);
    struct frontier *frontiers[] = {&session->told,   &session->ours,    &session->delta,
                                    &session->proven, &session->offered, &session->compared,
                                    &session->stable};
    for (size_t i = 0; i < sizeof frontiers / sizeof frontiers[0]; i++)
        frontier_release(frontiers[i]);
    packer_release(&session->packer);
    unpacker_release(&session->unpacker);
    attachment_flow_release(&session->attachments);
    snapshot_flow_release(&session->snapshots);
    free(session->batch_sizes);
    free(session->batch_runs);
    noise_release(&session->noise);
    sodium_memzero(&session->options, sizeof session->options);
    free(session);
}

/* ---- time ---- */

uint64_t session_deadline_ms(const struct session *session)
{
    if (!session->started || session->phase == PHASE_OVER || session->question_open)
        return UINT64_MAX;
    if (session->phase != PHASE_OPEN && MUTANT("t15-handshake-without-end"))
        return UINT64_MAX;
    if (session->phase != PHASE_OPEN)
        return session->started_ms + session->options.handshake_ms;
    if (session->idle && session->pings_out == 0)
        return session->quiet_since_ms + SESSION_IDLE_MS / 2;
    return session->quiet_since_ms + session->options.silence_ms;
}

static enum status tick(struct session *session)
{
    if (session->now_ms < session_deadline_ms(session))
        return STATUS_OK;
    bool idle = session->phase == PHASE_OPEN && session->idle && session->pings_out == 0;
    if (!idle || session->now_ms >= session->quiet_since_ms + SESSION_IDLE_MS)
        return flow_end(session, SESSION_STOPPING, "silence");
    /* What one side didn't take is offered anew by another session. */
    bool held = session->totals.held != SESSION_DONE || session->totals.holding != SESSION_DONE;
    if (held && session->options.role == SESSION_INITIATOR)
        return flow_end(session, SESSION_DONE, "");
    session->quiet_since_ms = session->now_ms;
    return out_ping(session);
}

/* A big message over a thin line: the sender sees nothing of us for minutes, so tell it that its
 * bytes arrive. */
static enum status show_life(struct session *session)
{
    if (session->phase != PHASE_OPEN || session->question_open || session->plain.size > 0 ||
        session->stream.size + session->unpacked.size == 0 ||
        session->now_ms < session->spoke_ms + ALIVE_MS)
        return STATUS_OK;
    return out_ping(session);
}

void session_heard(struct session *session)
{
    session->quiet_since_ms = session->now_ms;
    session->trickled = 0;
}

/* ---- events ---- */

static enum status take_start(struct session *session)
{
    session->started = true;
    session->started_ms = session->staged_ms = session->now_ms;
    if (session->options.role == SESSION_RESPONDER || session->phase != PHASE_IDLE)
        return STATUS_OK;
    session->phase = PHASE_SHAKING;
    flow_ask(session, ASK_OPEN);
    return STATUS_OK;
}

static enum status take_bytes(struct session *session, struct bytes bytes)
{
    bool responder = session->options.role == SESSION_RESPONDER;
    bool shaking =
        responder && !noise_done(&session->noise) && !MUTANT("t15-much-before-handshake");
    /* Nobody has more than one frame to say to a responder that hasn't answered; later the host
     * must heed `pause`. */
    size_t most = shaking ? 2 + FRAME_BYTES_MAX : 2 * RAW_BYTES_MAX;
    session->totals.bytes_in += bytes.size;
    session->trickled += bytes.size;
    if (session->trickled >= SESSION_TRICKLE_BYTES)
        session_heard(session);
    if (session->waiting)
        session->totals.round_trips++;
    session->waiting = false;
    if (bytes.size > most || session->raw.size > most - bytes.size)
        return STATUS_PROTOCOL;
    return buffer_append_bytes(&session->raw, bytes);
}

static enum status take_answer(struct session *session, const struct session_answer *answer)
{
    session->question_open = false;
    session_heard(session); /* the peer can't be blamed for our disk */
    return flow_answer(session, answer);
}

static enum status take_event(struct session *session, const struct session_event *event)
{
    bool initiator = session->options.role == SESSION_INITIATOR;
    switch (event->kind) {
    case SESSION_STARTED:
        return take_start(session);
    case SESSION_BYTES:
        return take_bytes(session, event->bytes);
    case SESSION_ANSWER:
        return take_answer(session, event->answer);
    case SESSION_TICK:
        return tick(session);
    case SESSION_LOCAL:
        attachment_flow_again(session);
        session->local_came |= initiator ? session->options.watch : session->peer_watches;
        return STATUS_OK;
    case SESSION_LOST:
        if (session->bye_came)
            session->phase = PHASE_OVER;
        else
            flow_over(session, SESSION_STOPPING, "the connection broke");
        return STATUS_OK;
    case SESSION_STOP:
        return flow_end(session, initiator ? SESSION_DONE : SESSION_STOPPING, "");
    }
    return STATUS_OK;
}

/* Works until nothing more can be done without the peer or storage. */
static enum status drive(struct session *session, bool bytes_came)
{
    if (session->phase != PHASE_OVER && !session->question_open)
        TRY(in_consume(session));
    if (session->phase != PHASE_OVER && !session->question_open)
        TRY(flow_next(session));
    if (bytes_came)
        TRY(show_life(session));
    return out_flush(session);
}

static void give_back(struct buffer *buffer)
{
    if (buffer->size == 0 && buffer->capacity > KEPT_BYTES_MAX)
        buffer_release(buffer);
}

static enum status step(struct session *session, const struct session_event *event)
{
    enum status status = STATUS_OK;
    if (session->phase == PHASE_OVER)
        return STATUS_OK;
    status = take_event(session, event);
    if (status == STATUS_OK)
        status = drive(session, event->kind == SESSION_BYTES);
    if (status == STATUS_OK || status == STATUS_NO_MEMORY)
        return status;
    TRY(flow_end(session, SESSION_BROKEN_RULE, status_name(status)));
    return out_flush(session);
}

enum status session_step(struct session *session, const struct session_event *event,
                         struct session_update *update, struct error *err)
{
    *update = (struct session_update){0};
    session->now_ms = event->now_ms;
    session->congested = event->congested;
    session->settled_now = false;
    buffer_clear(&session->wire);
    give_back(&session->wire);
    if (step(session, event) != STATUS_OK) {
        session->phase = PHASE_OVER;
        session->totals.code = SESSION_STORAGE_FAILED;
        update->over = true;
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    give_back(&session->raw);
    give_back(&session->stream);
    give_back(&session->plain);
    give_back(&session->batch);
    give_back(&session->unpacked);
    if (session->wire.size > 0)
        session->spoke_ms = session->now_ms;
    session->totals.bytes_out += session->wire.size;
    update->send = buffer_bytes(&session->wire);
    update->pause = session->raw.size > RAW_BYTES_MAX;
    update->over = session->phase == PHASE_OVER;
    update->question = session->question_open && !update->over ? &session->question : NULL;
    update->settled = session->settled_now;
    return STATUS_OK;
}

/* ---- asking ---- */

const struct session_totals *session_totals(const struct session *session)
{
    return &session->totals;
}

uint32_t session_peer(const struct session *session)
{
    return session->peer;
}

uint64_t session_lineage(const struct session *session)
{
    return session->lineage;
}

struct bytes session_beacon(const struct session *session)
{
    return buffer_bytes(&session->beacon_sealed);
}

struct bytes session_link_key(const struct session *session)
{
    return buffer_bytes(&session->link_key);
}

uint32_t session_enrolled_as(const struct session *session)
{
    return session->enrolled_as;
}
