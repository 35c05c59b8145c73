#ifndef PROTOCOL_CARRY_H
#define PROTOCOL_CARRY_H

/* bundle write, bundle read and frontier, for both programs: the files that travel on a stick
 * (bundle.h).
 *
 *   frontier file = "JQFRONT1" ‖ network 16 ‖ sealed receipt: what a device holds, signed by it
 * Without --for a bundle holds what the hub isn't known to hold, and can be read by the hub and by
 * the devices of the writer's org and of those above it, which may carry it on. */

#include "common/cli.h"

/* Ends with a NULL name; put it into cli_program.commands. */
extern const struct cli_command carry_commands[];

#endif
