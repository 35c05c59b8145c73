#ifndef PROTOCOL_ATTACHMENT_STORAGE_H
#define PROTOCOL_ATTACHMENT_STORAGE_H

/* Answers a session's questions about attachments from a replica; what storage.h has for the
 * others. */

#include "common/replica_attachment.h"
#include "protocol/attachment_ask.h"

struct attachment_lists {
    struct attachment_name names[OFFER_NAMES_MAX];
    struct attachment_sought sought[OFFER_NAMES_MAX];
};
struct attachment_reply {
    struct attachment_lists *lists; /* since the first question: most sessions ask none */
    struct buffer units, unit;
};
void attachment_reply_release(struct attachment_reply *reply);

struct storage_host;
struct storage_reply;
struct session_question;

bool attachment_writes(const struct attachment_question *question);
/* Into reply->answer.attachment. */
enum status attachment_answer(struct replica *replica, const struct session_question *question,
                              const struct storage_host *host, struct storage_reply *reply,
                              struct error *err);

#endif
