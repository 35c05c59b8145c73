/* The sentence of a fault: set, wrapped, cut, translated. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/bytes.h"
#include "common/error.h"
#include "common/messages.h"

static void every_status_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < STATUS_COUNT; i++) {
        assert_string_not_equal(status_name((enum status)i), "?");
        for (int j = 0; j < i; j++)
            assert_string_not_equal(status_name((enum status)i), status_name((enum status)j));
    }
    assert_string_equal(status_name(STATUS_OK), "ok");
    assert_string_equal(status_name(STATUS_UNSUPPORTED), "not there yet");
    assert_string_equal(status_name(STATUS_COUNT), "?");
}

static void a_fault_gives_back_its_status_and_says_what_failed(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set(&err, STATUS_STORAGE, "cannot open '%s'", "a.db"), STATUS_STORAGE);
    assert_int_equal(err.status, STATUS_STORAGE);
    assert_string_equal(err.text, "cannot open 'a.db'");
    error_clear(&err);
    assert_int_equal(err.status, STATUS_OK);
    assert_string_equal(err.text, "");
}

static void wrapping_puts_the_context_in_front_and_keeps_the_status(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, STATUS_DISK_FULL, "no space left");
    assert_int_equal(error_wrap(&err, "cannot save '%s'", "visit"), STATUS_DISK_FULL);
    assert_int_equal(error_wrap(&err, "line %d", 3), STATUS_DISK_FULL);
    assert_string_equal(err.text, "line 3: cannot save 'visit': no space left");
}

static void nobody_needs_to_listen(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, STATUS_GAP, "number %d", 1), STATUS_GAP);
    assert_int_not_equal(error_wrap(NULL, "x"), STATUS_OK);
    error_clear(NULL);
}

static void the_old_sentence_may_be_part_of_the_new(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, STATUS_BAD_INPUT, "first");
    error_set(&err, STATUS_BAD_INPUT, "second after '%s'", err.text);
    assert_string_equal(err.text, "second after 'first'");
    error_wrap(&err, "'%s'", err.text);
    assert_string_equal(err.text, "'second after 'first'': second after 'first'");
}

/* `lead` ASCII letters, then characters of `size` bytes until it is too long. */
static void expect_cut_at_a_border(size_t lead, const char *character)
{
    char long_text[4 * ERROR_TEXT_MAX];
    size_t size = strlen(character), at = lead;
    struct error err = {0};
    memset(long_text, 'a', lead);
    for (; at + size < sizeof long_text; at += size)
        memcpy(long_text + at, character, size);
    long_text[at] = '\0';
    size_t whole = lead + (ERROR_TEXT_MAX - 1 - lead) / size * size;
    error_set(&err, STATUS_TOO_LARGE, "%s", long_text);
    assert_int_equal(strlen(err.text), whole);
    assert_true(utf8_valid(bytes_text(err.text)));
    error_set(&err, STATUS_TOO_LARGE, "x");
    error_wrap(&err, "%s", long_text);
    assert_int_equal(strlen(err.text), whole);
    assert_true(utf8_valid(bytes_text(err.text)));
    long_text[whole] = '\0'; /* one that just fits, or nearly, stays whole */
    error_set(&err, STATUS_TOO_LARGE, "%s", long_text);
    assert_string_equal(err.text, long_text);
}

static void a_long_sentence_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t lead = 0; lead < 8; lead++) {
        expect_cut_at_a_border(lead, "a");
        expect_cut_at_a_border(lead, "é");
        expect_cut_at_a_border(lead, "中");
        expect_cut_at_a_border(lead, "😀");
    }
}

static void a_sentence_speaks_the_process_s_language(void **state)
{
    (void)state;
    struct error err = {0};
    language_set(LANGUAGE_ZH);
    error_set(&err, STATUS_NO_MEMORY, "out of memory");
    assert_string_equal(err.text, messages_find_chinese("out of memory"));
    error_wrap(&err, "no such sentence %d", 7);
    language_set(LANGUAGE_EN);
    assert_non_null(strstr(err.text, "no such sentence 7："));
    error_set(&err, STATUS_NO_MEMORY, "out of memory");
    assert_string_equal(err.text, "out of memory");
}

static void english_is_chosen_by_name_and_chinese_is_the_rest(void **state)
{
    (void)state;
    assert_int_equal(language_from_name("en"), LANGUAGE_EN);
    assert_int_equal(language_from_name("en_US.UTF-8"), LANGUAGE_EN);
    assert_int_equal(language_from_name("EN"), LANGUAGE_EN);
    assert_int_equal(language_from_name("zh_CN.UTF-8"), LANGUAGE_ZH);
    assert_int_equal(language_from_name("C"), LANGUAGE_ZH);
    assert_int_equal(language_from_name(""), LANGUAGE_ZH);
    assert_int_equal(language_from_name(NULL), LANGUAGE_ZH);
}

static enum status fails_when(bool failing, int *reached)
{
    TRY(failing ? STATUS_BUSY : STATUS_OK);
    ++*reached;
    return STATUS_OK;
}

static void try_returns_what_failed_and_goes_on_otherwise(void **state)
{
    (void)state;
    int reached = 0;
    assert_int_equal(fails_when(true, &reached), STATUS_BUSY);
    assert_int_equal(reached, 0);
    assert_int_equal(fails_when(false, &reached), STATUS_OK);
    assert_int_equal(reached, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_of_its_own),
        cmocka_unit_test(a_fault_gives_back_its_status_and_says_what_failed),
        cmocka_unit_test(wrapping_puts_the_context_in_front_and_keeps_the_status),
        cmocka_unit_test(nobody_needs_to_listen),
        cmocka_unit_test(the_old_sentence_may_be_part_of_the_new),
        cmocka_unit_test(a_long_sentence_is_cut_between_characters),
        cmocka_unit_test(a_sentence_speaks_the_process_s_language),
        cmocka_unit_test(english_is_chosen_by_name_and_chinese_is_the_rest),
        cmocka_unit_test(try_returns_what_failed_and_goes_on_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
