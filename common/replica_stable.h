#ifndef COMMON_REPLICA_STABLE_H
#define COMMON_REPLICA_STABLE_H

/* What is *stable*: entries that every active device which may read them provably holds, and the
 * hub's backups, too (docs/decisions/0034-cleaning-up-at-clients.md). The hub works it out, a
 * client is told it in a session and keeps it; what it then removes is replica_clean.h's. */

#include "common/replica.h"

/* ---- at the hub ---- */
/* Of the records that `reader` may read, at most STABLE_SCOPES scopes. Replaces `stable`. Devices
 * that are revoked or lapsed (registry_lapsed) don't hold it back. */
#define STABLE_SCOPES 256
enum status replica_stable(struct replica *replica, uint32_t reader, struct frontier *stable,
                           struct error *err);
/* A backup was made that holds at least this. Not it but the one before it bounds what is stable:
 * where the newest turns out to be unreadable there is still one. In a transaction. */
enum status replica_note_backup(struct replica *replica, const struct frontier *held,
                                struct error *err);

/* ---- at a client ---- */
/* Should the hub be asked? Once a week, by our clock (nothing else depends on that), where there
 * are STABLE_WORTH entries of others; or when a person wants it. */
#define STABLE_WORTH 1000
enum status replica_stable_due(struct replica *replica, bool *due, struct error *err);
/* Asks with the next session. In a transaction. */
enum status replica_stable_ask(struct replica *replica, struct error *err);
/* Keeps what the hub told, and under which lineage. In a transaction. */
enum status replica_stable_keep(struct replica *replica, const struct frontier *stable,
                                uint64_t lineage, struct error *err);
/* Was something told since this was asked last? In a transaction. */
enum status replica_stable_news(struct replica *replica, bool *news, struct error *err);
/* Replaces `stable`: nothing, when nothing was told, or by a hub of another lineage. */
enum status replica_stable_load(struct replica *replica, struct frontier *stable,
                                struct error *err);

#endif
