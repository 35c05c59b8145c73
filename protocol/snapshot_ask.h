#ifndef PROTOCOL_SNAPSHOT_ASK_H
#define PROTOCOL_SNAPSHOT_ASK_H

/* What a session asks storage about snapshots, and what it answers: ASK_SNAPSHOT. Which scopes are
 * to go so is part of ASK_LOAD, whose runs they are held back from. Values; what a
 * question names is borrowed until its answer, what an answer names until the next question. */

#include "common/snapshot.h"

enum snapshot_step {
    SNAPSHOT_PREPARE, /* responder: the one of a scope that is to be offered -> found, given */
    SNAPSHOT_GIVE,    /* responder: bytes of a part of it -> found, bytes, whole */
    SNAPSHOT_WISH,    /* initiator: is what was offered to be taken? -> code, or place and count */
    SNAPSHOT_KEEP,    /* initiator: a part has come -> code */
    SNAPSHOT_PLACE    /* initiator: all is here -> code, frontier */
};

/* How an offer ended (SETTLED), or, within a session, that it goes on. */
enum snapshot_code {
    SNAPSHOT_TAKEN,  /* it is in its place */
    SNAPSHOT_LOG,    /* the scope's log is wanted instead */
    SNAPSHOT_LATER,  /* nothing of the scope can be taken in this session */
    SNAPSHOT_NEWER,  /* it was made under other rights than are known here by now */
    SNAPSHOT_GONE,   /* by the giver: it isn't there any more */
    SNAPSHOT_GOES_ON /* never said */
};

struct snapshot_question {
    enum snapshot_step step;
    uint32_t scope;              /* PREPARE */
    struct snapshot_given given; /* GIVE, WISH, KEEP, PLACE */
    uint32_t place;              /* GIVE, KEEP */
    size_t from, most;           /* GIVE: of its bytes */
    struct bytes part;           /* KEEP */
};

struct snapshot_answer {
    uint32_t place, count; /* WISH: so many places are lacking, from `place` on; 0: none */
    bool found;
    bool later; /* PREPARE, hub: it is being made; the question is to be asked again */
    struct snapshot_given given;
    struct bytes bytes; /* GIVE */
    size_t whole;       /* GIVE: bytes of the part */
    enum snapshot_code code;
    bool lied;                       /* KEEP, PLACE: what came isn't what was said */
    const struct frontier *frontier; /* PLACE: what is held of the scope now */
};

#endif
