#ifndef TESTS_BENCH_FRONTIERS_H
#define TESTS_BENCH_FRONTIERS_H

/* What it costs two sides to find out in what their frontiers differ, when one of them has
 * forgotten what it was told: 10,000 devices, of which 20 have written more. Storage is memory, the
 * line is virtual. */

struct frontiers_cost {
    double bytes;       /* said by both before the first run, greetings included */
    double round_trips; /* of the whole session */
    double sketch_ms, read_ms;
};
struct frontiers_cost frontiers_measure(void);

#endif
