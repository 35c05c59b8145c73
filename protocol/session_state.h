#ifndef PROTOCOL_SESSION_STATE_H
#define PROTOCOL_SESSION_STATE_H

/* What the files of the session share. Private to protocol/session*.c. */

#include "protocol/noise.h"
#include "protocol/session.h"

enum message {
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
    MESSAGE_MANDATORY_MAX = 63 /* unknown ones above are skipped */
};

#define HELLO_WATCH 1u
#define HELLO_ENROLLING 2u
#define SHORT_DIGEST_BYTES 8
#define BATCH_BYTES_MAX (256u * 1024u) /* runs stored in one question */
#define LOAD_BUDGET_BYTES (64u * 1024u)
#define RAW_BYTES_MAX (512u * 1024u) /* arrived and not looked at yet: then pause */
#define HOLD_BYTES (16u * 1024u)     /* flush although a question is open */

enum session_phase {
    PHASE_IDLE,    /* nothing happened */
    PHASE_SHAKING, /* initiator: message 1 is out or about to be; responder: message 1 came */
    PHASE_OPEN,
    PHASE_OVER
};

struct session {
    struct session_options options;
    struct noise noise;
    enum session_phase phase;
    uint64_t now_ms, started_ms, last_in_ms;

    struct buffer raw;    /* from the wire, not decrypted */
    struct buffer stream; /* decrypted, not yet parsed */
    struct buffer plain;  /* messages to send, not encrypted */
    struct buffer wire;   /* frames to hand out */
    struct buffer body;   /* of the message at hand */
    struct buffer batch;  /* bodies of RUNs that arrived */
    size_t *batch_sizes;
    size_t batch_count, batch_capacity;
    struct session_run *batch_runs;

    struct session_question question;
    bool question_open;

    uint32_t self, peer, enrolled_as;
    bool peer_watches, peer_known; /* peer_known: `proven` is what it really holds */
    bool need_load, said_sent, said_tally, peer_sent, bye_came, remember_due;
    bool tally_came, tally_done, settled_now, was_settled, waiting, counts_as_turn;
    bool first_load_done, hello_ready;
    uint8_t peer_frontier_digest[SHORT_DIGEST_BYTES], peer_tally_digest[SHORT_DIGEST_BYTES];
    struct frontier mine;  /* initiator: what we hold, as said in HELLO and after stores */
    struct frontier told;  /* initiator: what the hub remembers of us; responder: scratch */
    struct frontier delta; /* responder: from HELLO */
    uint8_t hello_digest[SHORT_DIGEST_BYTES];
    size_t hello_digest_size;
    uint64_t hello_beacon;
    uint64_t lineage, beacon;
    struct frontier proven;  /* what the peer provably holds */
    struct frontier offered; /* and what was sent to it besides */
    struct buffer beacon_sealed, link_key;
    struct session_totals totals;
};

/* ---- session_out.c: messages into frames ---- */
enum status out_message(struct session *session, enum message type, struct bytes body);
enum status out_hello(struct session *session);
enum status out_welcome(struct session *session, const struct session_answer *answer,
                        bool remembered);
enum status out_frontier(struct session *session, const struct frontier *frontier);
enum status out_runs(struct session *session, const struct session_answer *answer);
enum status out_receipt(struct session *session, struct bytes sealed);
enum status out_tally(struct session *session, const struct session_answer *answer);
enum status out_bye(struct session *session, enum session_code code);
/* Encrypt what is ready. */
enum status out_flush(struct session *session);

/* ---- session_in.c: what arrives ---- */
/* Take in what can be looked at now; *progress: something was. */
enum status in_consume(struct session *session, bool *progress);

/* ---- session_flow.c: what comes next ---- */
void flow_ask(struct session *session, enum session_ask ask);
enum status flow_answer(struct session *session, const struct session_answer *answer);
/* Choose the next question or the end. */
enum status flow_next(struct session *session);
/* End because of us or the peer: BYE with `code` goes out first unless strangers get silence. */
void flow_end(struct session *session, enum session_code code, const char *reason);

#endif
