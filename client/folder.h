#ifndef CLIENT_FOLDER_H
#define CLIENT_FOLDER_H

/* The data folder of a client: DIR/replica.db and nothing else that matters.
 *
 * The folder is made with mode 0700 and its files with 0600 (main sets the umask). */

#include "common/cli.h"
#include "common/replica.h"

#define FOLDER_REPLICA "replica.db"

/* Make the folder that --dir names, with the folders above it. It may exist already. STATUS_USAGE
 * when none is named, STATUS_STORAGE. */
enum status folder_make(const struct cli *cli, struct error *err);
/* STATUS_NOT_FOUND tells that the folder holds no replica and what to do. Gives the replica. */
enum status folder_open(const struct cli *cli, bool read_only, struct replica **replica,
                        struct error *err);
/* A new, empty replica in the folder (made when missing). STATUS_EXISTS. Gives the replica. */
enum status folder_create(const struct cli *cli, const struct network *network,
                          struct replica **replica, struct error *err);
/* Encryption at rest isn't there yet: warn, unless --no-passphrase says that the user knows. */
void folder_warn_unencrypted(const struct cli *cli);

#endif
