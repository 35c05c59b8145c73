#ifndef CLIENT_FOLDER_H
#define CLIENT_FOLDER_H

/* The data folder of a client: DIR/replica.db, and DIR/slots.a with its twin when it is encrypted.
 *
 * The folder is made with mode 0700 and its files with 0600 (main sets the umask). */

#include "common/place.h"
#include "common/replica.h"
#include "common/unlock.h"

#define FOLDER_REPLICA "replica.db"
#define FOLDER_BALLAST "ballast" /* common/ballast.h */

/* Make the folder that --dir names, with the folders above it. It may exist already. STATUS_USAGE
 * when none is named, STATUS_STORAGE. */
enum status folder_make(const struct cli *cli, struct error *err);
/* Unlocks the folder first (common/unlock.h). STATUS_NOT_FOUND tells that it holds no replica and
 * what to do. Gives the replica. */
enum status folder_open(const struct cli *cli, bool read_only, struct replica **replica,
                        struct error *err);
/* Where it lies, unlocked: what folder_open opens. */
enum status folder_place(const struct cli *cli, struct place *place, struct error *err);
/* A new, empty replica in the folder (made when missing), encrypted as `choice` says.
 * STATUS_EXISTS. Gives the replica. */
enum status folder_create(const struct cli *cli, const struct network *network,
                          const struct unlock_choice *choice, struct replica **replica,
                          struct error *err);
/* Does the folder hold a replica? STATUS_USAGE when none is named. */
enum status folder_holds(const struct cli *cli, bool *holds, struct error *err);

#endif
