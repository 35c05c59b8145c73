/* Frames out of bytes, messages out of the stream, and what each message means. */

#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "protocol/session_state.h"

/* ---- frames ---- */

static enum status take_handshake(struct session *session, struct bytes frame)
{
    bool responder = session->options.role == SESSION_RESPONDER;
    enum status status = noise_read(&session->noise, frame, &session->stream, NULL);
    if (status != STATUS_OK) {
        session->phase = PHASE_OVER; /* strangers get silence */
        session->totals.code = SESSION_BROKEN_RULE;
        memcpy(session->totals.reason, "no handshake", sizeof "no handshake");
        return status == STATUS_NO_MEMORY ? status : STATUS_OK;
    }
    session->phase = responder ? PHASE_SHAKING : PHASE_OPEN;
    return STATUS_OK;
}

/* One frame from raw into the stream; false when none is complete or its time hasn't come. */
static enum status take_frame(struct session *session, bool *taken)
{
    *taken = false;
    if (session->raw.size < 2)
        return STATUS_OK;
    size_t size = (size_t)session->raw.data[0] << 8 | session->raw.data[1];
    if (size == 0 || size > FRAME_BYTES_MAX)
        return STATUS_PROTOCOL;
    if (session->raw.size < 2 + size)
        return STATUS_OK;
    struct bytes frame = bytes_of(session->raw.data + 2, size);
    bool responder = session->options.role == SESSION_RESPONDER;
    if (noise_done(&session->noise))
        TRY(noise_decrypt(&session->noise, frame, &session->stream, NULL));
    else if (session->noise.messages_done == (responder ? 0 : 1))
        TRY(take_handshake(session, frame));
    else
        return STATUS_OK; /* our second message must leave first */
    buffer_consume(&session->raw, 2 + size);
    *taken = true;
    return STATUS_OK;
}

/* ---- messages ---- */

static bool take_start(struct unpack *in, uint32_t least, uint32_t *extra)
{
    uint32_t parts;
    if (!unpack_array(in, &parts) || parts < least)
        return false;
    *extra = parts - least;
    return true;
}

static bool take_end(struct unpack *in, uint32_t extra)
{
    struct bytes skipped;
    for (uint32_t i = 0; i < extra; i++)
        if (!unpack_value(in, &skipped))
            return false;
    return unpack_done(in);
}

static enum status take_hello(struct session *session, struct unpack in)
{
    uint64_t version, flags, device;
    uint32_t extra;
    struct bytes digest, delta;
    if (session->options.role != SESSION_RESPONDER || session->hello_ready ||
        !take_start(&in, 7, &extra) || !unpack_uint(&in, &version) ||
        !unpack_uint_max(&in, UINT32_MAX, &flags) || !unpack_uint_max(&in, UINT32_MAX, &device) ||
        !unpack_uint(&in, &session->lineage) || !unpack_uint(&in, &session->hello_beacon) ||
        !unpack_bin(&in, &digest) || !unpack_bin(&in, &delta) || !take_end(&in, extra))
        return STATUS_PROTOCOL;
    if (version != SESSION_VERSION) {
        flow_end(session, SESSION_NEWER_VERSION, "unknown protocol version");
        return STATUS_OK;
    }
    if (digest.size != 0 && digest.size != SHORT_DIGEST_BYTES)
        return STATUS_PROTOCOL;
    session->hello_digest_size = digest.size;
    if (digest.size)
        memcpy(session->hello_digest, digest.data, digest.size);
    session->peer_watches = (flags & HELLO_WATCH) != 0;
    session->question.device = (uint32_t)device;
    session->question.enrolling = (flags & HELLO_ENROLLING) != 0;
    memcpy(session->question.remote_dh, session->noise.remote_static, DH_KEY_BYTES);
    TRY(frontier_decode(&session->delta, delta, NULL));
    session->hello_ready = true;
    if (!session->question.enrolling)
        flow_ask(session, ASK_WHO);
    return STATUS_OK;
}

