/* The six digits on both screens: alike on the two, and others for anybody who stands between. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "client/admit.h"

static void the_digits_follow_from_code_and_key(void **state)
{
    (void)state;
    uint8_t token[INVITATION_TOKEN_BYTES] = {1}, key[PUBLIC_KEY_BYTES] = {2};
    char digits[ADMIT_DIGITS], again[ADMIT_DIGITS], other[ADMIT_DIGITS];
    size_t same = 0;
    admit_digits(token, key, digits);
    admit_digits(token, key, again);
    assert_string_equal(digits, again);
    assert_int_equal(strspn(digits, "0123456789 "), strlen(digits));
    for (uint8_t i = 1; i <= 100; i++) {
        key[31] = i;
        admit_digits(token, key, other);
        same += strcmp(digits, other) == 0;
        key[31] = 0;
        token[15] = i;
        admit_digits(token, key, other);
        same += strcmp(digits, other) == 0;
        token[15] = 0;
    }
    assert_true(same <= 2); /* one in a million each */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_digits_follow_from_code_and_key)};
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
