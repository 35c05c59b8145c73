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
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
            *at = '?';
    /* One write a line, so that two threads don't mix theirs. */
    fprintf(stderr, "%s event=%s %s\n", when, event, line);
}

void log_error(const char *event, const struct error *error)
{
    log_event(event, "status=%d error=\"%s\"", (int)error->status, error->text);
}

bool log_within(struct log_limit *limit)
{
    struct clock clock = clock_system();
    uint64_t minute = clock_mono_ms(&clock) / 60000;
    if (minute != limit->minute) {
        if (limit->left_out > 0)
            log_event("quiet", "left_out=%u", limit->left_out);
        *limit = (struct log_limit){.minute = minute};
    }
    if (limit->used < LOG_LIMIT_LINES) {
        limit->used++;
        return true;
    }
    limit->left_out++;
    return false;
}