static enum status take_enrol(struct session *session, struct unpack in)
{
    uint8_t proof[16 + DH_KEY_BYTES + PUBLIC_KEY_BYTES], signature[SIGNATURE_BYTES];
    struct session_question *question = &session->question;
    uint32_t extra;
    if (!session->hello_ready || !question->enrolling || session->peer != 0 ||
        !take_start(&in, 3, &extra) || !unpack_bin_exact(&in, question->token, 16) ||
        !unpack_bin_exact(&in, question->sign_key, PUBLIC_KEY_BYTES) ||
        !unpack_bin_exact(&in, signature, sizeof signature) || !take_end(&in, extra))
        return STATUS_PROTOCOL;
    memcpy(proof, question->token, 16);
    memcpy(proof + 16, question->remote_dh, DH_KEY_BYTES);
    memcpy(proof + 16 + DH_KEY_BYTES, question->sign_key, PUBLIC_KEY_BYTES);
    if (!verify_object(signature, TAG_ENROL, &session->options.network,
                       bytes_of(proof, sizeof proof), question->sign_key))
        return STATUS_PROTOCOL;
    flow_ask(session, ASK_WHO);
    return STATUS_OK;
}

static bool take_optional(struct unpack *in, struct buffer *out)
{
    struct bytes data;
    buffer_clear(out);
    if (unpack_nil(in))
        return true;
    return unpack_bin(in, &data) && buffer_append_bytes(out, data) == STATUS_OK;
}

static enum status take_welcome(struct session *session, struct unpack in)
{
    uint64_t code, device, lineage;
    uint32_t extra;
    bool remembered;
    if (session->options.role != SESSION_INITIATOR || session->peer_known ||
        !take_start(&in, 6, &extra) || !unpack_uint_max(&in, SESSION_STOPPING, &code) ||
        !unpack_uint_max(&in, UINT32_MAX, &device) || !unpack_uint(&in, &lineage) ||
        !unpack_bool(&in, &remembered) || !take_optional(&in, &session->beacon_sealed) ||
        !take_optional(&in, &session->link_key) || !take_end(&in, extra))
        return STATUS_PROTOCOL;
    if (code != SESSION_DONE) {
        session->phase = PHASE_OVER;
        session->totals.code = (enum session_code)code;
        return STATUS_OK;
    }
    session->lineage = lineage;
    if (session->options.enrolling)
        session->enrolled_as = (uint32_t)device;
    session->peer_known = remembered; /* else its HAVE follows */
    return STATUS_OK;
}

static enum status take_have(struct session *session, struct unpack in)
{
    struct bytes encoded;
    uint32_t extra;
    if (session->peer_known || !take_start(&in, 1, &extra) || !unpack_bin(&in, &encoded) ||
        !take_end(&in, extra))
        return STATUS_PROTOCOL;
    TRY(frontier_decode(&session->proven, encoded, NULL));
    TRY(frontier_copy(&session->offered, &session->proven, NULL));
    session->peer_known = true;
    session->need_load = true;
    session->said_sent = false;
    session->peer_sent = false; /* what it said before it knew our frontier doesn't count */
    if (session->options.role == SESSION_INITIATOR)
        return out_frontier(session, &session->mine);
    return STATUS_OK;
}

/* Keeps the run for the next question, and notes that the peer holds it. */
static enum status take_run(struct session *session, struct bytes body)
{
    struct unpack in = unpack_of(body);
    uint64_t scope, device, incarnation, first;
    uint32_t parts, count;
    if (session->peer == 0 || !unpack_array(&in, &parts) || parts < 6 ||
        !unpack_uint_max(&in, UINT32_MAX, &scope) || !unpack_uint_max(&in, UINT32_MAX, &device) ||
        !unpack_uint_max(&in, UINT32_MAX, &incarnation) ||
        !unpack_uint_max(&in, UINT64_MAX / 2, &first) || !unpack_array(&in, &count) || count == 0 ||
        first == 0)
        return STATUS_PROTOCOL;
    if (session->batch_count == session->batch_capacity) {
        size_t capacity = session->batch_capacity ? session->batch_capacity * 2 : 16;
        size_t *sizes = realloc(session->batch_sizes, capacity * sizeof *sizes);
        if (!sizes)
            return STATUS_NO_MEMORY;
        session->batch_sizes = sizes;
        session->batch_capacity = capacity;
    }
    struct feed_id feed = {(uint32_t)scope, (uint32_t)device, (uint32_t)incarnation};
    session->batch_sizes[session->batch_count++] = body.size;
    session->totals.received += count;
    TRY(frontier_raise(&session->proven, &feed, first + count - 1, NULL));
    TRY(frontier_raise(&session->offered, &feed, first + count - 1, NULL));
    return buffer_append_bytes(&session->batch, body);
}

