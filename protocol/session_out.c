/* Messages into the stream, the stream into frames. */

#include <string.h>

#include "common/pack.h"
#include "protocol/session_state.h"

enum status out_message(struct session *session, enum message type, struct bytes body)
{
    uint8_t kind = (uint8_t)type;
    TRY(buffer_append(&session->plain, &kind, 1));
    TRY(buffer_append_varint(&session->plain, body.size));
    return buffer_append_bytes(&session->plain, body);
}

static enum status put_body(struct session *session, enum message type)
{
    return out_message(session, type, buffer_bytes(&session->body));
}

/* A frontier as a bin inside a message. */
static enum status pack_frontier(struct buffer *out, const struct frontier *frontier)
{
    struct buffer encoded = {0};
    enum status status = frontier_encode(frontier, &encoded, NULL);
    if (status == STATUS_OK)
        status = pack_bin(out, buffer_bytes(&encoded));
    buffer_release(&encoded);
    return status;
}

static enum status out_enrol(struct session *session)
{
    const struct session_options *options = &session->options;
    uint8_t proof[16 + DH_KEY_BYTES + PUBLIC_KEY_BYTES], signature[SIGNATURE_BYTES];
    memcpy(proof, options->token, 16);
    memcpy(proof + 16, options->local.public_key, DH_KEY_BYTES);
    memcpy(proof + 16 + DH_KEY_BYTES, options->sign.public_key, PUBLIC_KEY_BYTES);
    sign_object(signature, TAG_ENROL, &options->network, bytes_of(proof, sizeof proof),
                &options->sign);
    struct buffer *body = &session->body;
    buffer_clear(body);
    TRY(pack_array(body, 3));
    TRY(pack_bin(body, bytes_of(options->token, 16)));
    TRY(pack_bin(body, bytes_of(options->sign.public_key, PUBLIC_KEY_BYTES)));
    TRY(pack_bin(body, bytes_of(signature, sizeof signature)));
    return put_body(session, MESSAGE_ENROL);
}

enum status out_hello(struct session *session)
{
    struct buffer *body = &session->body;
    struct hash digest;
    struct frontier delta = {0};
    bool enrolling = session->options.enrolling;
    TRY(frontier_digest(&session->told, &digest, NULL));
    enum status status = frontier_beyond(&delta, &session->mine, &session->told, NULL);
    buffer_clear(body);
    if (status == STATUS_OK)
        status = pack_array(body, 7);
    if (status == STATUS_OK)
        status = pack_uint(body, SESSION_VERSION);
    if (status == STATUS_OK)
        status = pack_uint(body, (session->options.watch ? HELLO_WATCH : 0) |
                                     (enrolling ? HELLO_ENROLLING : 0));
    if (status == STATUS_OK)
        status = pack_uint(body, session->self);
    if (status == STATUS_OK)
        status = pack_uint(body, session->lineage);
    if (status == STATUS_OK)
        status = pack_uint(body, session->beacon);
    if (status == STATUS_OK)
        status =
            pack_bin(body, bytes_of(digest.bytes, session->told.count ? SHORT_DIGEST_BYTES : 0));
    if (status == STATUS_OK)
        status = pack_frontier(body, &delta);
    frontier_release(&delta);
    if (status == STATUS_OK)
        status = put_body(session, MESSAGE_HELLO);
    if (status == STATUS_OK && enrolling)
        status = out_enrol(session);
    session->counts_as_turn = true;
    return status;
}

static enum status pack_optional(struct buffer *out, struct bytes data)
{
    return data.size ? pack_bin(out, data) : pack_nil(out);
}

enum status out_welcome(struct session *session, const struct session_answer *answer,
                        bool remembered)
{
    struct buffer *body = &session->body;
    bool newer = answer->beacon > session->hello_beacon;
    buffer_clear(body);
    TRY(pack_array(body, 6));
    TRY(pack_uint(body, answer->refuse));
    TRY(pack_uint(body, answer->device));
    TRY(pack_uint(body, answer->lineage));
    TRY(pack_bool(body, remembered));
    TRY(pack_optional(body, newer ? answer->beacon_sealed : (struct bytes){0}));
    TRY(pack_optional(body, answer->link_key));
    return put_body(session, MESSAGE_WELCOME);
}

enum status out_frontier(struct session *session, const struct frontier *frontier)
{
    buffer_clear(&session->body);
    TRY(pack_array(&session->body, 1));
    TRY(pack_frontier(&session->body, frontier));
    session->counts_as_turn = true;
    return put_body(session, MESSAGE_HAVE);
}

