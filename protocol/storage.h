#ifndef PROTOCOL_STORAGE_H
#define PROTOCOL_STORAGE_H

/* Answers a session's questions from a replica.
 *
 * Client, hub, tests and simulator use the same answers. Not thread-safe: call it on the thread
 * that owns the replica. The answer borrows from `storage_reply`, which the caller keeps until the
 * session took it. */

#include "common/replica.h"
#include "protocol/attachment_storage.h"
#include "protocol/session.h"
#include "protocol/snapshot_storage.h"

struct storage_reply {
    struct session_answer answer;
    struct frontier frontier, told, held, stored, loaded;
    struct buffer receipt, beacon, link_key, staged, stable;
    struct buffer runs_bytes;
    struct session_run *runs;
    size_t runs_count, runs_capacity;
    struct attachment_reply attachment;
    uint32_t *held_back;
    struct buffer pieces; /* of a snapshot's part */
};
void storage_reply_release(struct storage_reply *reply);

/* What a peer brings that is new here: of one run. */
struct storage_arrival {
    uint32_t peer;
    uint64_t entries, bytes;
};

/* The hub's hooks, inside the open transaction. `enrol` turns a token and keys into a device, or
 * refuses by *refuse. `admit` is asked before a run is stored, or holds it and all behind it
 * back by *hold. `make` is to make a snapshot of a scope meanwhile, where making one takes too long
 * to wait for: false when none will come. Each may be NULL. */
struct storage_host {
    enum status (*enrol)(void *context, struct replica *replica,
                         const struct session_question *question, uint32_t *device,
                         enum session_code *refuse, struct error *err);
    enum status (*admit)(void *context, struct replica *replica,
                         const struct storage_arrival *arrival, enum session_code *hold,
                         struct error *err);
    bool (*make)(void *context, uint32_t scope);
    void *context;
};

/* Answer one question. ASK_STORE and an enrolling ASK_WHO write: inside the caller's transaction
 * when one is open (the hub groups many; it must commit before it hands the answer on), else in one
 * of their own. A storage failure is in reply->answer.status too. `session_peer`: for what may be
 * read. */
enum status storage_answer(struct replica *replica, const struct session_question *question,
                           const struct storage_host *host, struct storage_reply *reply,
                           struct error *err);
/* Does this question write (and so belong into the group commit)? */
bool storage_writes(const struct session_question *question);

#endif