static enum status take_receipt(struct session *session, struct unpack in)
{
    struct receipt receipt = {0};
    struct bytes sealed;
    uint32_t extra;
    if (!take_start(&in, 1, &extra) || !unpack_bin(&in, &sealed) || !take_end(&in, extra))
        return STATUS_PROTOCOL;
    enum status status = receipt_peek(&receipt, sealed, NULL);
    if (status == STATUS_OK)
        status = frontier_merge(&session->proven, &receipt.held, NULL);
    receipt_release(&receipt);
    session->remember_due = true;
    return status;
}

static enum status take_tally(struct session *session, struct unpack in)
{
    uint32_t extra;
    if (!take_start(&in, 2, &extra) ||
        !unpack_bin_exact(&in, session->peer_frontier_digest, SHORT_DIGEST_BYTES) ||
        !unpack_bin_exact(&in, session->peer_tally_digest, SHORT_DIGEST_BYTES) ||
        !take_end(&in, extra))
        return STATUS_PROTOCOL;
    session->tally_came = true;
    session->tally_done = false;
    return STATUS_OK;
}

static enum status take_bye(struct session *session, struct unpack in)
{
    uint64_t code;
    uint32_t extra;
    struct bytes words;
    if (!take_start(&in, 2, &extra) || !unpack_uint(&in, &code) || !unpack_str(&in, &words) ||
        !take_end(&in, extra))
        return STATUS_PROTOCOL;
    session->bye_came = true;
    session->totals.code = code <= SESSION_STOPPING ? (enum session_code)code : SESSION_BROKEN_RULE;
    if (code != SESSION_DONE) {
        size_t size = words.size < sizeof session->totals.reason - 1
                          ? words.size
                          : sizeof session->totals.reason - 1;
        memcpy(session->totals.reason, words.data, size);
        session->totals.reason[size] = '\0';
    }
    return STATUS_OK;
}

static enum status take_message(struct session *session, uint8_t type, struct bytes body)
{
    struct unpack in = unpack_of(body);
    static const uint8_t empty = 0x90;
    if (!pack_valid(body))
        return STATUS_PROTOCOL;
    switch (type) {
    case MESSAGE_HELLO:
        return take_hello(session, in);
    case MESSAGE_ENROL:
        return take_enrol(session, in);
    case MESSAGE_WELCOME:
        return take_welcome(session, in);
    case MESSAGE_HAVE:
        return take_have(session, in);
    case MESSAGE_RUN:
        return take_run(session, body);
    case MESSAGE_SENT:
        session->peer_sent = true;
        return STATUS_OK;
    case MESSAGE_RECEIPT:
        return take_receipt(session, in);
    case MESSAGE_TALLY:
        return take_tally(session, in);
    case MESSAGE_BYE:
        return take_bye(session, in);
    case MESSAGE_PING:
        return out_message(session, MESSAGE_PONG, bytes_of(&empty, 1));
    case MESSAGE_PONG:
        session->was_settled = true;
        return STATUS_OK;
    default:
        return type > MESSAGE_MANDATORY_MAX ? STATUS_OK : STATUS_PROTOCOL;
    }
}

/* One message from the stream; false when none is complete. */
static enum status next_message(struct session *session, struct bytes *rest, bool *taken)
{
    struct bytes at = *rest;
    uint64_t size;
    *taken = false;
    if (at.size < 2)
        return STATUS_OK;
    uint8_t type = at.data[0];
    at.data++;
    at.size--;
    if (!bytes_take_varint(&at, &size))
        return rest->size > 11 ? STATUS_PROTOCOL : STATUS_OK;
    if (size > SESSION_MESSAGE_MAX)
        return STATUS_PROTOCOL;
    if (at.size < size)
        return STATUS_OK;
    *taken = true;
    *rest = bytes_of(at.data + size, at.size - size);
    if (type < MESSAGE_PING)
        session->was_settled = false;
    return take_message(session, type, bytes_of(at.data, size));
}

enum status in_consume(struct session *session, bool *progress)
{
    struct bytes rest = buffer_bytes(&session->stream);
    enum status status = STATUS_OK;
    bool taken = true;
    *progress = false;
    while (status == STATUS_OK && taken && !session->question_open &&
           session->phase != PHASE_OVER && session->batch.size < BATCH_BYTES_MAX) {
        status = next_message(session, &rest, &taken);
        *progress |= taken;
    }
    buffer_consume(&session->stream, session->stream.size - rest.size);
    if (status != STATUS_OK || session->question_open || session->phase == PHASE_OVER ||
        session->batch.size >= BATCH_BYTES_MAX)
        return status;
    status = take_frame(session, &taken);
    *progress |= taken;
    return status;
}
