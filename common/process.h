#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H

/* Keep what this process holds in memory out of core files, and away from other programs of the
 * same user (no ptrace, /proc/PID belongs to root). Call first of all. */
void process_protect(void);

#endif
