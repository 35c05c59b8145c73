#ifndef SERVER_BACKUP_H
#define SERVER_BACKUP_H

/* A hub in one file, and back.
 *
 * backup: a consistent copy of hub.db, made while the hub runs, with the key files inside; 0600,
 * whole or not there at all. Who has the file has the hub; if its folder is encrypted, the copy is
 * too, and needs the same secret. Behind the database such a file ends with
 *   key slots ‖ BLAKE2b-256 of them ‖ their size u32le ‖ "JQBACKUP"
 * restore: into a folder that is empty or missing. The restored hub is not the one that clients
 * spoke with since: it has a new lineage, writes under a new incarnation, gives out roster indices
 * and org numbers from far above those it knows, and takes back from its clients what it lost.
 * Invitations that weren't used are void. Keys of sealed values stand in FILE.keys, see
 * backup_keys.h. */

#include "server/hub.h"

enum status hub_backup(const struct hub_options *options, const char *file, struct error *err);

/* Asked for the keys of an encrypted backup. Takes `vault`. */
struct backup_unlocker {
    enum status (*unlock)(void *context, struct vault *vault, struct error *err);
    void *context;
};
/* STATUS_EXISTS when the folder holds anything, STATUS_BAD_INPUT when the file is no backup. The
 * options have no vault: the backup says whether there is one. *with_keys: FILE.keys was there. */
enum status hub_restore(const struct hub_options *options, const char *file,
                        const struct backup_unlocker *unlocker, bool *with_keys, struct error *err);

/* What makes a hub that was put back from a copy another one: lineage, incarnation, and numbers far
 * above those that the lost time may have given out. In a transaction. */
enum status hub_begin_anew(struct hub *hub, struct error *err);

#endif
