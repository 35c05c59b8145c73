/* Messages into the stream, the stream into frames. */

#include <string.h>

#include "common/pack.h"
#include "protocol/knock.h"
#include "protocol/session_state.h"

/* ---- messages ---- */

static enum status out_enrol(struct session *session)
{
    const struct session_options *options = &session->options;
    struct message_enrol enrol;
    uint8_t proof[ENROL_PROOF_BYTES];
    memcpy(enrol.token, options->token, sizeof enrol.token);
    memcpy(enrol.sign_key, options->sign.public_key, sizeof enrol.sign_key);
    enrol_proof(proof, options->token, options->local.public_key, options->sign.public_key);
    sign_object(enrol.signature, TAG_ENROL, &options->network, bytes_of(proof, sizeof proof),
                &options->sign);
    return message_put_enrol(&session->plain, &enrol);
}

static enum status put_hello(struct session *session, struct message_hello *hello,
                             struct buffer *delta)
{
    struct hash digest;
    TRY(frontier_digest(&session->told, &digest, NULL));
    if (session->told.count > 0)
        hello->told_digest = bytes_of(digest.bytes, SHORT_DIGEST_BYTES);
    TRY(frontier_beyond(&session->delta, &session->ours, &session->told, NULL));
    TRY(frontier_encode(&session->delta, delta, NULL));
    if (delta->size > HELLO_DELTA_MAX) {
        /* It wouldn't fit the first frame: be as one whom the hub doesn't remember. */
        buffer_clear(delta);
        frontier_clear(&session->delta);
        TRY(frontier_encode(&session->delta, delta, NULL));
        hello->flags |= HELLO_UNTOLD;
        hello->told_digest = (struct bytes){0};
    }
    hello->delta = buffer_bytes(delta);
    return message_put_hello(&session->plain, hello);
}

enum status out_hello(struct session *session)
{
    const struct session_options *options = &session->options;
    struct message_hello hello = {
        .version = SESSION_VERSION,
        .flags = HELLO_SKETCHES | HELLO_HELD | (session->wants_log ? 0 : HELLO_SNAPSHOTS) |
                 (options->watch ? HELLO_WATCH : 0) | (options->enrolling ? HELLO_ENROLLING : 0) |
                 (session->unfinished ? HELLO_UNFINISHED : 0) |
                 (session->asks_stable ? HELLO_STABLE : 0),
        .device = options->enrolling ? 0 : session->self,
        .lineage = session->lineage,
        .beacon = session->beacon,
        .clock_s = options->clock_s};
    struct buffer delta = {0};
    if (options->clock_s)
        hello.program = bytes_text(options->program);
    enum status status = put_hello(session, &hello, &delta);
    buffer_release(&delta);
    session->speaks = true;
    TRY(status);
    return options->enrolling ? out_enrol(session) : STATUS_OK;
}

enum status out_welcome(struct session *session, const struct session_answer *answer,
                        bool remembered)
{
    struct message_welcome welcome = {.code = (uint64_t)answer->refuse,
                                      .device = answer->device,
                                      .lineage = answer->lineage,
                                      .remembered = remembered,
                                      .flags = session->takes_held ? WELCOME_HELD : 0};
    /* Keys change with beacons: who knows the newest beacon has them. */
    if (answer->beacon > session->hello_beacon) {
        welcome.beacon = answer->beacon_sealed;
        welcome.link_key = answer->link_key;
    }
    return message_put_welcome(&session->plain, &welcome);
}

enum status out_have(struct session *session, const struct frontier *frontier)
{
    struct buffer encoded = {0};
    enum status status = frontier_encode(frontier, &encoded, NULL);
    if (status == STATUS_OK)
        status = message_put_bin(&session->plain, MESSAGE_HAVE, buffer_bytes(&encoded));
    buffer_release(&encoded);
    session->speaks = true;
    return status;
}

/* The runs behind `start` of what is to be sent, compressed; `last` of a load. */
static enum status pack_runs(struct session *session, size_t start, bool last)
{
    size_t size = session->plain.size - start;
    struct buffer runs = {0}, piece = {0};
    if (!session->packer.context && size < PACK_BYTES_MIN)
        return STATUS_OK;
    enum status status =
        size > 0 ? buffer_append(&runs, session->plain.data + start, size) : STATUS_OK;
    session->plain.size = start;
    struct bytes left = buffer_bytes(&runs);
    do {
        size_t most = left.size < PACK_PIECE_AIM ? left.size : PACK_PIECE_AIM;
        struct bytes plain = bytes_of(left.data, most);
        left.size -= most;
        if (left.size > 0)
            left.data += most;
        buffer_clear(&piece);
        if (status == STATUS_OK)
            status = packer_add(&session->packer, plain, last && left.size == 0, &piece);
        if (status == STATUS_OK)
            status = message_put(&session->plain, MESSAGE_PACKED, buffer_bytes(&piece));
    } while (status == STATUS_OK && left.size > 0);
    buffer_release(&runs);
    buffer_release(&piece);
    return status;
}

