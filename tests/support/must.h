#ifndef TESTS_SUPPORT_MUST_H
#define TESTS_SUPPORT_MUST_H

/* What a test, a figure or a simulated world stands on: where it fails the program ends with its
 * reason, since nothing that follows would mean anything. */

#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"

/* The call may name the macro's own `err`. */
#define MUST(call)                                                                       \
    do {                                                                                 \
        struct error failure = {0};                                                      \
        struct error *err = &failure;                                                    \
        (void)err;                                                                       \
        if ((call) != STATUS_OK) {                                                       \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, failure.text); \
            abort();                                                                     \
        }                                                                                \
    } while (0)

#define MUST_HOLD(condition)                                                        \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                \
        }                                                                           \
    } while (0)

#endif
