/* Frames out of bytes, messages out of the stream, and what each message means. */

#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "protocol/knock.h"
#include "protocol/session_state.h"

/* ---- who it is ---- */

static void ask_who(struct session *session)
{
    memcpy(session->question.remote_dh, session->noise.remote_static, DH_KEY_BYTES);
    flow_ask(session, ASK_WHO);
}

static enum status take_hello(struct session *session, struct bytes body)
{
    struct message_hello hello;
    if (session->hello_came || !message_decode_hello(body, &hello))
        return STATUS_PROTOCOL;
    if (hello.version > SESSION_VERSION)
        return flow_end(session, SESSION_NEWER_VERSION, "");
    TRY(frontier_decode(&session->delta, hello.delta, NULL));
    session->hello_came = true;
    session->hello_digest_size = hello.told_digest.size;
    if (hello.told_digest.size > 0)
        memcpy(session->hello_digest, hello.told_digest.data, hello.told_digest.size);
    session->hello_untold = (hello.flags & HELLO_UNTOLD) != 0;
    session->takes_held = (hello.flags & HELLO_HELD) != 0;
    session->unfinished = (hello.flags & HELLO_UNFINISHED) != 0;
    session->snapshots.look_due =
        (hello.flags & HELLO_SNAPSHOTS) != 0 && hello.device != DEVICE_HUB;
    session->hello_sketches = (hello.flags & HELLO_SKETCHES) != 0;
    session->question.tell_stable = (hello.flags & HELLO_STABLE) != 0;
    session->hello_lineage = hello.lineage;
    session->hello_beacon = hello.beacon;
    session->peer_watches = (hello.flags & HELLO_WATCH) != 0;
    session->question.device = hello.device;
    session->question.enrolling = (hello.flags & HELLO_ENROLLING) != 0;
    session->question.clock_s = hello.clock_s;
    if (hello.program.size > 0)
        memcpy(session->question.program, hello.program.data, hello.program.size);
    if (!session->question.enrolling)
        ask_who(session);
    return STATUS_OK;
}

static enum status take_enrol(struct session *session, struct bytes body)
{
    struct session_question *question = &session->question;
    struct message_enrol enrol;
    uint8_t proof[ENROL_PROOF_BYTES];
    if (!session->hello_came || !question->enrolling || session->peer != 0 ||
        !message_decode_enrol(body, &enrol))
        return STATUS_PROTOCOL;
    enrol_proof(proof, enrol.token, session->noise.remote_static, enrol.sign_key);
    if (!verify_object(enrol.signature, TAG_ENROL, &session->options.network,
                       bytes_of(proof, sizeof proof), enrol.sign_key))
        return STATUS_FORGED;
    memcpy(question->token, enrol.token, sizeof question->token);
    memcpy(question->sign_key, enrol.sign_key, sizeof question->sign_key);
    ask_who(session);
    return STATUS_OK;
}

/* A code that only a newer program knows ends the session all the same. */
static enum session_code code_of(uint64_t code)
{
    return code <= SESSION_CODE_LAST ? (enum session_code)code : SESSION_BROKEN_RULE;
}

static enum status take_welcome(struct session *session, struct bytes body)
{
    struct message_welcome welcome;
    bool enrolling = session->options.enrolling;
    if (session->welcomed || !message_decode_welcome(body, &welcome))
        return STATUS_PROTOCOL;
    session->welcomed = true;
    if (welcome.code != SESSION_DONE) {
        enum session_code code = code_of(welcome.code);
        flow_over(session, code, session_code_text(code));
        return STATUS_OK;
    }
    if (welcome.device == 0 || (!enrolling && welcome.device != session->self))
        return STATUS_PROTOCOL;
    if (enrolling)
        session->enrolled_as = session->self = welcome.device;
    session->lineage = welcome.lineage;
    session->takes_held = (welcome.flags & WELCOME_HELD) != 0;
    session->peer_known = welcome.remembered; /* else its HAVE follows */
    TRY(buffer_append_bytes(&session->beacon_sealed, welcome.beacon));
    return buffer_append_bytes(&session->link_key, welcome.link_key);
}

