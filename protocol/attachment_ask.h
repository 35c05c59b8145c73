#ifndef PROTOCOL_ATTACHMENT_ASK_H
#define PROTOCOL_ATTACHMENT_ASK_H

/* What a session asks storage about attachments, and what it answers: ASK_ATTACHMENT. Values; what
 * a question names is borrowed until its answer, what an answer names until the next question. */

#include "common/attachment.h"

#define OFFER_NAMES_MAX 64 /* of one message */
#define SOUGHT_BYTES 8

struct attachment_sought { /* the beginning of a root */
    uint8_t root[SOUGHT_BYTES];
};

enum attachment_step {
    ATTACHMENT_OFFER, /* which may the peer lack, and which do we? -> names, sought, marks */
    ATTACHMENT_WISH, /* which of those that the peer offers do we lack? -> names, looked, found … */
    ATTACHMENT_GIVE, /* units for the peer -> units, count */
    ATTACHMENT_KEEP, /* units that came: make them durable -> held, fits, full */
    ATTACHMENT_SENT  /* the peer, which is the hub, holds these */
};

struct attachment_question {
    enum attachment_step step;
    struct attachment_mark offer_mark;      /* OFFER: behind it */
    bool seeking, all;                      /* OFFER: what do we lack; all that we lack? */
    struct attachment_mark seek_mark;       /* OFFER: behind it */
    const struct attachment_sought *sought; /* OFFER: what the peer seeks */
    size_t sought_count;
    const struct attachment_name *names; /* WISH: what the peer offers; SENT */
    size_t names_count;
    struct attachment_name name; /* GIVE, KEEP */
    uint32_t from, count;        /* GIVE, KEEP: these units */
    struct bytes units;          /* KEEP: end to end */
};

struct attachment_answer {
    const struct attachment_name *names; /* OFFER; WISH: those offered that are whole here */
    size_t names_count;
    struct attachment_mark offer_mark, seek_mark; /* OFFER */
    const struct attachment_sought *sought;       /* OFFER: what we seek */
    size_t sought_count;
    bool more;     /* OFFER: more is left to offer or to seek */
    size_t looked; /* WISH: how many of the offered names it went through */
    bool found;    /* WISH: `name` is lacking, from unit `from` on */
    struct attachment_name name;
    uint32_t from;
    struct bytes units; /* GIVE: end to end; fewer than asked for, when that is all there is */
    uint32_t count;
    uint32_t held; /* KEEP: so many are held now */
    bool fits;     /* KEEP: all were what they should be */
    bool full;     /* KEEP: no more is taken for now */
};

#endif
