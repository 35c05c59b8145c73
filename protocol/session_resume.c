/* A line broke in the middle of a run, or before its receipt came back.
 *
 * A large run that arrives slowly is staged piece by piece. The next session says which run that
 * is and how much of it is here (PART), and the peer sends but the REST. Both are found again by
 * feed and first number; a digest tells whether the peer would make the same run today. An
 * initiator whose last session broke asks for PARTs, and says no run before it has heard them. */

#include <string.h>

#include "protocol/session_state.h"

static void short_digest(const struct session *session, struct bytes part,
                         uint8_t digest[SHORT_DIGEST_BYTES])
{
    struct hash hash;
    hash_object(&hash, TAG_DIGEST, &session->options.network, part);
    memcpy(digest, hash.bytes, SHORT_DIGEST_BYTES);
}

/* ---- what we have ---- */

/* The beginning of a run that is still the next one of its feed. */
static enum status tell_staged(struct session *session, const struct session_answer *answer)
{
    uint8_t digest[SHORT_DIGEST_BYTES];
    struct message_part part = {.bytes = answer->staged.size};
    if (!message_peek_run(answer->staged, &part.feed, &part.first) ||
        frontier_get(answer->frontier, &part.feed) + 1 != part.first ||
        answer->staged.size > SESSION_MESSAGE_MAX)
        return STATUS_OK;
    TRY(buffer_append_bytes(&session->part, answer->staged));
    short_digest(session, answer->staged, digest);
    part.digest = bytes_of(digest, sizeof digest);
    return message_put_part(&session->plain, &part);
}

/* Of feeds of which the initiator has more than we do: what we hold of it may be more than it has
 * heard of. */
static enum status tell_how_far(struct session *session, const struct frontier *ours)
{
    unsigned told = 0;
    for (size_t i = 0; i < session->proven.count && told < PARTS_MAX; i++) {
        const struct frontier_row *row = &session->proven.rows[i];
        struct message_part part = {.feed = row->feed, .first = frontier_get(ours, &row->feed) + 1};
        if (part.first == 1 || part.first > row->number)
            continue;
        TRY(message_put_part(&session->plain, &part));
        told++;
    }
    return STATUS_OK;
}

enum status resume_begin(struct session *session, const struct session_answer *answer)
{
    bool responder = session->options.role == SESSION_RESPONDER;
    if (session->options.discreet)
        return STATUS_OK;
    TRY(tell_staged(session, answer));
    return responder && session->unfinished ? tell_how_far(session, answer->frontier) : STATUS_OK;
}

/* ---- what they have ---- */

/* Whatever stands behind it must continue the chain of what they hold, so another life of this
 * device is noticed all the same. */
enum status resume_take_part(struct session *session, struct bytes body)
{
    struct message_part part;
    if (!message_decode_part(body, &part))
        return STATUS_PROTOCOL;
    if (part.bytes > 0) {
        session->theirs = part;
        memcpy(session->theirs_digest, part.digest.data, SHORT_DIGEST_BYTES);
    }
    return frontier_raise(&session->offered, &part.feed, part.first - 1, NULL);
}

enum status resume_put_run(struct session *session, struct bytes encoded)
{
    const struct message_part *theirs = &session->theirs;
    uint8_t digest[SHORT_DIGEST_BYTES];
    struct feed_id feed;
    uint64_t first;
    size_t size = (size_t)theirs->bytes;
    if (size == 0 || size >= encoded.size || !message_peek_run(encoded, &feed, &first) ||
        feed_compare(&feed, &theirs->feed) != 0 || first != theirs->first)
        return message_put(&session->plain, MESSAGE_RUN, encoded);
    session->theirs.bytes = 0;
    short_digest(session, bytes_of(encoded.data, size), digest);
    if (memcmp(digest, session->theirs_digest, sizeof digest) != 0)
        return message_put(&session->plain, MESSAGE_RUN, encoded);
    return message_put(&session->plain, MESSAGE_REST,
                       bytes_of(encoded.data + size, encoded.size - size));
}

/* ---- what arrives ---- */

enum status resume_take_rest(struct session *session, struct bytes body)
{
    struct buffer whole = session->part;
    if (whole.size == 0 || body.size > SESSION_MESSAGE_MAX - whole.size)
        return STATUS_PROTOCOL;
    session->part = (struct buffer){0};
    session->unstage = true;
    enum status status = buffer_append_bytes(&whole, body);
    if (status == STATUS_OK)
        status = in_take_run(session, buffer_bytes(&whole));
    buffer_release(&whole);
    return status;
}

void resume_came(struct session *session)
{
    session->unstage |= session->staged > 0;
    session->staged = 0;
    session->staged_ms = session->now_ms;
}

bool resume_ask(struct session *session)
{
    const struct buffer *from = session->unpacked.size > 0 ? &session->unpacked : &session->stream;
    struct message_start start;
    if (!message_peek(buffer_bytes(from), &start) || start.size <= STAGE_BYTES ||
        (start.type != MESSAGE_RUN && start.type != MESSAGE_REST) ||
        start.so_far.size < session->staged + STAGE_BYTES ||
        session->now_ms < session->staged_ms + STAGE_EVERY_MS)
        return false;
    struct session_question *question = &session->question;
    size_t before = start.type == MESSAGE_REST ? session->part.size : 0;
    question->piece =
        bytes_of(start.so_far.data + session->staged, start.so_far.size - session->staged);
    question->piece_at = before + session->staged;
    session->staging = start.so_far.size;
    flow_ask(session, ASK_STAGE);
    return true;
}
