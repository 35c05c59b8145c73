#ifndef COMMON_WATCHING_H
#define COMMON_WATCHING_H

/* The commands consent and alarms, for both programs: the second person of an export (consent.h),
 * and what is unusual (alarm.h). */

#include "common/access.h"
#include "common/cli.h"

extern const struct cli_command watching_commands[];

/* Note an export and see to its consent, in a replica of its own that may write: the one that is
 * read from may not. */
enum status watching_export(const struct cli *cli, const struct access *access, struct error *err);

#endif
