#include "common/process.h"

#include <errno.h>
#include <string.h>
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

enum status process_bound_memory(uint64_t mib, struct error *err)
{
    struct rlimit bound;
    int code = getrlimit(RLIMIT_DATA, &bound);
    bound.rlim_cur = (rlim_t)mib * 1024 * 1024;
    if (code == 0 && !MUTANT("t13-memory-without-bound"))
        code = setrlimit(RLIMIT_DATA, &bound);
    return code == 0
               ? STATUS_OK
               : error_set(err, STATUS_STORAGE, "cannot bound the memory: %s", strerror(errno));
}
