#ifndef SERVER_BUILTIN_DEMO_H
#define SERVER_BUILTIN_DEMO_H

/* schema/demo.json as it was when the program was built. */

#include "common/bytes.h"

struct bytes builtin_demo(void);

#endif
