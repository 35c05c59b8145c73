#ifndef COMMON_BUILTIN_REPORTS_H
#define COMMON_BUILTIN_REPORTS_H

/* schema/reports.json as it was when the program was built. */

#include "common/bytes.h"

struct bytes builtin_reports(void);

#endif
