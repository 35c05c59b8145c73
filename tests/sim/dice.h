#ifndef TESTS_SIM_DICE_H
#define TESTS_SIM_DICE_H

/* libsodium's randomness, from a seed: all keys, ids and incarnations of a world follow from it.
 * Each event of a plan sets its own seed, so that leaving one out changes no other. */

#include <stdint.h>

/* Before libsodium is first used. */
void dice_install(void);
void dice_seed(uint64_t seed);

#endif
