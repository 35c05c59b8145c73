#ifndef PROTOCOL_SESSION_H
#define PROTOCOL_SESSION_H

/* One exchange between two replicas, as a state machine without I/O (docs/protocol.md).
 *
 * The host feeds events (bytes that arrived, an answer from storage, a tick of the monotonic clock)
 * and does what the update asks: send bytes, ask storage, close. The session knows no socket, file,
 * clock or replica. At most one question to storage is open at a time; bytes that arrive meanwhile
 * wait, bounded: the host stops reading while update.pause is set. Owns its buffers; session_free.
 *
 *   initiator:  START --started--> SHAKING --second message--> OPEN --all told, all stored--> OVER
 *   responder:  START --first message--> ASKING (who is it?) --known--> OPEN ----------------> OVER
 *   any state --silence, a broken rule, host stops--> OVER
 * What has arrived is acknowledged only after the host says that it is durable. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/certificate.h"
#include "common/entry.h"
#include "common/frontier.h"
#include "common/keys.h"
#include "protocol/attachment_ask.h"
#include "protocol/snapshot_ask.h"

#define SESSION_VERSION 1
#define FRAME_BYTES_MAX 8192u           /* ciphertext of one frame behind its u16 length */
#define SESSION_FIRST_PAYLOAD_MAX 8000u /* of the first handshake message */
#define SESSION_MESSAGE_MAX (ENTRY_BYTES_MAX + 65536u)
#define SESSION_UNIT_BYTES 7000u /* a run message aims at this */
#define SESSION_HANDSHAKE_MS 20000u
#define SESSION_SILENCE_MS 60000u /* nothing arrived while something was due */
#define SESSION_TRICKLE_BYTES 64u /* fewer than these, and no whole frame, are silence too */
#define SESSION_IDLE_MS 600000u   /* a watching session says PING at half of this */
#define SESSION_PROGRAM_BYTES 32  /* a program's version, with its terminator */

enum session_role { SESSION_INITIATOR, SESSION_RESPONDER };

/* Said by the hub in WELCOME and by either in BYE. */
#define SESSION_CODE_LIST(X)                                                                 \
    X(SESSION_DONE, 0, "done")                                                               \
    X(SESSION_UNKNOWN_DEVICE, 1, "not known here yet: who admitted this device has to sync") \
    X(SESSION_REVOKED, 2, "this device was revoked")                                         \
    X(SESSION_BAD_TOKEN, 3, "the invitation is not valid, used up or expired")               \
    X(SESSION_BROKEN_RULE, 4, "a rule of the protocol was broken")                           \
    X(SESSION_BUSY, 5, "too busy, try later")                                                \
    X(SESSION_NEWER_VERSION, 6, "the other side needs a newer version")                      \
    X(SESSION_STORAGE_FAILED, 7, "the other side's storage failed")                          \
    X(SESSION_STOPPING, 8, "the other side is stopping")                                     \
    X(SESSION_FORKED, 9, "another life of this device wrote under the same numbers")         \
    X(SESSION_AGAIN, 10, "the other side had to learn something first")                      \
    X(SESSION_WAITS, 11, "the root has to sign for this device first; then join again")      \
    X(SESSION_OVER_QUOTA, 12, "it has taken enough of this device for today")                \
    X(SESSION_FULL, 13, "its disk is full")
enum session_code {
#define X(name, number, text) name = number,
    SESSION_CODE_LIST(X)
#undef X
};
#define SESSION_CODE_LAST SESSION_FULL
const char *session_code_text(enum session_code code);

/* What storage is asked. One at a time; answered by an event of the same kind. */
enum session_ask {
    ASK_NONE,
    ASK_OPEN,  /* initiator: what do we know? -> frontier, what we told the peer, what it holds */
    ASK_WHO,   /* responder: who is this key / token? -> as ASK_OPEN, or refuse with a code */
    ASK_STORE, /* runs arrived: make them durable -> counts, and the frontier of what was touched */
    ASK_LOAD,  /* give runs beyond `known` within a budget */
    ASK_TALLY, /* digests of frontier and tables, as far as both may read */
    ASK_REMEMBER,   /* keep told/held of this peer; the answer carries nothing */
    ASK_STAGE,      /* keep a piece of a run that is still arriving; the answer carries nothing */
    ASK_ATTACHMENT, /* see attachment_ask.h */
    ASK_SNAPSHOT    /* see snapshot_ask.h */
};

struct session_run { /* one RUN message's body, as it goes on the wire (run_encode) */
    struct bytes encoded;
};

