#ifndef COMMON_MUTANT_H
#define COMMON_MUTANT_H

/* Faults put in on purpose, to see whether the tests notice (tests/mutants, docs/mutants.md).
 *
 * Only a build with -DJINQIU_MUTANTS=ON has them, and there the environment variable JINQIU_MUTANT
 * names the one that lives. In every other build MUTANT is constant and costs nothing. */

#include <stdbool.h>

#ifdef JINQIU_MUTANTS
bool mutant_lives(const char *name);
#define MUTANT(name) mutant_lives(name)
#else
#define MUTANT(name) false
#endif

#endif
