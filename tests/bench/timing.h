#ifndef TESTS_BENCH_TIMING_H
#define TESTS_BENCH_TIMING_H

/* Seconds of a clock that nobody sets. */

#include <time.h>

static inline double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

#endif
