/* The second factor. Vectors: RFC 6238, appendix B, SHA256, of which six digits count. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/keys.h"
#include "server/totp.h"

static const uint8_t secret[TOTP_SECRET_BYTES + 1] = "12345678901234567890123456789012";

static void the_digits_are_those_of_the_rfc(void **state)
{
    static const struct {
        uint64_t seconds;
        uint32_t digits;
    } vectors[] = {{59, 119246},         {1111111109, 84774},  {1111111111, 62674},
                   {1234567890, 819424}, {2000000000, 698825}, {20000000000, 737706}};
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        assert_int_equal(totp_digits(secret, vectors[i].seconds / TOTP_STEP_S), vectors[i].digits);
}

static void digits_fit_one_step_around_now_and_no_further(void **state)
{
    uint64_t step;
    (void)state;
    for (int64_t away = -2; away <= 2; away++) {
        int64_t now_ms = (1111111111 + away * TOTP_STEP_S) * 1000;
        bool near = away >= -1 && away <= 1;
        assert_int_equal(totp_fits(secret, "062674", now_ms, &step), near);
        if (near)
            assert_int_equal(step, 1111111111 / TOTP_STEP_S);
    }
}

static void what_is_not_six_digits_never_fits(void **state)
{
    static const char *const texts[] = {"", "11924", "1192466", "11924x", "+19246", " 19246"};
    uint64_t step;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_false(totp_fits(secret, texts[i], 59000, &step));
}

static void the_link_names_secret_and_algorithm(void **state)
{
    char link[TOTP_LINK_BYTES];
    (void)state;
    totp_link(secret, "a b", link);
    assert_string_equal(link, "otpauth://totp/jinqiu:%61%20%62?secret="
                              "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"
                              "&issuer=jinqiu&algorithm=SHA256&digits=6&period=30");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digits_are_those_of_the_rfc),
        cmocka_unit_test(digits_fit_one_step_around_now_and_no_further),
        cmocka_unit_test(what_is_not_six_digits_never_fits),
        cmocka_unit_test(the_link_names_secret_and_algorithm),
    };
    keys_init(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
