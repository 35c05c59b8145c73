#ifndef TESTS_BENCH_WIRE_H
#define TESTS_BENCH_WIRE_H

/* What sessions cost in bytes and round trips, all of it counted, without a wire. */

#include "tests/support/world.h"

/* Prints its rows of the table. */
void wire_bench(struct world *world);

#endif
