#ifndef SERVER_BUILTIN_SCHEMA_H
#define SERVER_BUILTIN_SCHEMA_H

/* schema/jinqiu.json as it was when the program was built. */

#include "common/bytes.h"

struct bytes builtin_schema(void);

#endif
