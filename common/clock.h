#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

/* The seam for time. Code that needs time takes a clock; only clock.c asks the system.
 *
 * Wall time may be wrong by years and may jump; it never decides anything but which head is shown
 * while a conflict waits. Monotonic time is for deadlines. Randomness has its seam in libsodium
 * (randombytes_set_implementation). */

#include <stdbool.h>
#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(void *context);  /* ms since 1970, may be negative */
    uint64_t (*mono_ms)(void *context); /* never steps back */
    void *context;
};

/* The machine's clocks. JINQIU_CLOCK_OFFSET_MS in the environment shifts the wall clock: the
 * tests live with wrong clocks that way. */
struct clock clock_system(void);

int64_t clock_wall_ms(const struct clock *clock);
uint64_t clock_mono_ms(const struct clock *clock);

/* "2026-11-01T09:30:00Z" into `out` (room for 32); any int64 is printable. */
void time_format(int64_t wall_ms, char *out);
/* The local civil time "2026-11-01T09:30", for people; false when the clock shows nonsense. `out`
 * has room for 32. */
bool time_format_local(int64_t wall_ms, char *out);
/* The first moment of a local day "2026-11-01"; false when it is none. */
bool time_of_day_start(const char *date, int64_t *wall_ms);

#endif
