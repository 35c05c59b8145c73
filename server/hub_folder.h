#ifndef SERVER_HUB_FOLDER_H
#define SERVER_HUB_FOLDER_H

/* The data folder of a hub as the commands see it: named by --dir, unlocked (common/unlock.h) when
 * it is encrypted. What lies in it: server/hub.h. */

#include "common/place.h"
#include "common/unlock.h"
#include "server/hub.h"

#define HUB_DATABASE "hub.db"
#define HUB_BALLAST "ballast"

/* Without keys. STATUS_USAGE when no folder is named. */
enum status hub_folder_options(const struct cli *cli, struct hub_options *options,
                               struct error *err);
/* With the folder's keys, when it is encrypted. */
enum status hub_folder_unlock(const struct cli *cli, struct hub_options *options,
                              struct error *err);
/* The hub itself, unlocked. Whatever comes of it: hub_folder_end. */
enum status hub_folder_begin(const struct cli *cli, struct hub *hub, struct error *err);
/* Closes it, prints what went wrong, and gives the exit code. */
int hub_folder_end(struct cli *cli, struct hub *hub, enum status status, const struct error *err);
/* Both around a step, for commands that have nothing to say before: gives the exit code. */
typedef enum status hub_step(struct cli *cli, struct hub *hub, struct error *err);
int hub_folder_run(struct cli *cli, hub_step *step);
/* Where its replica lies, unlocked. */
enum status hub_folder_place(const struct cli *cli, struct place *place, struct error *err);
/* The replica alone. STATUS_NOT_FOUND. Gives. */
enum status hub_folder_open(const struct cli *cli, bool read_only, struct replica **replica,
                            struct error *err);
/* For a hub that is about to be made: the keys that the command line chose, or none. Never touches
 * what a hub has already: STATUS_EXISTS. vault_let_go when the hub is there. */
enum status hub_folder_make_keys(const struct cli *cli, struct hub_options *options,
                                 struct error *err);

#endif
