#ifndef TESTS_BENCH_HEADS_H
#define TESTS_BENCH_HEADS_H

/* One device writes a million values into one field, none of which has seen another: what that
 * costs the hub, and what whoever looks after it still can do. */

#include <stddef.h>

struct heads_cost {
    double fill_seconds;   /* all of them, 10,000 a job */
    double job_seconds;    /* one more job, of 500 values */
    double list_seconds;   /* of the conflicts */
    double listed;         /* values that the list shows */
    double revoke_seconds; /* a revocation that undoes all of them */
    double peak_bytes;     /* of memory, until then */
};
struct heads_cost heads_measure(size_t values);

#endif
