#ifndef CLIENT_COMMAND_WRITE_H
#define CLIENT_COMMAND_WRITE_H

/* What the commands that save one change have in common: open, build, save, tell. */

#include "common/cli.h"
#include "common/edit.h"

/* Fills in `edit`, in a transaction. */
typedef enum status edit_builder(struct cli *cli, struct edit *edit, struct error *err);

/* Saves what `build` made, as one entry; prints the row's id when `tell_id` or with --json. Gives
 * the exit code. */
int command_write_row(struct cli *cli, edit_builder *build, bool tell_id);
/* FIELD=VALUE among the arguments, from the one at `from` on. */
enum status command_take_assignments(struct cli *cli, struct edit *edit, size_t from,
                                     struct error *err);

#endif