/* ---- what it brings ---- */

static enum status batch_add(struct session *session, struct bytes body)
{
    if (session->batch_count == session->batch_capacity) {
        size_t capacity = session->batch_capacity ? session->batch_capacity * 2 : 16;
        size_t *sizes = realloc(session->batch_sizes, capacity * sizeof *sizes);
        if (!sizes)
            return STATUS_NO_MEMORY;
        session->batch_sizes = sizes;
        session->batch_capacity = capacity;
    }
    TRY(buffer_append_bytes(&session->batch, body));
    session->batch_sizes[session->batch_count++] = body.size;
    return STATUS_OK;
}

/* Keeps the run for the next question, and notes that the peer holds it. */
enum status in_take_run(struct session *session, struct bytes body)
{
    struct message_run run;
    if (!message_decode_run(body, &run))
        return STATUS_PROTOCOL;
    uint64_t last = run.first + run.count - 1;
    resume_came(session);
    session->totals.received += run.count;
    session->changed = true;
    TRY(batch_add(session, body));
    TRY(frontier_raise(&session->proven, &run.feed, last, NULL));
    return frontier_raise(&session->offered, &run.feed, last, NULL);
}

static enum status merge_held(struct session *session, const struct frontier *held)
{
    session->changed = session->held_due = true;
    session->receipt_due = false;
    TRY(frontier_merge(&session->proven, held, NULL));
    return frontier_merge(&session->offered, held, NULL);
}

static enum status take_receipt(struct session *session, struct bytes body)
{
    struct receipt receipt = {0};
    struct bytes sealed;
    if (!message_decode_bin(body, &sealed))
        return STATUS_PROTOCOL;
    enum status status = receipt_peek(&receipt, sealed, NULL);
    /* Somebody else's proves nothing about this peer. */
    if (status == STATUS_OK && receipt.device == session->peer)
        status = merge_held(session, &receipt.held);
    receipt_release(&receipt);
    return status;
}

static enum status take_held(struct session *session, struct bytes body)
{
    struct frontier held = {0};
    struct bytes encoded;
    if (!message_decode_bin(body, &encoded))
        return STATUS_PROTOCOL;
    enum status status = frontier_decode(&held, encoded, NULL);
    if (status == STATUS_OK)
        status = merge_held(session, &held);
    frontier_release(&held);
    return status;
}

/* Remembered with what else this session brings. */
static enum status take_stable(struct session *session, struct bytes body)
{
    struct bytes encoded;
    if (!session->asks_stable || session->stable_came || !message_decode_bin(body, &encoded))
        return STATUS_PROTOCOL;
    session->stable_came = session->changed = true;
    return frontier_decode(&session->stable, encoded, NULL);
}

/* ---- turns ---- */

static enum status take_sent(struct session *session, struct bytes body)
{
    session->peer_sent = true;
    return message_decode_empty(body) ? STATUS_OK : STATUS_PROTOCOL;
}

static enum status take_tally(struct session *session, struct bytes body)
{
    session->tally_came = true;
    session->tally_done = false;
    return message_decode_tally(body, &session->peer_tally) ? STATUS_OK : STATUS_PROTOCOL;
}

static enum status take_bye(struct session *session, struct bytes body)
{
    struct message_bye bye;
    if (!message_decode_bye(body, &bye))
        return STATUS_PROTOCOL;
    session->bye_came = true;
    session->totals.code = code_of(bye.code);
    size_t most = sizeof session->totals.reason - 1;
    size_t size = bye.text.size < most ? bye.text.size : most;
    while (size > 0 && size < bye.text.size && (bye.text.data[size] & 0xc0) == 0x80)
        size--; /* not through a character */
    if (size > 0)
        memcpy(session->totals.reason, bye.text.data, size);
    session->totals.reason[size] = '\0';
    return STATUS_OK;
}

static enum status take_ping(struct session *session, struct bytes body)
{
    if (!message_decode_empty(body))
        return STATUS_PROTOCOL;
    return message_put_empty(&session->plain, MESSAGE_PONG);
}

