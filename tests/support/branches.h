#ifndef TESTS_SUPPORT_BRANCHES_H
#define TESTS_SUPPORT_BRANCHES_H

/* Three branches and a hub that moves members between them, for the tests of transfers. One world
 * at a time; what can't be done fails the test. */

#include "tests/support/world.h"

#define KIN "示例家属 000"

extern struct world branches;
extern size_t old_desk, old_phone, new_desk, far_desk; /* devices of the three */

int branches_set_up(void **state);
int branches_tear_down(void **state);
struct replica *branch(size_t client);

/* The hub looks at what asks to be moved; entries written. */
uint64_t branches_run(void);
/* A session with the hub, which then looks. */
void branches_sync(size_t client);
void branches_sync_all(void);
/* All have met, and every file verifies. */
void branches_hold(void);

/* A member of the first branch; one that was moved to the second. */
struct id member_new(void);
struct id member_moved(void);
/* A letter for `person`, offered by whom `replica` belongs to; its next step. */
struct id letter_offer(struct replica *replica, const struct id *person, uint32_t org);
void letter_step(struct replica *replica, const struct id *letter, const char *state);
/* The letter to the second branch for a member of the first, offered and accepted; only these two
 * desks have met the hub. */
struct id letter_accepted(const struct id *person);

/* Where the row went, as `replica` holds it in a branch's scope: "gone to 2", or "here". */
const char *branches_went(struct replica *replica, uint32_t number, const struct id *id);
/* A field, "gone", "deleted" or "absent": what a replica shows of a person. */
const char *branches_show(struct replica *replica, const struct id *id, const char *field);
/* How many conflicts it lists. */
size_t branches_conflicts(struct replica *replica);

#endif
