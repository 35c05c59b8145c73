#ifndef COMMON_REPORT_WISH_H
#define COMMON_REPORT_WISH_H

/* What a person asks of a report, as typed, made a question: by a command or on a page. */

#include "common/report.h"

struct report_wish {
    struct report_question question; /* borrows what stands below, and the registry */
    char from[32], to[32];           /* as time_format_local needs it */
};

/* Texts may be NULL: from 1 January until today, the own org and all below it. STATUS_USAGE for
 * what isn't a day, STATUS_NOT_FOUND for an org that isn't there. */
enum status report_wish_fill(struct report_wish *wish, struct replica *replica, const char *from,
                             const char *to, const char *org, struct error *err);

#endif
