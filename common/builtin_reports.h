#ifndef COMMON_BUILTIN_REPORTS_H
#define COMMON_BUILTIN_REPORTS_H

/* The files of schema/reports/ as they were when the program was built. */

#include "common/bytes.h"

/* The nth by name, from 0; no bytes past the last. */
struct bytes builtin_reports(size_t index);

#endif
