#ifndef SERVER_LOG_H
#define SERVER_LOG_H

/* Log lines for machines and operators, English, on stderr:
 *   2026-11-20T09:30:00Z event=session peer=127.0.0.1 device=3 sent=4
 * Ids and counts only: never a record's content, a name or a key. A line is printable ASCII
 * whatever a peer sent: what isn't becomes '?'. */

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/* `pairs` is a printf format of key=value words. */
void log_event(const char *event, const char *pairs, ...) __attribute__((format(printf, 2, 3)));
void log_error(const char *event, const struct error *error);

/* Strangers can't fill the disk: so many lines a minute, the rest is counted. */
#define LOG_LIMIT_LINES 60u
struct log_limit {
    uint64_t minute;
    unsigned used, left_out;
};
/* May one more be written? The first of a minute tells how many were left out before. */
bool log_within(struct log_limit *limit);

#endif
