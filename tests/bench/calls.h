#ifndef TESTS_BENCH_CALLS_H
#define TESTS_BENCH_CALLS_H

/* Programs as people run them, each until its end: what it says, how long it takes, and the most
 * memory that it has. A call that fails ends the bench. */

#include "tests/bench/load_fleet.h"

#define CALL_SAID_BYTES 600

struct call {
    const char *const *arguments; /* the program first (a path, or a name on PATH), then NULL */
    char said[CALL_SAID_BYTES];   /* the first line; all that it says must fit a pipe */
    double seconds, peak_bytes;
};

void call_run(struct call *call);
#define CALL(call, ...) \
    ((call)->arguments = (const char *const[]){__VA_ARGS__, NULL}, call_run(call))

/* A new client's folder at `directory`, invited to a branch of the fleet's hub, which runs. */
struct call_programs {
    const char *jinqiu, *jinqiud;
};
void call_join(const struct call_programs *programs, const struct load_fleet *fleet,
               const char *directory);

#endif
