#include "common/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/calendar.h"

static int64_t system_wall_ms(void *context)
{
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t wall_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    const char *offset = getenv("JINQIU_CLOCK_OFFSET_MS");
    int64_t shifted;
    if (offset && !__builtin_add_overflow(wall_ms, strtoll(offset, NULL, 10), &shifted))
        return shifted;
    return wall_ms;
}

static uint64_t system_mono_ms(void *context)
{
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct clock clock_system(void)
{
    return (struct clock){system_wall_ms, system_mono_ms, NULL};
}

int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock->context);
}

uint64_t clock_mono_ms(const struct clock *clock)
{
    return clock->mono_ms(clock->context);
}

bool time_format_local(int64_t wall_ms, char *out)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    return localtime_r(&seconds, &parts) && strftime(out, 32, "%Y-%m-%dT%H:%M", &parts) > 0;
}

bool time_of_day_start(const char *date, int64_t *wall_ms)
{
    struct tm parts = {.tm_isdst = -1};
    if (!calendar_date_valid(bytes_text(date)))
        return false;
    sscanf(date, "%d-%d-%d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday);
    parts.tm_year -= 1900;
    parts.tm_mon--;
    *wall_ms = (int64_t)mktime(&parts) * 1000;
    return true;
}

void time_format(int64_t wall_ms, char *out)
{
    int64_t seconds = wall_ms / 1000 - (wall_ms % 1000 < 0);
    time_t when = (time_t)seconds;
    struct tm parts;
    if (seconds >= -62135596800 && seconds < 253402300800 && gmtime_r(&when, &parts))
        strftime(out, 32, "%04Y-%m-%dT%H:%M:%SZ", &parts);
    else
        snprintf(out, 32, "%" PRId64 "ms", wall_ms);
}
