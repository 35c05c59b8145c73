#ifndef TESTS_SUPPORT_PUPPET_H
#define TESTS_SUPPORT_PUPPET_H

/* A peer that keeps no rules: it shakes hands with a session under test and then says anything.
 *
 * The session's questions are answered at once by a fake storage. What the session answers is
 * decrypted and waits in `heard`. */

#include "protocol/noise.h"
#include "tests/support/fake.h"

struct puppet {
    struct fake fake; /* of the session under test */
    struct session *session;
    struct noise noise;  /* ours */
    struct buffer raw;   /* what the session sent, frames not complete */
    struct buffer heard; /* what it said, decrypted */
    uint64_t sent_bytes; /* by the session, on the wire */
    uint64_t now_ms;
    bool over;
};

/* `role`: of the session under test. A responder knows the puppet as device 7, an initiator takes
 * it for the hub. */
void puppet_init(struct puppet *puppet, enum session_role role);
void puppet_release(struct puppet *puppet);
/* The puppet's handshake message with `payload`: the first towards a responder, the second towards
 * an initiator. */
void puppet_shake(struct puppet *puppet, struct bytes payload);
/* The same towards a responder, with a byte of the knock behind it changed. */
void puppet_shake_unknocked(struct puppet *puppet, struct bytes payload);
/* A HELLO that a responder welcomes; as a payload. */
void puppet_hello(struct buffer *payload);
/* In transport frames of at most `frame_bytes` (0: as large as may be). */
void puppet_say(struct puppet *puppet, struct bytes plain, size_t frame_bytes);
/* A message, which is released. */
void puppet_tell(struct puppet *puppet, struct buffer *message);
void puppet_raw(struct puppet *puppet, struct bytes bytes);
void puppet_event(struct puppet *puppet, enum session_event_kind kind);
/* The end of a test: the session must have ended because a rule was broken, or must go on. */
void puppet_end(struct puppet *puppet, bool broken);

#endif
