/* The two clocks and how a time is written. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"

static void a_time_is_written_in_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t wall_ms;
        const char *text;
    } times[] = {
        {0, "1970-01-01T00:00:00Z"},
        {999, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {-1000, "1969-12-31T23:59:59Z"},
        {-1001, "1969-12-31T23:59:58Z"},
        {1793525400000, "2026-11-01T09:30:00Z"},
        {951782400000, "2000-02-29T00:00:00Z"},
        {253402300799999, "9999-12-31T23:59:59Z"},
        {253402300800000, "253402300800000ms"},
        {-62135596800000, "0001-01-01T00:00:00Z"},
        {-62135596800001, "-62135596800001ms"},
        {INT64_MAX, "9223372036854775807ms"},
        {INT64_MIN, "-9223372036854775808ms"},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[32];
        time_format(times[i].wall_ms, text);
        assert_string_equal(text, times[i].text);
    }
}

static void the_wall_clock_is_the_machine_s_and_shifts_by_the_environment(void **state)
{
    (void)state;
    struct clock clock = clock_system();
    int64_t about = (int64_t)time(NULL) * 1000;
    unsetenv("JINQIU_CLOCK_OFFSET_MS");
    assert_true(llabs(clock_wall_ms(&clock) - about) < 60000);
    setenv("JINQIU_CLOCK_OFFSET_MS", "-315360000000", 1);
    assert_true(llabs(clock_wall_ms(&clock) + 315360000000 - about) < 60000);
    setenv("JINQIU_CLOCK_OFFSET_MS", "99999999999999999999999", 1);
    assert_true(llabs(clock_wall_ms(&clock) - about) < 60000);
    unsetenv("JINQIU_CLOCK_OFFSET_MS");
}

static void monotonic_time_never_steps_back(void **state)
{
    (void)state;
    struct clock clock = clock_system();
    uint64_t last = clock_mono_ms(&clock);
    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_mono_ms(&clock);
        assert_true(now >= last);
        last = now;
    }
}

static int64_t fixed_wall_ms(void *context)
{
    return *(int64_t *)context;
}

static uint64_t fixed_mono_ms(void *context)
{
    return (uint64_t) * (int64_t *)context + 1;
}

static void a_test_brings_its_own_clock(void **state)
{
    (void)state;
    int64_t now = 41;
    struct clock clock = {fixed_wall_ms, fixed_mono_ms, &now};
    assert_true(clock_wall_ms(&clock) == 41);
    assert_true(clock_mono_ms(&clock) == 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_written_in_utc),
        cmocka_unit_test(the_wall_clock_is_the_machine_s_and_shifts_by_the_environment),
        cmocka_unit_test(monotonic_time_never_steps_back),
        cmocka_unit_test(a_test_brings_its_own_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
