#ifndef TESTS_SUPPORT_CRASH_DISK_H
#define TESTS_SUPPORT_CRASH_DISK_H

/* A disk in memory that SQLite writes to and that can lose its power at any call.
 *
 * What was written lasts only after a sync. At a cut each sector that wasn't synced keeps its new
 * content, its old one, or is torn in the middle, by chance; a torn sector may spoil its rest, as
 * cheap flash does. A size that wasn't synced is the old or the new one. Registered as SQLite's
 * default VFS, below the page ciphers. One connection at a time. */

#include <stdbool.h>
#include <stdint.h>

/* Call once, before anything opens a database. */
void crash_disk_install(void);
/* All files gone. */
void crash_disk_clear(void);
/* The power goes at the call that is so many calls ahead; from then on every call fails. */
void crash_disk_arm(unsigned calls);
bool crash_disk_is_off(void);
/* Calls that write or sync, so far. */
unsigned long crash_disk_calls(void);
/* Power on again: what is left of the files. The same seed leaves the same. */
void crash_disk_restore(uint64_t seed, bool flash);
/* Is this text in any file, as the platter has it? */
bool crash_disk_holds(const char *text);
/* The disk is full from the write that is so many writes ahead on, for so many writes. */
void crash_disk_fill(unsigned ahead, unsigned hits);
/* How many writes were refused since then. */
unsigned crash_disk_refused(void);
/* Syncs that only pretend: to see the tests fail. */
void crash_disk_lie(bool lying);

#endif
