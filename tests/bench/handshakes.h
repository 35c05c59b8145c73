#ifndef TESTS_BENCH_HANDSHAKES_H
#define TESTS_BENCH_HANDSHAKES_H

/* What first messages cost the hub: sessions that are opened one after the other on one core, with
 * a storage that answers at once. Only the hub's side is timed. */

#include <stddef.h>

/* Whole handshakes a second, up to the hub's answer; of peers whom it knows. */
double handshakes_a_second(size_t count);
/* First frames a second whose knock is wrong. */
double refusals_a_second(size_t count);

#endif
