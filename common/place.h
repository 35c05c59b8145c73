#ifndef COMMON_PLACE_H
#define COMMON_PLACE_H

/* Where the replica of a folder lies and what opens it: what the programs' `place` fills. */

#include "common/cli.h"
#include "common/replica.h"

struct place {
    struct replica_options options; /* their texts are those below */
    char path[CLI_PATH_MAX], ballast[CLI_PATH_MAX];
};

#endif