static enum status take_pong(struct session *session, struct bytes body)
{
    if (session->pings_out > 0)
        session->pings_out--;
    return message_decode_empty(body) ? STATUS_OK : STATUS_PROTOCOL;
}

static enum status take_packed(struct session *session, struct bytes body)
{
    return unpacker_add(&session->unpacker, body, &session->unpacked);
}

/* What wasn't acknowledged waits here, for another session. */
static enum status take_hold(struct session *session, struct bytes body)
{
    uint64_t code;
    if (!message_decode_number(body, &code) || code == SESSION_DONE)
        return STATUS_PROTOCOL;
    session->totals.held = code_of(code);
    session->receipt_due = false;
    return STATUS_OK;
}

/* ---- dispatch ---- */

/* Which side sends a message, and whether it waits for both to know each other. */
static const struct {
    bool from_initiator, from_responder, after_greeting;
    enum status (*take)(struct session *session, struct bytes body);
} rules[] = {
    [MESSAGE_HELLO] = {true, false, false, take_hello},
    [MESSAGE_ENROL] = {true, false, false, take_enrol},
    [MESSAGE_WELCOME] = {false, true, false, take_welcome},
    [MESSAGE_HAVE] = {true, true, true, compare_take_have},
    [MESSAGE_RUN] = {true, true, true, in_take_run},
    [MESSAGE_SENT] = {true, true, true, take_sent},
    [MESSAGE_RECEIPT] = {true, true, true, take_receipt},
    [MESSAGE_TALLY] = {false, true, true, take_tally},
    [MESSAGE_BYE] = {true, true, false, take_bye},
    [MESSAGE_PING] = {true, true, true, take_ping},
    [MESSAGE_PONG] = {true, true, true, take_pong},
    [MESSAGE_PACKED] = {true, true, true, take_packed},
    [MESSAGE_HOLD] = {true, true, true, take_hold},
    [MESSAGE_OFFER] = {true, true, true, attachment_take_offer},
    [MESSAGE_WANT] = {true, true, true, attachment_take_want},
    [MESSAGE_UNIT] = {true, true, true, attachment_take_unit},
    [MESSAGE_NONE] = {true, true, true, attachment_take_none},
    [MESSAGE_ENOUGH] = {true, true, true, attachment_take_enough},
    [MESSAGE_SNAPSHOT] = {false, true, true, snapshot_take_offer},
    [MESSAGE_FETCH] = {true, false, true, snapshot_take_fetch},
    [MESSAGE_CHUNK] = {false, true, true, snapshot_take_chunk},
    [MESSAGE_SETTLED] = {true, true, true, snapshot_take_settled},
    [MESSAGE_STABLE] = {false, true, true, take_stable},
    [MESSAGE_SKETCH] = {false, true, true, compare_take_sketch},
    [MESSAGE_DIFFERENCE] = {true, false, true, compare_take_difference},
    [MESSAGE_WIDER] = {true, false, true, compare_take_wider},
    [MESSAGE_PART] = {true, true, true, resume_take_part},
    [MESSAGE_REST] = {true, true, true, resume_take_rest},
    [MESSAGE_HELD] = {true, true, true, take_held},
};

static enum status take_message(struct session *session, const struct message *message)
{
    bool initiator = session->options.role == SESSION_INITIATOR;
    uint8_t type = message->type;
    if (type >= sizeof rules / sizeof rules[0] || !rules[type].take)
        return type >= MESSAGE_OPTIONAL_FROM ? STATUS_OK : STATUS_PROTOCOL;
    bool greeted = initiator ? session->welcomed : session->phase == PHASE_OPEN;
    bool may_speak = initiator ? rules[type].from_responder : rules[type].from_initiator;
    if (!may_speak || (rules[type].after_greeting && !greeted))
        return STATUS_PROTOCOL;
    if (type < MESSAGE_PING || type >= MESSAGE_SKETCH)
        session->idle = false;
    return rules[type].take(session, message->body);
}

