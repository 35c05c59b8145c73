#ifndef PROTOCOL_SESSION_STATE_H
#define PROTOCOL_SESSION_STATE_H

/* What the files of the session share. Private to protocol/session*.c and their tests.
 *
 * While a question is open, storage may be reading on another thread what the question borrows
 * (`question` itself, the batch, the frontiers): nothing of that changes until the answer. Bytes
 * that arrive meanwhile only join `raw`. */

#include "protocol/attachment_flow.h"
#include "protocol/message.h"
#include "protocol/noise.h"
#include "protocol/pack_stream.h"
#include "protocol/session.h"
#include "protocol/snapshot_flow.h"

#define HELLO_DELTA_MAX 4096u  /* above it HELLO_UNTOLD */
#define FIRST_LOAD_RESERVE 64u /* envelopes and SENT beside the first runs */
#define BATCH_BYTES_MAX \
    (256u * 1024u)                      /* of runs stored by one question; the last may go beyond \
                                         */
#define LOAD_BUDGET_BYTES (64u * 1024u) /* of runs asked for at once */
#define LOADS_AHEAD_MAX 8u              /* loads sent that the peer hasn't read yet */
#define RAW_BYTES_MAX (512u * 1024u)    /* arrived and not looked at yet: then pause */
#define PACK_BYTES_MIN 128u             /* fewer bytes of runs go as they are */
#define HOLD_BYTES (16u * 1024u)        /* below it output waits for the open question's answer */
#define KEPT_BYTES_MAX (64u * 1024u)    /* an empty buffer larger than this is given back */
#define HELD_EVERY_MS 2000u             /* how often progress of an upload is remembered */
#define OWN_AGAIN_MAX 64u    /* own entries offered again to a hub that may know another life */
#define STAGE_BYTES 8192u    /* pieces that are staged, of runs larger than that */
#define STAGE_EVERY_MS 1000u /* ... that take longer than this to arrive */
#define PARTS_MAX 64u        /* feeds that PART tells of */
#define ALIVE_MS 15000u      /* a sign of life while a big message arrives slowly */

enum session_phase {
    PHASE_IDLE,    /* nothing has happened */
    PHASE_SHAKING, /* initiator: asked for the other's second message; responder: who is it? */
    PHASE_OPEN,
    PHASE_OVER
};

struct session {
    struct session_options options;
    struct noise noise;
    enum session_phase phase;
    bool started;
    uint64_t now_ms, started_ms;
    uint64_t quiet_since_ms; /* since then we wait for the peer */
    size_t trickled;         /* bytes that came since then, and are no whole frame yet */
    uint64_t spoke_ms;       /* when something was last sent */
    uint64_t held_ms;        /* when progress was last remembered */

    struct buffer raw;      /* from the wire, not decrypted */
    struct buffer stream;   /* decrypted, not yet a whole message */
    struct buffer unpacked; /* what PACKED held, not yet a whole message */
    struct buffer plain;    /* messages to send, not encrypted */
    struct buffer wire;     /* frames to hand out */
    struct buffer batch;    /* bodies of RUNs that arrived, end to end */
    size_t *batch_sizes;
    size_t batch_count, batch_capacity;
    struct session_run *batch_runs;
    struct buffer beacon_sealed, link_key;
    struct packer packer;
    struct unpacker unpacker;

    struct session_question question;
    bool question_open;

    /* who we are and who they are */
    uint32_t self, peer, enrolled_as;
    uint64_t lineage, beacon;             /* ours, as ASK_OPEN said */
    uint64_t hello_lineage, hello_beacon; /* responder: the initiator's */
    uint8_t hello_digest[SHORT_DIGEST_BYTES];
    size_t hello_digest_size;
    bool hello_came, hello_untold, hello_sketches, peer_watches, welcomed;
    enum session_code farewell; /* responder: how it ends once all of the peer's is stored */

    /* what is known of the peer */
    struct frontier told;  /* initiator: what the hub remembers of us, until this session is done */
    struct frontier ours;  /* initiator: what it heard from us in this session, all in all */
    struct frontier delta; /* from HELLO, or to be put into it */
    struct frontier proven;   /* what the peer provably holds */
    struct frontier offered;  /* that, and what was sent to it */
    struct frontier compared; /* responder: ours, as SKETCH and HAVE speak of it */
    unsigned sketched;        /* feeds that the newest SKETCH finds; 0: none is open */
    bool peer_known;          /* `proven` is more than a guess */
    bool changed;             /* `proven` or `ours` is more than what is remembered */
    bool have_came;           /* what the peer holds was told anew, and not by receipts */
    bool held_due;            /* a receipt came in the middle of an upload */

