#ifndef TESTS_SUPPORT_PAIR_H
#define TESTS_SUPPORT_PAIR_H

/* A world made up from a seed, whose branch is written in at random, and two replicas of one device
 * that read it: one by its log, the other by the way that a test is about. Failures abort. */

#include "tests/support/snapshots.h"

#define PAIR_WRITERS 3

struct pair {
    struct world world;
    struct chance chance;
    size_t writers[PAIR_WRITERS];
    uint32_t org, scope;
    struct replica *by_log, *by_other; /* in memory; the other has the registry alone at first */
    struct buffer log_shows, other_shows;
};

/* Every third world has a revocation already. */
void pair_start(struct pair *pair, uint32_t seed, int steps);
void pair_end(struct pair *pair);
void pair_release(struct pair *pair); /* when all worlds are over */
/* The writers save and synchronise at random, and in the end all synchronise. */
void pair_write(struct pair *pair, int steps);
void pair_revoke(struct pair *pair, size_t client, uint64_t last_good);
/* Both readers get what they lack of the hub's. */
void pair_feed(struct pair *pair);
/* Do both show the same, and do their digests? */
void pair_expect_same(struct pair *pair, uint32_t seed, const char *when);
/* The other one asks for the whole log. */
void pair_want_log(struct pair *pair);
/* The log that came proves the other one right, and it is the same when folded anew. */
void pair_expect_proved(struct pair *pair, uint32_t seed);
/* Would the replica give every entry that it wrote to somebody who holds `known`? */
bool pair_gives_own(struct replica *replica, const struct frontier *known);

#endif
