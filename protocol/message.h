#ifndef PROTOCOL_MESSAGE_H
#define PROTOCOL_MESSAGE_H

/* The messages of a session as bytes: u8 type, LEB128 length, body (docs/protocol.md, part 4).
 *
 * Values without state: nothing here knows a session, a key or a clock. `put` appends one whole
 * message to a stream and fails with STATUS_NO_MEMORY only. `decode` reads a body that came from
 * outside: false when it breaks a rule; what it gives borrows the body. Elements behind the known
 * ones are checked for their form and ignored. */

#include "common/bytes.h"
#include "common/frontier.h"
#include "common/keys.h"
#include "protocol/session.h"

enum message_type {
    MESSAGE_HELLO = 1,
    MESSAGE_ENROL = 2,
    MESSAGE_WELCOME = 3,
    MESSAGE_HAVE = 4,
    MESSAGE_RUN = 5,
    MESSAGE_SENT = 6,
    MESSAGE_RECEIPT = 7,
    MESSAGE_TALLY = 8,
    MESSAGE_BYE = 9,
    MESSAGE_PING = 10,
    MESSAGE_PONG = 11,
    MESSAGE_PACKED = 12, /* runs, compressed: a piece of pack_stream.h */
    MESSAGE_HOLD = 64,
    MESSAGE_OFFER = 65, /* of attachments: attachment_message.h */
    MESSAGE_WANT = 66,
    MESSAGE_UNIT = 67,
    MESSAGE_NONE = 68,
    MESSAGE_ENOUGH = 69,
    MESSAGE_SNAPSHOT = 80, /* snapshot_message.h */
    MESSAGE_FETCH = 81,
    MESSAGE_CHUNK = 82,
    MESSAGE_SETTLED = 83,
    MESSAGE_STABLE = 84, /* what every active device holds: replica_stable.h */
    MESSAGE_SKETCH = 90, /* in what two frontiers differ: session_compare.c */
    MESSAGE_DIFFERENCE = 91,
    MESSAGE_WIDER = 92,
    MESSAGE_PART = 93, /* goes on where a line broke: session_resume.c */
    MESSAGE_REST = 94,
    MESSAGE_HELD = 95,         /* in place of RECEIPT between two that know each other's keys */
    MESSAGE_OPTIONAL_FROM = 64 /* from here on an unknown type is skipped */
};

/* ---- parts of all messages ---- */
struct unpack;
/* Puts what `packed` says was packed into `body`, and lets the body go. */
enum status message_put_packed(struct buffer *stream, enum message_type type, enum status packed,
                               struct buffer *body);
/* An array of at least `least` elements; *extra more are for a version to come (unpack_end). */
bool message_take_start(struct unpack *in, uint32_t least, uint32_t *extra);

#define HELLO_WATCH 1u
#define HELLO_ENROLLING 2u
#define HELLO_UNTOLD 4u   /* the delta would not fit: the responder asks for the whole with HAVE */
#define HELLO_SKETCHES 8u /* understands SKETCH */
#define HELLO_UNFINISHED 16u /* the last session broke: say by PART how far you are */
#define HELLO_HELD 32u       /* understands HELD */
#define HELLO_SNAPSHOTS 64u  /* takes snapshots */
#define HELLO_STABLE 128u    /* asks for STABLE */
#define WELCOME_HELD 1u
#define SHORT_DIGEST_BYTES 8
#define ENROL_TOKEN_BYTES 16
#define ENROL_PROOF_BYTES (ENROL_TOKEN_BYTES + DH_KEY_BYTES + PUBLIC_KEY_BYTES)

struct message {
    uint8_t type;
    struct bytes body; /* borrows the stream */
};

/* Take the message at the front of `stream` and move past it; *taken is false while it isn't
 * whole. STATUS_PROTOCOL as soon as its length is over-long or above SESSION_MESSAGE_MAX. */
enum status message_take(struct bytes *stream, struct message *message, bool *taken);

/* A message whose body is ready: a RUN (run_encode). */
enum status message_put(struct buffer *stream, enum message_type type, struct bytes body);
/* SENT, PING, PONG: []. */
enum status message_put_empty(struct buffer *stream, enum message_type type);
bool message_decode_empty(struct bytes body);
/* HAVE, RECEIPT, STABLE, SKETCH, HELD: [bin]. */
enum status message_put_bin(struct buffer *stream, enum message_type type, struct bytes data);
bool message_decode_bin(struct bytes body, struct bytes *data);

