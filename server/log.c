#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/clock.h"

void log_event(const char *event, const char *pairs, ...)
{
    char line[1024], when[32];
    struct clock clock = clock_system();
    time_format(clock_wall_ms(&clock), when);
    va_list arguments;
    va_start(arguments, pairs);
    vsnprintf(line, sizeof line, pairs, arguments);
    va_end(arguments);
    /* One write a line, so that two threads don't mix theirs. */
    fprintf(stderr, "%s event=%s %s\n", when, event, line);
}

void log_error(const char *event, const struct error *error)
{
    log_event(event, "status=%d error=\"%s\"", (int)error->status, error->text);
}
