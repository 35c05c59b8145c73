#ifndef TESTS_SIM_EXPLORE_H
#define TESTS_SIM_EXPLORE_H

/* Every world of so many events, not some of them: a model check of real replicas.
 *
 * An alphabet is a handful of events around one rule (two lives of a folder, a revocation, rights
 * that change, entries that others carry, erasures), with a few events before them that set the
 * stage. All words of one length over it are lived, each as a plan with all its oracles, and each
 * must come to rest. What chance there is within an event is the same in all of them.
 *
 * Of two events next to each other that have no place in common either may be first, so such pairs
 * are lived in one order only (partial-order reduction): every other order is one of those that are
 * lived, with the same reads and writes at each place. */

#include "tests/sim/plan.h"

#define EXPLORE_LENGTH_MAX 8

struct exploring {
    size_t alphabet;
    unsigned length;
    unsigned letters[EXPLORE_LENGTH_MAX];
    bool begun;
};

/* The next plan: false when there is none left. Its seed is the number of the world. */
bool explore_next(struct exploring *exploring, struct plan *plan);
/* The alphabet that it is at. */
const char *explore_name(const struct exploring *exploring);

#endif
