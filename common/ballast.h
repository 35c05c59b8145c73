#ifndef COMMON_BALLAST_H
#define COMMON_BALLAST_H

/* A file that holds nothing but room: while the disk has space, some of it is kept for the day when
 * it hasn't.
 *
 * When a write finds the disk full, the file is dropped, so that what was saved can be brought
 * into the database and read. Until there is room for the file again nothing new is saved. Whoever
 * has no need of it (tests, a small machine) sets JINQIU_BALLAST to another number of MiB than 16;
 * 0 is none. */

#include <stdbool.h>

#include "common/error.h"

/* Makes the file, unless it is there. STATUS_DISK_FULL with a sentence for people. */
enum status ballast_hold(const char *path, struct error *err);
/* Gives its room back; false when there was none to give. */
bool ballast_drop(const char *path);
/* Is some wanted and not there? */
bool ballast_missing(const char *path);

#endif
