#ifndef COMMON_ASKING_H
#define COMMON_ASKING_H

/* The command sql, for both programs: a question in SQL over the views of common/table_views.h.
 * It may read those views and nothing else, and what it gives is an export like any other. */

#include "common/cli.h"

extern const struct cli_command asking_commands[];

#endif