/* Entries of a run, from its header alone: [scope, device, incarnation, first, [ … */
static uint32_t run_entries(struct bytes encoded)
{
    struct unpack in = unpack_of(encoded);
    uint64_t skipped;
    uint32_t parts, count = 0;
    if (!unpack_array(&in, &parts))
        return 0;
    for (int i = 0; i < 4; i++)
        if (!unpack_uint(&in, &skipped))
            return 0;
    return unpack_array(&in, &count) ? count : 0;
}

enum status out_runs(struct session *session, const struct session_answer *answer)
{
    for (size_t i = 0; i < answer->runs_count; i++) {
        TRY(out_message(session, MESSAGE_RUN, answer->runs[i].encoded));
        session->totals.sent += run_entries(answer->runs[i].encoded);
    }
    return STATUS_OK;
}

enum status out_receipt(struct session *session, struct bytes sealed)
{
    if (sealed.size == 0)
        return STATUS_OK;
    buffer_clear(&session->body);
    TRY(pack_array(&session->body, 1));
    TRY(pack_bin(&session->body, sealed));
    return put_body(session, MESSAGE_RECEIPT);
}

enum status out_tally(struct session *session, const struct session_answer *answer)
{
    buffer_clear(&session->body);
    TRY(pack_array(&session->body, 2));
    TRY(pack_bin(&session->body, bytes_of(answer->frontier_digest.bytes, SHORT_DIGEST_BYTES)));
    TRY(pack_bin(&session->body, bytes_of(answer->tally_digest.bytes, SHORT_DIGEST_BYTES)));
    return put_body(session, MESSAGE_TALLY);
}

enum status out_bye(struct session *session, enum session_code code)
{
    buffer_clear(&session->body);
    TRY(pack_array(&session->body, 2));
    TRY(pack_uint(&session->body, (uint64_t)code));
    TRY(pack_str(&session->body, bytes_text(session->totals.reason)));
    return put_body(session, MESSAGE_BYE);
}

/* ---- frames ---- */

static enum status open_frame(struct session *session, size_t size)
{
    uint8_t length[2] = {(uint8_t)(size >> 8), (uint8_t)size};
    return buffer_append(&session->wire, length, sizeof length);
}

static enum status flush_handshake(struct session *session)
{
    bool first = session->options.role == SESSION_INITIATOR;
    size_t overhead = first ? NOISE_FIRST_OVERHEAD : NOISE_SECOND_OVERHEAD;
    size_t most = first ? SESSION_FIRST_PAYLOAD_MAX : FRAME_BYTES_MAX - overhead;
    size_t size = session->plain.size < most ? session->plain.size : most;
    TRY(open_frame(session, size + overhead));
    TRY(noise_write(&session->noise, bytes_of(session->plain.data, size), &session->wire, NULL));
    buffer_consume(&session->plain, size);
    return STATUS_OK;
}

static enum status flush_transport(struct session *session)
{
    size_t at = 0;
    while (at < session->plain.size) {
        size_t left = session->plain.size - at, most = FRAME_BYTES_MAX - NOISE_TAG_BYTES;
        size_t size = left < most ? left : most;
        TRY(open_frame(session, size + NOISE_TAG_BYTES));
        TRY(noise_encrypt(&session->noise, bytes_of(session->plain.data + at, size), &session->wire,
                          NULL));
        at += size;
    }
    buffer_clear(&session->plain);
    return STATUS_OK;
}

/* Small things wait for the open question, so that they share a frame. */
static bool may_flush(const struct session *session)
{
    if (session->plain.size == 0)
        return false;
    return !session->question_open || session->phase == PHASE_OVER ||
           (noise_done(&session->noise) && session->plain.size >= HOLD_BYTES);
}

enum status out_flush(struct session *session)
{
    bool initiator = session->options.role == SESSION_INITIATOR;
    if (!may_flush(session))
        return STATUS_OK;
    if (!noise_done(&session->noise)) {
        int mine = initiator ? 0 : 1;
        if (session->noise.messages_done != mine)
            return STATUS_OK; /* the rest goes out when the second message has come */
        TRY(flush_handshake(session));
    }
    if (noise_done(&session->noise) && session->plain.size > 0)
        TRY(flush_transport(session));
    if (initiator && session->counts_as_turn) {
        session->waiting = true;
        session->counts_as_turn = false;
    }
    return STATUS_OK;
}
