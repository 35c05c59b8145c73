/* Sentences that were kept in English are told in the reader's language, with what they name. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/bytes.h"
#include "common/error.h"
#include "common/messages.h"
#include "common/retell.h"

static void told_as(const char *sentence, const char *wanted)
{
    char told[ERROR_TEXT_MAX];
    retell(sentence, told, sizeof told);
    assert_string_equal(told, wanted);
}

static int in_chinese(void **state)
{
    (void)state;
    language_set(LANGUAGE_ZH);
    return 0;
}

static int in_english(void **state)
{
    (void)state;
    language_set(LANGUAGE_EN);
    return 0;
}

/* Any format of the catalogue, with an argument for each conversion, comes out as error_set would
 * have told it. */
static void a_sentence_is_recognised_by_its_format(void **state)
{
    struct error english = {0}, chinese = {0};
    (void)state;
    language_set(LANGUAGE_EN);
    error_set(&english, STATUS_DENIED, "device %u was revoked before it wrote this", 132u);
    language_set(LANGUAGE_ZH);
    error_set(&chinese, STATUS_DENIED, "device %u was revoked before it wrote this", 132u);
    assert_string_not_equal(english.text, chinese.text);
    told_as(english.text, chinese.text);
    language_set(LANGUAGE_EN);
    error_set(&english, STATUS_DENIED, "this role may not write field '%s' of '%s'", "phone",
              "person");
    language_set(LANGUAGE_ZH);
    error_set(&chinese, STATUS_DENIED, "this role may not write field '%s' of '%s'", "phone",
              "person");
    told_as(english.text, chinese.text);
}

static void what_no_format_fits_stays_as_it_is(void **state)
{
    (void)state;
    told_as("", "");
    told_as("nobody ever said this", "nobody ever said this");
    told_as("本条目不算", "本条目不算");
    told_as("device 132 was revoked before it wrote this, and more",
            "device 132 was revoked before it wrote this, and more");
}

static void in_english_it_stays_too(void **state)
{
    (void)state;
    told_as("device 132 was revoked before it wrote this",
            "device 132 was revoked before it wrote this");
}

/* With room for so many bytes: never more, and never half a character. */
static void what_has_no_room_is_cut_at_a_character(void **state)
{
    char told[64];
    (void)state;
    for (size_t size = 1; size <= sizeof told; size++) {
        memset(told, 'x', sizeof told);
        retell("device 132 was revoked before it wrote this", told, size);
        assert_true(strlen(told) < size);
        assert_true(utf8_valid(bytes_text(told)));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sentence_is_recognised_by_its_format, in_chinese,
                                        in_english),
        cmocka_unit_test_setup_teardown(what_no_format_fits_stays_as_it_is, in_chinese, in_english),
        cmocka_unit_test_setup(in_english_it_stays_too, in_english),
        cmocka_unit_test_setup_teardown(what_has_no_room_is_cut_at_a_character, in_chinese,
                                        in_english),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