    /* runs that a broken line cut in two (session_resume.c) */
    struct buffer part;         /* of a RUN of theirs: what an earlier session brought */
    struct message_part theirs; /* what they have of a RUN of ours; its digest is below */
    uint8_t theirs_digest[SHORT_DIGEST_BYTES];
    size_t staged, staging; /* bytes of the message that is arriving: kept; being kept */
    uint64_t staged_ms;     /* since then it arrives, or a piece of it was kept */
    bool unstage;           /* it has come whole */
    bool wants_log;         /* initiator: takes no snapshots */
    bool asks_stable;       /* initiator: of the hub */
    bool stable_came;
    struct frontier stable;
    bool unfinished; /* initiator: our last session broke; responder: theirs did */

    /* whose turn it is */
    bool local_came; /* since the last ASK_LOAD was asked */
    bool first_load_done, load_due, said_sent, peer_sent;
    bool said_tally, tally_came, tally_done;
    bool takes_held;  /* the peer understands HELD */
    bool receipt_due; /* runs were sent and no receipt has come since */
    bool bye_came, idle, settled_now;
    bool congested;       /* the host can't get rid of what it was given to send */
    bool speaks, waiting; /* initiator: what is ready asks for an answer; it is out */
    unsigned pings_out;   /* PINGs that the peer hasn't answered */
    struct message_tally peer_tally;
    struct attachment_flow attachments;
    struct snapshot_flow snapshots;
    struct session_totals totals;
};

/* ---- session.c ---- */
/* The peer has shown that it is there: silence begins anew. */
void session_heard(struct session *session);

/* ---- session_out.c: messages and frames that leave ---- */
enum status out_hello(struct session *session);
enum status out_welcome(struct session *session, const struct session_answer *answer,
                        bool remembered);
enum status out_have(struct session *session, const struct frontier *frontier);
enum status out_runs(struct session *session, const struct session_answer *answer);
/* That this is held durably, to who understands HELD. */
enum status out_held(struct session *session, const struct frontier *held);
/* That these runs are durable. */
enum status out_stored(struct session *session, const struct session_answer *answer);
enum status out_sent(struct session *session);
/* TALLY, and behind it what is stable, to who asked for it. */
enum status out_tally(struct session *session, const struct session_answer *answer);
enum status out_bye(struct session *session, enum session_code code);
enum status out_ping(struct session *session);
/* Encrypt what is ready, unless it is worth waiting for more. */
enum status out_flush(struct session *session);

/* ---- session_in.c: what arrives ---- */
/* Take in all that can be looked at before storage must be asked. STATUS_PROTOCOL and the like: the
 * peer broke a rule. */
enum status in_consume(struct session *session);
/* A RUN's body. */
enum status in_take_run(struct session *session, struct bytes body);

/* ---- session_compare.c: memories differ ---- */
/* The responder's first word of it: a sketch of `frontier`, or all of it where that is shorter. */
enum status compare_begin(struct session *session, const struct frontier *frontier);
enum status compare_take_have(struct session *session, struct bytes body);
enum status compare_take_sketch(struct session *session, struct bytes body);
enum status compare_take_difference(struct session *session, struct bytes body);
enum status compare_take_wider(struct session *session, struct bytes body);

/* ---- session_resume.c: a line broke ---- */
/* Say what storage has kept of a run, and, where the peer asks for it, how far we are. */
enum status resume_begin(struct session *session, const struct session_answer *answer);
enum status resume_take_part(struct session *session, struct bytes body);
enum status resume_take_rest(struct session *session, struct bytes body);
/* A RUN, or the REST of it. */
enum status resume_put_run(struct session *session, struct bytes encoded);
/* A large run has come whole: it is stored with the next question. */
void resume_came(struct session *session);
/* Asks storage to keep what arrived of a large run, if that is due. */
bool resume_ask(struct session *session);

/* ---- session_flow.c: what comes next ---- */
void flow_ask(struct session *session, enum session_ask ask);
enum status flow_answer(struct session *session, const struct session_answer *answer);
/* Choose the next question or the end. */
enum status flow_next(struct session *session);
/* No more runs are taken: others that build on what was left out would seem to be another life. */
enum status flow_hold(struct session *session, enum session_code code);
/* It is over, without a word. */
void flow_over(struct session *session, enum session_code code, const char *reason);
/* End it. BYE with `code` goes out first, unless nobody has shown that he may hear it. */
enum status flow_end(struct session *session, enum session_code code, const char *reason);

#endif