struct session_question {
    enum session_ask ask;
    /* ASK_WHO */
    uint8_t remote_dh[DH_KEY_BYTES];
    uint32_t device; /* what HELLO claims; 0: enrolling */
    bool enrolling;
    uint8_t token[16];
    uint8_t sign_key[PUBLIC_KEY_BYTES];  /* enrolling; its possession is proven by a signature */
    uint64_t clock_s;                    /* what the peer's clock showed; 0: it didn't tell */
    char program[SESSION_PROGRAM_BYTES]; /* its version, in the peer's words */
    /* ASK_STORE */
    const struct session_run *runs; /* borrowed until the answer */
    size_t runs_count;
    bool unstage; /* what was staged of this peer has come whole */
    bool sealed;  /* the peer wants a receipt under our signature */
    /* ASK_STAGE */
    struct bytes piece; /* borrowed until the answer */
    uint64_t piece_at;  /* bytes of the run before it */
    /* ASK_LOAD */
    const struct frontier *known; /* what the peer holds, as far as we know */
    size_t budget_bytes;
    bool may_hold_back;        /* which scopes are to go as a snapshot? Nothing of them is loaded */
    uint64_t worth;            /* ... see replica_snapshot_scopes */
    const uint32_t *held_back; /* known by now: nothing of these is loaded */
    size_t held_back_count;
    /* ASK_TALLY, ASK_LOAD: the peer's device (what it may read) */
    uint32_t peer;
    bool tell_stable; /* ASK_TALLY: it asks what is stable */
    /* ASK_REMEMBER */
    const struct frontier *told;   /* what the peer was told that we hold / what it told us */
    const struct frontier *held;   /* what the peer provably holds */
    bool unfinished;               /* the session goes on; if it breaks, there is more to ask */
    const struct frontier *stable; /* what the hub said is stable, of `lineage`; NULL: it didn't */
    uint64_t lineage;
    struct attachment_question attachment;
    struct snapshot_question snapshot;
};

struct session_answer {
    enum status status;              /* not OK: the session ends with SESSION_STORAGE_FAILED */
    enum session_code refuse;        /* ASK_WHO: not SESSION_DONE refuses the peer */
    enum session_code farewell;      /* ASK_WHO: takes what the peer brings, then says this */
    uint32_t device;                 /* ASK_WHO: the peer's roster index (new when enrolling) */
    uint32_t self;                   /* ASK_OPEN/WHO: our roster index; 0: not enrolled yet */
    uint64_t lineage;                /* ASK_OPEN/WHO: hub's lineage; ours as last seen */
    uint64_t beacon;                 /* number of the newest beacon held */
    struct bytes beacon_sealed;      /* responder: the newest beacon, or nothing */
    struct bytes link_key;           /* responder: the newest sealed link key, or nothing */
    const struct frontier *frontier; /* ASK_OPEN/WHO/TALLY: all we hold that the peer may read; in a
                                        TALLY NULL compares less of the registry */
    const struct frontier *told;     /* ASK_OPEN: what the peer remembers of us; ASK_WHO: what we
                                        remember that the peer holds */
    const struct frontier *held;     /* ASK_OPEN: what the peer is known to hold */
    struct bytes staged;  /* ASK_OPEN/WHO: beginning of a run that the peer was sending us */
    bool wants_log;       /* ASK_OPEN: no snapshots: the log of one that came is on its way */
    bool unfinished;      /* ASK_OPEN: our last session broke while the peer was storing */
    bool asks_stable;     /* ASK_OPEN: the hub is to say what is stable */
    struct bytes stable;  /* ASK_TALLY, encoded; empty: it isn't told */
    struct bytes receipt; /* ASK_STORE, sealed: receipt for the feeds touched */
    const struct frontier *stored;           /* ASK_STORE: the feeds touched, as they now stand */
    uint64_t applied, known, aside, refused; /* ASK_STORE */
    enum session_code hold; /* ASK_STORE: not SESSION_DONE: only some of the runs were stored; no
                               more are taken in this session, and the peer is told why. A status
                               of STATUS_DISK_FULL means SESSION_FULL, and none was stored */
    bool forked; /* ASK_STORE: the peer's own entries don't continue what we hold of it */
    bool apart;  /* ASK_STORE: the hub's registry that the peer holds doesn't continue ours */
    const struct session_run *runs; /* ASK_LOAD */
    size_t runs_count;
    const struct frontier *loaded; /* ASK_LOAD: `known` raised by these runs */
    bool more;                     /* ASK_LOAD: more is left */
    const uint32_t *held_back;     /* ASK_LOAD that may hold back: scopes, ascending */
    size_t held_back_count;
    struct hash frontier_digest; /* ASK_TALLY */
    struct hash tally_digest;    /* ASK_TALLY */
    struct hash chains_digest;   /* ASK_TALLY */
    struct attachment_answer attachment;
    struct snapshot_answer snapshot;
};

