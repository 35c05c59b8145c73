#ifndef PROTOCOL_SNAPSHOT_STORAGE_H
#define PROTOCOL_SNAPSHOT_STORAGE_H

/* Answers a session's questions about snapshots from a replica; what storage.h has for the others.
 */

#include "common/replica_snapshot.h"
#include "protocol/snapshot_ask.h"

struct storage_host;
struct storage_reply;
struct session_question;
struct session_answer;

bool snapshot_writes(const struct snapshot_question *question);
/* Into reply->answer.snapshot. */
enum status snapshot_answer(struct replica *replica, const struct session_question *question,
                            const struct storage_host *host, struct storage_reply *reply,
                            struct error *err);

/* ASK_LOAD: which scopes' runs are held back, into reply->answer. */
enum status snapshot_hold_back(struct replica *replica, const struct session_question *question,
                               struct storage_reply *reply, struct error *err);
/* Raises `known` as if the peer had those scopes, so that nothing of them is loaded; and back. */
enum status snapshot_pretend(struct replica *replica, const struct session_answer *held,
                             struct frontier *known, struct error *err);
enum status snapshot_admit(const struct session_answer *held, const struct frontier *known,
                           struct frontier *loaded, struct error *err);

#endif
