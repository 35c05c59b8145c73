/* Guessing gets slower, and only the right secret makes it quick again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/tries.h"

static void test_the_first_wrong_tries_cost_no_wait(void **state)
{
    struct tries tries = {0};
    (void)state;
    for (int n = 1; n < TRIES_FREE; n++) {
        tries_wrong(&tries, 1000);
        assert_int_equal(tries_wait_ms(&tries, 1000), 0);
    }
}

static void test_each_further_one_doubles_the_wait_up_to_a_bound(void **state)
{
    struct tries tries = {0};
    uint64_t now_ms = 1000, expected_ms = TRIES_WAIT_MS;
    (void)state;
    for (int n = 1; n < TRIES_FREE; n++)
        tries_wrong(&tries, now_ms);
    for (int n = 0; n < 100; n++) {
        tries_wrong(&tries, now_ms);
        assert_int_equal(tries_wait_ms(&tries, now_ms), expected_ms);
        assert_int_equal(tries_wait_ms(&tries, now_ms + expected_ms - 1), 1);
        now_ms += expected_ms;
        assert_int_equal(tries_wait_ms(&tries, now_ms), 0);
        expected_ms = expected_ms * 2 < TRIES_WAIT_MOST_MS ? expected_ms * 2 : TRIES_WAIT_MOST_MS;
    }
    assert_int_equal(expected_ms, TRIES_WAIT_MOST_MS);
}

static void test_the_right_one_makes_a_new_beginning(void **state)
{
    struct tries tries = {0};
    (void)state;
    for (int n = 0; n < 2 * TRIES_FREE; n++)
        tries_wrong(&tries, 1000);
    tries_right(&tries);
    assert_int_equal(tries_wait_ms(&tries, 1000), 0);
    tries_wrong(&tries, 1000);
    assert_int_equal(tries_wait_ms(&tries, 1000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_wrong_tries_cost_no_wait),
        cmocka_unit_test(test_each_further_one_doubles_the_wait_up_to_a_bound),
        cmocka_unit_test(test_the_right_one_makes_a_new_beginning)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
