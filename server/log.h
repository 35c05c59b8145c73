#ifndef SERVER_LOG_H
#define SERVER_LOG_H

/* Log lines for machines and operators, English, on stderr:
 *   2026-11-20T09:30:00Z event=session peer=127.0.0.1 device=3 sent=4
 * Ids and counts only: never a record's content, a name or a key. */

#include "common/error.h"

/* `pairs` is a printf format of key=value words. */
void log_event(const char *event, const char *pairs, ...) __attribute__((format(printf, 2, 3)));
void log_error(const char *event, const struct error *error);

#endif
