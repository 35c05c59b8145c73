/* A scope that came as a snapshot is the one that its log makes: the same rows, heads, conflicts,
 * judgements and keys, then and after whatever comes later, revocations before and behind it
 * included; and in the end, when the log is fetched, there is no difference left. Worlds are made
 * up from seeds; JINQIU_SNAPSHOTS says how many (5). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/pair.h"

#define WORLDS 5
#define STEPS 60

static struct pair pair;

static void start(uint32_t seed)
{
    struct snapshots_made made = {0};
    struct error err = {0};
    pair_start(&pair, seed, STEPS);
    snapshots_make(pair.world.hub.replica, pair.scope, &made);
    snapshots_stage(pair.by_other, &made);
    if (replica_snapshot_place(pair.by_other, pair.scope, &err) != STATUS_OK)
        fail_msg("%s", err.text);
    snapshots_release(&made);
}

static uint32_t worlds_wanted(void)
{
    const char *text = getenv("JINQIU_SNAPSHOTS");
    return text ? (uint32_t)strtoul(text, NULL, 10) : WORLDS;
}

/* ---- stories ---- */

static void rows_and_all_that_merges_with_them_later_are_the_logs(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= worlds_wanted(); seed++) {
        start(seed);
        pair_expect_same(&pair, seed, "taken");
        assert_int_equal(world_faults(pair.by_other), 0);
        for (int round = 0; round < 3; round++) {
            pair_write(&pair, STEPS / 3);
            pair_feed(&pair);
            pair_expect_same(&pair, seed, "later");
        }
        assert_int_equal(world_faults(pair.by_other), 0);
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
        for (int session = 0; session < 2; session++)
            snapshots_feed(pair.world.hub.replica, pair.by_other, false);
        pair_expect_same(&pair, seed, "revoked");
        assert_int_equal(world_faults(pair.by_other), 0);
        pair_end(&pair);
    }
}

static void fetched_later_the_log_proves_the_snapshot(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= worlds_wanted(); seed++) {
        start(seed);
        pair_want_log(&pair);
        pair_write(&pair, STEPS / 3);
        pair_feed(&pair);
        pair_expect_proved(&pair, seed);
        pair_end(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_all_that_merges_with_them_later_are_the_logs),
        cmocka_unit_test(a_revocation_that_comes_later_brings_the_log_and_is_the_same_then),
        cmocka_unit_test(fetched_later_the_log_proves_the_snapshot),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pair_release(&pair);
    return failed;
}