enum session_event_kind {
    SESSION_STARTED, /* connected; the initiator speaks first */
    SESSION_BYTES,   /* bytes from the peer */
    SESSION_ANSWER,  /* storage answered the open question */
    SESSION_TICK,    /* time went by */
    SESSION_LOCAL,   /* something new was committed here: offer it (watching sessions) */
    SESSION_LOST,    /* the connection is gone */
    SESSION_STOP     /* end it politely */
};
struct session_event {
    enum session_event_kind kind;
    uint64_t now_ms; /* monotonic; always */
    bool congested;  /* much of what was given to send hasn't left: load nothing for now. Once it
                        has, a tick goes on */
    struct bytes bytes;
    const struct session_answer *answer;
};

struct session_update {
    struct bytes send;                       /* to write; borrowed until the next step */
    bool pause;                              /* stop reading for now */
    const struct session_question *question; /* NULL, or what storage is to answer */
    bool settled; /* all that was there is exchanged (a watching session goes on) */
    bool over;    /* close once `send` has left */
};

struct session_totals {
    uint64_t sent, received; /* entries in runs */
    uint64_t applied, known, aside, refused;
    uint64_t bytes_out, bytes_in; /* on the wire, handshake and frames included */
    uint32_t round_trips;         /* times the initiator had to wait for the other side */
    bool truth_checked;           /* both frontiers were equal and tallies compared */
    bool truth_failed;            /* equal frontiers, different tallies */
    bool split_view; /* different chains of the registry, or one that the other side won't go on */
    uint64_t units_sent, units_received, units_refused; /* of attachments */
    uint64_t snapshots_taken;
    uint64_t snapshots_refused;                   /* what came wasn't what was said */
    uint32_t snapshot_parts_here, snapshot_parts; /* of the one that is on its way, or was last */
    enum session_code held;    /* not SESSION_DONE: the peer takes no more of ours, and why */
    enum session_code holding; /* the same of us */
    enum session_code code;    /* how it ended */
    char reason[160];          /* the other side's words, or ours; English */
};

/* Which attachments an initiator exchanges: none; it offers what the hub may lack, and fetches
 * thumbnails and what somebody asked for; it fetches whatever is missing. */
enum session_attachments {
    SESSION_ATTACHMENTS_NONE,
    SESSION_ATTACHMENTS_ASKED,
    SESSION_ATTACHMENTS_ALL
};

struct session_options {
    enum session_role role;
    struct network network;
    struct dh_key local;          /* our static key */
    uint8_t remote[DH_KEY_BYTES]; /* initiator: the other side's key; the hub's link key */
    uint32_t peer;                /* initiator: the other side's roster index; 0: the hub */
    bool discreet;       /* initiator: nothing but HELLO before the other side's ephemeral */
    bool watch;          /* stay connected and exchange what comes */
    uint64_t clock_s;    /* initiator: tell this wall clock, and `program`; 0: neither */
    const char *program; /* borrowed for the session's life */
    bool enrolling;      /* initiator without a certificate yet */
    uint8_t token[16];
    struct signing_key sign;              /* enrolling: proves the key */
    enum session_attachments attachments; /* initiator */
    uint64_t budget_bytes; /* no unit of an attachment is begun that would pass it; 0: no bound */
    uint64_t
        snapshot_worth; /* responder: entries and rows that are worth a snapshot; 0: as usual */
    uint32_t handshake_ms, silence_ms; /* 0: SESSION_HANDSHAKE_MS, SESSION_SILENCE_MS */
};

struct session;

/* Gives a session; copies the options. */
enum status session_new(struct session **session, const struct session_options *options,
                        struct error *err);
void session_free(struct session *session);

/* One event in, one update out. A broken rule by the peer isn't an error of the call: the update
 * is then `over` and totals.code says why. The call fails only for STATUS_NO_MEMORY (over, too). */
enum status session_step(struct session *session, const struct session_event *event,
                         struct session_update *update, struct error *err);
/* When a tick is due at the latest; UINT64_MAX: never. */
uint64_t session_deadline_ms(const struct session *session);
const struct session_totals *session_totals(const struct session *session);
/* The peer's roster index, 0 before it is known. Initiator: as in the options. */
uint32_t session_peer(const struct session *session);
/* Initiator: the lineage as WELCOME named it. */
uint64_t session_lineage(const struct session *session);
/* A beacon or link key that the hub handed over, to be checked and kept by the host; absent: size
 * 0. */
struct bytes session_beacon(const struct session *session);
struct bytes session_link_key(const struct session *session);
/* Initiator, enrolling: the roster index that WELCOME named. */
uint32_t session_enrolled_as(const struct session *session);

#endif
