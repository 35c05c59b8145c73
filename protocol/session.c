#include "protocol/session.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    session->peer = initiator ? DEVICE_HUB : 0;
    memcpy(prologue, "jinqiu/1", 8);
    memcpy(prologue + 8, options->network.id, NETWORK_BYTES);
    noise_start(&session->noise, initiator ? NOISE_INITIATOR : NOISE_RESPONDER,
                bytes_of(prologue, sizeof prologue), &options->local,
                initiator ? options->remote : NULL, NULL);
    return STATUS_OK;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    struct buffer *buffers[] = {&session->raw,           &session->stream,  &session->plain,
                                &session->wire,          &session->body,    &session->batch,
                                &session->beacon_sealed, &session->link_key};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        buffer_release(buffers[i]);
    struct frontier *frontiers[] = {&session->mine, &session->told, &session->delta,
                                    &session->proven, &session->offered};
    for (size_t i = 0; i < sizeof frontiers / sizeof frontiers[0]; i++)
        frontier_release(frontiers[i]);
    free(session->batch_sizes);
    free(session->batch_runs);
    noise_release(&session->noise);
    sodium_memzero(&session->options, sizeof session->options);
    free(session);
}

/* ---- time ---- */

uint64_t session_deadline_ms(const struct session *session)
{
    switch (session->phase) {
    case PHASE_SHAKING:
        return session->started_ms + SESSION_HANDSHAKE_MS;
    case PHASE_OPEN:
        if (session->question_open)
            return UINT64_MAX;
        if (session->was_settled)
            return session->last_in_ms + SESSION_IDLE_MS / 2;
        return session->last_in_ms + SESSION_SILENCE_MS;
    case PHASE_IDLE:
        return session->started_ms ? session->started_ms + SESSION_HANDSHAKE_MS : UINT64_MAX;
    case PHASE_OVER:
        break;
    }
    return UINT64_MAX;
}

static enum status tick(struct session *session)
{
    if (session->now_ms < session_deadline_ms(session))
        return STATUS_OK;
    if (session->phase == PHASE_OPEN && session->was_settled &&
        session->now_ms < session->last_in_ms + SESSION_IDLE_MS) {
        uint8_t empty = 0x90;
        session->was_settled = false; /* now an answer is due */
        session->last_in_ms = session->now_ms;
        return out_message(session, MESSAGE_PING, bytes_of(&empty, 1));
    }
    flow_end(session, SESSION_BROKEN_RULE, "silence");
    return STATUS_OK;
}

/* ---- events ---- */

static enum status take_bytes(struct session *session, struct bytes bytes)
{
    session->last_in_ms = session->now_ms;
    session->totals.bytes_in += bytes.size;
    if (session->waiting) {
        session->waiting = false;
        session->totals.round_trips++;
    }
    if (session->raw.size + bytes.size > 2 * RAW_BYTES_MAX)
        return STATUS_TOO_LARGE; /* the host didn't heed `pause` */
    return buffer_append_bytes(&session->raw, bytes);
}

static enum status take_event(struct session *session, const struct session_event *event)
{
    bool initiator = session->options.role == SESSION_INITIATOR;
    switch (event->kind) {
    case SESSION_STARTED:
        session->started_ms = session->last_in_ms = event->now_ms;
        if (initiator) {
            session->phase = PHASE_SHAKING;
            flow_ask(session, ASK_OPEN);
        }
        return STATUS_OK;
    case SESSION_BYTES:
        return take_bytes(session, event->bytes);
    case SESSION_ANSWER:
        session->question_open = false;
        session->last_in_ms = session->now_ms; /* the peer can't be blamed for our disk */
        return flow_answer(session, event->answer);
    case SESSION_TICK:
        return tick(session);
    case SESSION_LOCAL:
        session->need_load |= session->phase == PHASE_OPEN && session->peer_known;
        return STATUS_OK;
    case SESSION_LOST:
        session->phase = PHASE_OVER;
        return STATUS_OK;
    case SESSION_STOP:
        flow_end(session, initiator ? SESSION_DONE : SESSION_STOPPING, "");
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* Works until nothing more can be done without the peer or storage. */
static enum status drive(struct session *session)
{
    bool progress = true;
    while (progress && session->phase != PHASE_OVER && !session->question_open) {
        TRY(in_consume(session, &progress));
        if (!session->question_open && session->phase != PHASE_OVER)
            TRY(flow_next(session));
    }
    return out_flush(session);
}

enum status session_step(struct session *session, const struct session_event *event,
                         struct session_update *update, struct error *err)
{
    *update = (struct session_update){0};
    session->now_ms = event->now_ms;
    buffer_clear(&session->wire);
    session->settled_now = false;
    enum status status = STATUS_OK;
    if (session->phase != PHASE_OVER || event->kind == SESSION_ANSWER)
        status = take_event(session, event);
    if (status == STATUS_OK)
        status = drive(session);
    if (status == STATUS_NO_MEMORY) {
        session->phase = PHASE_OVER;
        return error_set(err, status, "out of memory");
    }
    if (status != STATUS_OK) {
        flow_end(session, SESSION_BROKEN_RULE, status_name(status));
        out_flush(session);
    }
    session->totals.bytes_out += session->wire.size;
    update->send = buffer_bytes(&session->wire);
    update->pause = session->raw.size > RAW_BYTES_MAX;
    update->question = session->question_open ? &session->question : NULL;
    update->settled = session->settled_now;
    update->over = session->phase == PHASE_OVER;
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