enum status out_runs(struct session *session, const struct session_answer *answer)
{
    bool initiator = session->options.role == SESSION_INITIATOR;
    size_t start = session->plain.size;
    for (size_t i = 0; i < answer->runs_count; i++) {
        struct bytes encoded = answer->runs[i].encoded;
        struct message_run run;
        bool formed = message_decode_run(encoded, &run);
        /* The peer would end the session for it: storage and we disagree about what a run is. */
        if (!formed || encoded.size > SESSION_MESSAGE_MAX)
            return STATUS_STORAGE;
        TRY(resume_put_run(session, encoded));
        if (initiator)
            TRY(frontier_raise(&session->ours, &run.feed, run.first + run.count - 1, NULL));
        session->totals.sent += run.count;
    }
    return pack_runs(session, start, !answer->more);
}

enum status out_held(struct session *session, const struct frontier *held)
{
    struct buffer encoded = {0};
    enum status status = frontier_encode(held, &encoded, NULL);
    if (status == STATUS_OK)
        status = message_put_bin(&session->plain, MESSAGE_HELD, buffer_bytes(&encoded));
    buffer_release(&encoded);
    return status;
}

/* The handshake has shown who says it, and no side keeps what the other one says of itself here: a
 * signature goes to who doesn't know better. Who isn't enrolled yet can't sign one. */
enum status out_stored(struct session *session, const struct session_answer *answer)
{
    if (session->takes_held)
        return out_held(session, answer->stored);
    return answer->receipt.size == 0
               ? STATUS_OK
               : message_put_bin(&session->plain, MESSAGE_RECEIPT, answer->receipt);
}

enum status out_sent(struct session *session)
{
    session->said_sent = true;
    session->speaks |= !session->peer_sent;
    return message_put_empty(&session->plain, MESSAGE_SENT);
}

enum status out_tally(struct session *session, const struct session_answer *answer)
{
    struct message_tally tally = {.has_chains = true};
    memcpy(tally.chains, answer->chains_digest.bytes, SHORT_DIGEST_BYTES);
    memcpy(tally.frontier, answer->frontier_digest.bytes, SHORT_DIGEST_BYTES);
    memcpy(tally.tally, answer->tally_digest.bytes, SHORT_DIGEST_BYTES);
    TRY(message_put_tally(&session->plain, &tally));
    return answer->stable.size > 0
               ? message_put_bin(&session->plain, MESSAGE_STABLE, answer->stable)
               : STATUS_OK;
}

enum status out_bye(struct session *session, enum session_code code)
{
    struct message_bye bye = {(uint64_t)code, bytes_text(session->totals.reason)};
    return message_put_bye(&session->plain, &bye);
}

enum status out_ping(struct session *session)
{
    session->pings_out++;
    return message_put_empty(&session->plain, MESSAGE_PING);
}

/* ---- frames ---- */

static enum status open_frame(struct session *session, size_t size)
{
    uint8_t length[2] = {(uint8_t)(size >> 8), (uint8_t)size};
    return buffer_append(&session->wire, length, sizeof length);
}

static enum status knock(struct session *session, struct bytes message)
{
    uint8_t knock[KNOCK_BYTES];
    knock_make(knock, &session->options.network, session->options.remote, message);
    return buffer_append(&session->wire, knock, sizeof knock);
}

static enum status flush_handshake(struct session *session)
{
    bool first = session->options.role == SESSION_INITIATOR;
    size_t overhead = first ? NOISE_FIRST_OVERHEAD : NOISE_SECOND_OVERHEAD;
    size_t most = first ? SESSION_FIRST_PAYLOAD_MAX : FRAME_BYTES_MAX - overhead;
    size_t size = session->plain.size < most ? session->plain.size : most;
    TRY(open_frame(session, size + overhead + (first ? KNOCK_BYTES : 0)));
    size_t start = session->wire.size;
    TRY(noise_write(&session->noise, bytes_of(session->plain.data, size), &session->wire, NULL));
    if (first)
        TRY(knock(session, bytes_of(session->wire.data + start, session->wire.size - start)));
    buffer_consume(&session->plain, size);
    return STATUS_OK;
}

static enum status flush_transport(struct session *session)
{
    struct bytes left = buffer_bytes(&session->plain);
    while (left.size > 0) {
        size_t most = FRAME_BYTES_MAX - NOISE_TAG_BYTES;
        size_t size = left.size < most ? left.size : most;
        TRY(open_frame(session, size + NOISE_TAG_BYTES));
        TRY(noise_encrypt(&session->noise, bytes_of(left.data, size), &session->wire, NULL));
        left = bytes_of(left.data + size, left.size - size);
    }
    buffer_clear(&session->plain);
    return STATUS_OK;
}

/* Small things wait for the open question, so that they share a frame. */
static bool worth_a_frame(const struct session *session)
{
    if (session->plain.size == 0)
        return false;
    return !session->question_open || session->phase == PHASE_OVER ||
           session->plain.size >= HOLD_BYTES;
}

enum status out_flush(struct session *session)
{
    bool initiator = session->options.role == SESSION_INITIATOR;
    if (!worth_a_frame(session))
        return STATUS_OK;
    if (!noise_done(&session->noise)) {
        if (session->noise.messages_done != (initiator ? 0 : 1))
            return STATUS_OK; /* the rest goes out when the second message has come */
        TRY(flush_handshake(session));
    }
    if (noise_done(&session->noise))
        TRY(flush_transport(session));
    session->waiting |= initiator && session->speaks;
    session->speaks = false;
    return STATUS_OK;
}
