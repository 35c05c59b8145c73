#include "tests/support/pair.h"

#include <stdio.h>
#include <string.h>

#include "server/revoke.h"
#include "tests/support/must.h"

