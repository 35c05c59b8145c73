/* A place that cleaned up shows what it showed before, and what its log makes: the same rows,
 * heads, conflicts, judgements and keys, then and after whatever comes later, revocations included.
 * What it wrote itself it still has, and when the log is fetched there is no difference left.
 * Worlds are made up from seeds; JINQIU_CLEANINGS says how many (5). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/replica_clean.h"
#include "common/replica_stable.h"
#include "tests/support/pair.h"
#include "tests/support/snapshots.h"

#define WORLDS 5
#define STEPS 60

static struct pair pair;

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

/* Most feeds wholly: pieces of the log go whole or not at all. */
static uint64_t some(uint64_t number)
{
    return chance_below(&pair.chance, 3) == 0 ? chance_below(&pair.chance, (uint32_t)number + 1)
                                              : number;
}

/* As if the hub had said that some beginning of each feed, whatever stands in it, is stable. */
static struct cleaned clean(struct replica *replica, bool all_of_it)
{
    const struct frontier *all = replica_frontier(replica);
    struct frontier stable = {0};
    struct cleaned would, cleaned;
    struct error err = {0};
    uint64_t lineage;
    done(replica_meta_number(replica, META_LINEAGE_SEEN, &lineage, NULL));
    for (size_t i = 0; i < all->count; i++)
        done(frontier_raise(&stable, &all->rows[i].feed,
                            all_of_it ? all->rows[i].number : some(all->rows[i].number), NULL));
    done(replica_begin(replica, NULL));
    done(replica_stable_keep(replica, &stable, lineage, NULL));
    done(replica_commit(replica, NULL));
    done(replica_clean_look(replica, &would, NULL));
    if (replica_clean(replica, &cleaned, &err) != STATUS_OK)
        fail_msg("%s", err.text);
    assert_memory_equal(&would, &cleaned, sizeof would);
    frontier_release(&stable);
    return cleaned;
}

static void expect_sound(uint32_t seed, const char *when)
{
    pair_expect_same(&pair, seed, when);
    assert_int_equal(world_faults(pair.by_other), 0);
}

static uint32_t worlds_wanted(void)
{
    const char *text = getenv("JINQIU_CLEANINGS");
    return text ? (uint32_t)strtoul(text, NULL, 10) : WORLDS;
}

static void start(uint32_t seed)
{
    pair_start(&pair, seed, STEPS);
    snapshots_feed(pair.world.hub.replica, pair.by_other, false);
    assert_true(clean(pair.by_other, true).entries > 0);
    assert_true(replica_log_is_cut(pair.by_other, pair.scope));
    assert_false(replica_rests_on_snapshot(pair.by_other, pair.scope));
}

/* ---- stories ---- */

static void nothing_is_seen_of_it_then_or_later(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= worlds_wanted(); seed++) {
        start(seed);
        expect_sound(seed, "cleaned");
        for (int round = 0; round < 3; round++) {
            pair_write(&pair, STEPS / 3);
            pair_feed(&pair);
            expect_sound(seed, "later");
            clean(pair.by_other, false);
            expect_sound(seed, "cleaned again");
        }
        pair_end(&pair);
    }
}

static void a_revocation_that_comes_later_brings_the_log_and_is_the_same_then(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= worlds_wanted(); seed++) {
        start(seed);
        pair_write(&pair, STEPS / 3);
        pair_revoke(&pair, pair.writers[seed % PAIR_WRITERS], 3);
        pair_feed(&pair);
        for (int session = 0; session < 2; session++) {
            snapshots_feed(pair.world.hub.replica, pair.by_other, false);
            clean(pair.by_other, false);
        }
        snapshots_feed(pair.world.hub.replica, pair.by_other, false);
        expect_sound(seed, "revoked");
        pair_end(&pair);
    }
}

static void fetched_later_the_log_is_whole_again(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= worlds_wanted(); seed++) {
        start(seed);
        pair_want_log(&pair);
        assert_int_equal(clean(pair.by_other, true).scopes, 0); /* it is on its way here */
        pair_write(&pair, STEPS / 3);
        pair_feed(&pair);
        pair_expect_proved(&pair, seed);
        pair_end(&pair);
    }
}

/* A hub that lost everything gets from each writer what it wrote, cleaned up or not. */
static void writers_clean_up_and_keep_what_they_wrote(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= worlds_wanted(); seed++) {
        pair_start(&pair, seed, STEPS);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < PAIR_WRITERS; i++)
                clean(pair.world.clients[pair.writers[i]], false);
            pair_write(&pair, STEPS / 3);
        }
        pair_write(&pair, 0); /* what the others said last */
        for (int i = 0; i < PAIR_WRITERS; i++) {
            struct replica *writer = pair.world.clients[pair.writers[i]];
            bool revoked = i == 1 && seed % 3 == 1; /* it gets nothing any more */
            const struct frontier *all = replica_frontier(writer);
            struct frontier known = {0};
            for (size_t f = 0; f < all->count; f++)
                if (SCOPE_IS_REGISTRY(all->rows[f].feed.scope))
                    done(frontier_raise(&known, &all->rows[f].feed, all->rows[f].number, NULL));
            assert_true(pair_gives_own(writer, &known));
            frontier_release(&known);
            assert_int_equal(world_faults(writer), 0);
            if (!revoked && !world_agree(pair.world.hub.replica, writer))
                fail_msg("seed %u: a writer that cleaned up differs from the hub", seed);
        }
        pair_end(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_seen_of_it_then_or_later),
        cmocka_unit_test(a_revocation_that_comes_later_brings_the_log_and_is_the_same_then),
        cmocka_unit_test(fetched_later_the_log_is_whole_again),
        cmocka_unit_test(writers_clean_up_and_keep_what_they_wrote),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_release(&pair);
    return failed;
}
