#ifndef CLIENT_COMMAND_H
#define CLIENT_COMMAND_H

/* The commands of jinqiu that write or need the network; those that only read are in
 * common/reading.h. Each gives the exit code (common/cli.h) and has told on stderr what failed.
 * Arguments are counted before a command runs (main.c holds the table). */

#include "common/cli.h"

int command_join(struct cli *cli); /* CODE [--no-passphrase] [--recovery-code] */
int command_passphrase(struct cli *cli);
int command_sync(
    struct cli *cli); /* [--watch] [--peer HOST:PORT] [--attachments] [--budget SIZE] */
int command_add(struct cli *cli);
int command_set(struct cli *cli);
int command_delete(struct cli *cli);
int command_settle(struct cli *cli);
int command_merge(struct cli *cli);   /* A B */
int command_unmerge(struct cli *cli); /* ID */
int command_apply(struct cli *cli);
int command_import(struct cli *cli);
int command_attachment_fetch(struct cli *cli); /* TABLE ID [FIELD] [--peer …] [--budget SIZE] */
extern const struct cli_command transfer_commands[]; /* transfer offer, accept, … */
int command_status(struct cli *cli);
int command_adopt(struct cli *cli);
int command_listen(struct cli *cli); /* [--listen HOST:PORT] */
int command_near(struct cli *cli);
int command_compact(struct cli *cli);
int command_enrol(struct cli *cli);
int command_serve(struct cli *cli); /* [--http HOST:PORT] [--lock MINUTES] */

#endif