/* May the next message be looked at? */
static bool may_go_on(const struct session *session)
{
    return !session->question_open && session->phase != PHASE_OVER && !session->bye_came &&
           session->batch.size < BATCH_BYTES_MAX && !session->snapshots.part_whole;
}

/* Runs out of what was packed. */
static enum status take_unpacked(struct session *session)
{
    struct bytes rest = buffer_bytes(&session->unpacked);
    struct message message;
    enum status status = STATUS_OK;
    bool taken = true;
    while (status == STATUS_OK && taken && may_go_on(session)) {
        status = message_take(&rest, &message, &taken);
        if (status == STATUS_OK && taken)
            status = message.type == MESSAGE_RUN || message.type == MESSAGE_REST
                         ? take_message(session, &message)
                         : STATUS_PROTOCOL;
    }
    buffer_consume(&session->unpacked, session->unpacked.size - rest.size);
    return status;
}

static enum status take_messages(struct session *session)
{
    enum status status = take_unpacked(session);
    struct bytes rest = buffer_bytes(&session->stream);
    struct message message;
    bool taken = true;
    while (status == STATUS_OK && taken && may_go_on(session)) {
        status = message_take(&rest, &message, &taken);
        if (status != STATUS_OK || !taken)
            break;
        /* A run that was packed in parts isn't interrupted. */
        if (session->unpacked.size > 0 && message.type != MESSAGE_PACKED)
            status = STATUS_PROTOCOL;
        else
            status = take_message(session, &message);
        if (status == STATUS_OK)
            status = take_unpacked(session);
    }
    buffer_consume(&session->stream, session->stream.size - rest.size);
    return status;
}

/* ---- frames ---- */

static enum status take_handshake(struct session *session, struct bytes frame)
{
    bool responder = session->options.role == SESSION_RESPONDER;
    enum status status = STATUS_FORGED;
    if (!responder ||
        knock_take(frame, &session->options.network, session->options.local.public_key, &frame))
        status = noise_read(&session->noise, frame, &session->stream, NULL);
    if (status == STATUS_NO_MEMORY)
        return status;
    if (status != STATUS_OK)
        flow_over(session, SESSION_BROKEN_RULE, "no handshake"); /* strangers get silence */
    else
        session->phase = responder ? PHASE_SHAKING : PHASE_OPEN;
    return STATUS_OK;
}

/* The frame at the front of `raw` into the stream; false when none is whole. */
static enum status take_frame(struct session *session, struct bytes *raw, bool *taken)
{
    *taken = false;
    if (raw->size < 2)
        return STATUS_OK;
    size_t size = (size_t)raw->data[0] << 8 | raw->data[1];
    if (size == 0 || (size > FRAME_BYTES_MAX && !MUTANT("t15-frame-of-any-size")))
        return STATUS_PROTOCOL;
    if (raw->size < 2 + size)
        return STATUS_OK;
    struct bytes frame = bytes_of(raw->data + 2, size);
    bool responder = session->options.role == SESSION_RESPONDER;
    if (noise_done(&session->noise))
        TRY(noise_decrypt(&session->noise, frame, &session->stream, NULL));
    else if (session->noise.messages_done == (responder ? 0 : 1))
        TRY(take_handshake(session, frame));
    else
        return STATUS_PROTOCOL; /* it can't know our keys yet */
    *raw = bytes_of(raw->data + 2 + size, raw->size - 2 - size);
    *taken = true;
    session_heard(session);
    return STATUS_OK;
}

enum status in_consume(struct session *session)
{
    struct bytes raw = buffer_bytes(&session->raw);
    enum status status = take_messages(session);
    bool taken = true;
    while (status == STATUS_OK && taken && may_go_on(session)) {
        status = take_frame(session, &raw, &taken);
        if (status == STATUS_OK && taken)
            status = take_messages(session);
    }
    buffer_consume(&session->raw, session->raw.size - raw.size);
    if (status == STATUS_OK && session->phase == PHASE_SHAKING && !session->question_open &&
        session->noise.messages_done == 1 && session->options.role == SESSION_RESPONDER)
        status = STATUS_PROTOCOL; /* the first frame says who it is, wholly */
    return status;
}
