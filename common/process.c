#include "common/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/mutant.h"

void process_protect(void)
{
    static const struct rlimit none = {0, 0};
    if (MUTANT("t31-core-is-written"))
        return;
    /* Both can only fail where the system knows neither; there is nothing better to do then. */
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