/* [version, flags, device, lineage, beacon, told digest bin 8 or 0, delta bin, clock?, program?] */
struct message_hello {
    uint64_t version; /* above SESSION_VERSION: nothing else was read */
    uint32_t flags;
    uint32_t device; /* 0: not enrolled yet */
    uint64_t lineage, beacon;
    struct bytes told_digest; /* of what the responder should remember; empty: nothing */
    struct bytes delta;       /* frontier_encode: what goes beyond it */
    uint64_t clock_s;     /* wall clock, seconds since 1970; 0: this and the next are left out */
    struct bytes program; /* its version, at most SESSION_PROGRAM_BYTES - 1 */
};
enum status message_put_hello(struct buffer *stream, const struct message_hello *hello);
bool message_decode_hello(struct bytes body, struct message_hello *hello);

/* [token bin 16, sign key bin 32, signature bin 64] */
struct message_enrol {
    uint8_t token[ENROL_TOKEN_BYTES];
    uint8_t sign_key[PUBLIC_KEY_BYTES];
    uint8_t signature[SIGNATURE_BYTES]; /* TAG_ENROL over enrol_proof */
};
enum status message_put_enrol(struct buffer *stream, const struct message_enrol *enrol);
bool message_decode_enrol(struct bytes body, struct message_enrol *enrol);
/* token ‖ X25519 public key ‖ Ed25519 public key: what the signature covers. */
void enrol_proof(uint8_t proof[ENROL_PROOF_BYTES], const uint8_t token[ENROL_TOKEN_BYTES],
                 const uint8_t dh_key[DH_KEY_BYTES], const uint8_t sign_key[PUBLIC_KEY_BYTES]);

/* [code, device, lineage, remembered, beacon bin or nil, link key bin or nil, flags?] */
struct message_welcome {
    uint64_t code; /* enum session_code, or one that we don't know yet */
    uint32_t device;
    uint64_t lineage;
    bool remembered;
    struct bytes beacon, link_key;
    uint32_t flags; /* 0 is left out */
};
enum status message_put_welcome(struct buffer *stream, const struct message_welcome *welcome);
bool message_decode_welcome(struct bytes body, struct message_welcome *welcome);

/* What a RUN's body says in front, the whole of its form being checked. */
struct message_run {
    struct feed_id feed;
    uint64_t first;
    uint32_t count;
};
bool message_decode_run(struct bytes body, struct message_run *run);

/* [frontier digest bin 8, tally digest bin 8, chains digest bin 8?] */
struct message_tally {
    uint8_t frontier[SHORT_DIGEST_BYTES];
    uint8_t tally[SHORT_DIGEST_BYTES];
    bool has_chains;
    uint8_t chains[SHORT_DIGEST_BYTES];
};
enum status message_put_tally(struct buffer *stream, const struct message_tally *tally);
bool message_decode_tally(struct bytes body, struct message_tally *tally);

/* [scope, device, incarnation, first, bytes, digest bin 8 or 0]: I hold the feed up to first - 1,
 * and so many bytes of the body of the RUN that begins with `first`. */
struct message_part {
    struct feed_id feed;
    uint64_t first, bytes;
    struct bytes digest; /* of these bytes; of none: empty */
};
enum status message_put_part(struct buffer *stream, const struct message_part *part);
bool message_decode_part(struct bytes body, struct message_part *part);

/* What is there of the message at the front of a stream, whole or not; false when not even its
 * length is. */
struct message_start {
    uint8_t type;
    size_t size;         /* of the whole body */
    struct bytes so_far; /* of the body; borrows the stream */
};
bool message_peek(struct bytes stream, struct message_start *start);
/* Which run a RUN's body begins, of which the end may be missing. */
bool message_peek_run(struct bytes part, struct feed_id *feed, uint64_t *first);

/* [code, text] */
struct message_bye {
    uint64_t code;
    struct bytes text;
};
enum status message_put_bye(struct buffer *stream, const struct message_bye *bye);
bool message_decode_bye(struct bytes body, struct message_bye *bye);

/* HOLD [code]: no more runs are taken in this session, and why. WIDER [feeds]: what differs is more
 * than the SKETCH could find; 0: so much that HAVE is the shorter answer. */
enum status message_put_number(struct buffer *stream, enum message_type type, uint64_t number);
bool message_decode_number(struct bytes body, uint64_t *number);

/* [frontier digest bin 8, rows bin, absent bin]: the initiator's frontier in words of the one that
 * SKETCH was of (frontier_sketch.h). */
struct message_difference {
    uint8_t frontier[SHORT_DIGEST_BYTES];
    struct bytes rows, absent;
};
enum status message_put_difference(struct buffer *stream,
                                   const struct message_difference *difference);
bool message_decode_difference(struct bytes body, struct message_difference *difference);

#endif
