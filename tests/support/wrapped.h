#ifndef TESTS_SUPPORT_WRAPPED_H
#define TESTS_SUPPORT_WRAPPED_H

/* Calls that can be made to fail, in tests whose calls the linker wraps (`wrap_calls` in
 * tests/CMakeLists.txt), those of static libraries with them. Each asks whether it fails this time;
 * while nobody is asked, it is what it always is. */

#include <stdbool.h>

/* Allocations, of which `from` says where they are. */
extern bool (*wrapped_memory_fails)(const void *from);

/* What the system is asked for a file: to read, or anything that changes what is kept. Gives the
 * errno that it fails with, or 0. */
enum wrapped_use { WRAPPED_READ, WRAPPED_WRITE };
extern int (*wrapped_system_fails)(enum wrapped_use use);

#endif
