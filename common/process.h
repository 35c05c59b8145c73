#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H

#include <stdint.h>

#include "common/error.h"

/* Keep what this process holds in memory out of core files, and away from other programs of the
 * same user (no ptrace, /proc/PID belongs to root). Call first of all. */
void process_protect(void);

/* From now on the process gets at most so many MiB of memory of its own (RLIMIT_DATA: what it may
 * write to, 8 MiB for each thread's stack with it, mapped files without). What asks for more fails
 * with STATUS_NO_MEMORY and the rest goes on, instead of the machine. STATUS_STORAGE when the
 * system refuses. */
enum status process_bound_memory(uint64_t mib, struct error *err);

#endif
