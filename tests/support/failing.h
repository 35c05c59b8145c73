#ifndef TESTS_SUPPORT_FAILING_H
#define TESTS_SUPPORT_FAILING_H

/* Failures put in on purpose: an allocation, a call of SQLite's, a call of the system's.
 *
 * An act is played once without a failure, to learn its *places*: each way through the code, as the
 * chain of return addresses says, by which one of these calls is reached. Then it is played again
 * for each place, and there the first call fails, once. So every branch that hands a failure on is
 * taken by somebody: with JINQIU_FAILURES in the environment. Without it a sample of the places is
 * tried, spread evenly over those whose innermost frames no earlier act of the program had: all
 * commands open a file, and that needs to fail in one of them.
 *
 * The linker wraps the calls (tests/support/wrapped.h). What SQLite itself allocates isn't counted:
 * test_failing_allocations does that. A statement that fails reports it by every way that SQLite
 * has, and has done nothing. ROLLBACK doesn't fail.
 * Not thread-safe; one act at a time. */

#include <stdbool.h>

#include "common/error.h"

enum failing_kind { FAILING_MEMORY, FAILING_SQL, FAILING_SYSTEM, FAILING_KINDS };

struct failing_act {
    const char *name;
    /* Puts everything as it was before the act, or NULL. */
    void (*prepare)(void *context);
    enum status (*play)(void *context, struct error *err);
    /* What must hold after it, done or not: `status` and *err are what the play gave. */
    void (*look)(void *context, enum status status, const struct error *err);
    void *context;
    unsigned tries; /* of each kind, without JINQIU_FAILURES; 0: 3 */
};

/* Plays the act with each kind of failure. A failure that isn't told, or told without a sentence
 * (STATUS_NO_MEMORY needs none), fails the test; so does an act that fails without need. */
void failing_play(const struct failing_act *act);

/* Say on stderr where the last failure was, for a look that finds something wrong. */
void failing_tell(void);

#endif
