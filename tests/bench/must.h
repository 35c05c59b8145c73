#ifndef TESTS_BENCH_MUST_H
#define TESTS_BENCH_MUST_H

/* The bench stops where anything fails: a figure of what didn't happen is worth nothing. */

#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"

#define MUST(call)                                                                       \
    do {                                                                                 \
        struct error failure = {0};                                                      \
        struct error *err = &failure;                                                    \
        (void)err;                                                                       \
        if ((call) != STATUS_OK) {                                                       \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, failure.text); \
            exit(1);                                                                     \
        }                                                                                \
    } while (0)

#define MUST_HOLD(condition)                                                        \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                \
        }                                                                           \
    } while (0)

#endif
