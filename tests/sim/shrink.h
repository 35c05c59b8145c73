#ifndef TESTS_SIM_SHRINK_H
#define TESTS_SIM_SHRINK_H

/* Makes a failing plan short: first the shortest beginning that still fails, then every event is
 * left out that isn't needed (delta debugging, Zeller and Hildebrandt 2002). A shorter plan counts
 * only when the same oracle speaks. */

#include "tests/sim/plan.h"

void shrink(struct plan *plan, const char *oracle);

#endif
