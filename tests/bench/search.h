#ifndef TESTS_BENCH_SEARCH_H
#define TESTS_BENCH_SEARCH_H

/* Searching 50,000 people in an encrypted replica at `path`, the best of some rounds. */

#include "tests/support/world.h"

struct search_cost {
    double worst_ms;  /* of words of every kind: characters, pinyin, a phone's tail, a place */
    double sealed_ms; /* of a word that only sealed texts could hold */
    double first_ms;  /* of that one, before any sealed text was opened */
};
struct search_cost search_measure(struct world *world, const char *path);

#endif
