/* Sessions of the console, and how often passwords may be guessed: in virtual time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/keys.h"
#include "server/console_session.h"
#include "server/guesses.h"

static struct console_sessions sessions;
static struct guesses guesses;
static const struct account account = {.name = "wang", .role = ROLE_BUREAU, .version = 7};

static int begin(void **state)
{
    (void)state;
    sessions = (struct console_sessions){0};
    guesses_init(&guesses);
    return 0;
}

/* It lives, and a person uses it. */
static void use(const char *token, uint64_t now_ms)
{
    struct console_session *session = console_session_find(&sessions, token, now_ms);
    assert_non_null(session);
    console_session_touch(session, now_ms);
}

static void a_token_names_its_session_and_no_other_text_does(void **state)
{
    char token[CONSOLE_TOKEN_BYTES], other[CONSOLE_TOKEN_BYTES];
    (void)state;
    console_session_begin(&sessions, &account, 0, token);
    console_session_begin(&sessions, &account, 0, other);
    assert_int_equal(strlen(token), 64);
    assert_string_not_equal(token, other);
    assert_string_equal(console_session_find(&sessions, token, 1)->name, "wang");
    token[0] = token[0] == 'a' ? 'b' : 'a';
    assert_null(console_session_find(&sessions, token, 1));
    assert_null(console_session_find(&sessions, "", 1));
    assert_int_equal(console_session_count(&sessions, 1), 2);
}

static void it_ends_when_nobody_uses_it(void **state)
{
    char token[CONSOLE_TOKEN_BYTES];
    (void)state;
    console_session_begin(&sessions, &account, 0, token);
    use(token, CONSOLE_IDLE_MS - 1);
    use(token, 2 * CONSOLE_IDLE_MS - 2);
    assert_non_null(console_session_find(&sessions, token, 3 * CONSOLE_IDLE_MS - 3)); /* no use */
    assert_null(console_session_find(&sessions, token, 3 * CONSOLE_IDLE_MS - 2));
    assert_int_equal(console_session_count(&sessions, 3 * CONSOLE_IDLE_MS), 0);
}

static void it_ends_at_its_age_however_busy(void **state)
{
    char token[CONSOLE_TOKEN_BYTES];
    uint64_t at = 0;
    (void)state;
    console_session_begin(&sessions, &account, 0, token);
    for (; at < CONSOLE_LIFE_MS; at += CONSOLE_IDLE_MS / 2)
        use(token, at);
    assert_null(console_session_find(&sessions, token, at));
}

static void a_changed_account_ends_all_of_its_sessions(void **state)
{
    struct account other = {.name = "li", .role = ROLE_AUDITOR, .version = 8};
    char token[CONSOLE_TOKEN_BYTES], kept[CONSOLE_TOKEN_BYTES];
    (void)state;
    console_session_begin(&sessions, &account, 0, token);
    console_session_begin(&sessions, &other, 0, kept);
    console_session_end_version(&sessions, account.version);
    assert_null(console_session_find(&sessions, token, 1));
    assert_non_null(console_session_find(&sessions, kept, 1));
}

static void when_there_is_no_room_the_quietest_goes(void **state)
{
    char first[CONSOLE_TOKEN_BYTES], second[CONSOLE_TOKEN_BYTES], token[CONSOLE_TOKEN_BYTES];
    (void)state;
    console_session_begin(&sessions, &account, 0, first);
    console_session_begin(&sessions, &account, 1, second);
    for (size_t i = 2; i < CONSOLE_SESSIONS_MAX; i++)
        console_session_begin(&sessions, &account, i, token);
    use(first, 500);
    console_session_begin(&sessions, &account, 501, token);
    assert_non_null(console_session_find(&sessions, first, 502));
    assert_null(console_session_find(&sessions, second, 502));
}

static void wrong_guesses_cost_ever_longer_waits_and_a_right_one_ends_them(void **state)
{
    uint64_t now = 1;
    (void)state;
    for (unsigned i = 0; i < TRIES_FREE; i++) {
        assert_int_equal(guesses_wait_ms(&guesses, "wang", now), 0);
        guesses_wrong(&guesses, "wang", now);
    }
    assert_int_equal(guesses_wait_ms(&guesses, "wang", now), TRIES_WAIT_MS);
    now += TRIES_WAIT_MS;
    guesses_wrong(&guesses, "wang", now);
    assert_int_equal(guesses_wait_ms(&guesses, "wang", now), 2 * TRIES_WAIT_MS);
    guesses_right(&guesses, "wang");
    assert_int_equal(guesses_wait_ms(&guesses, "wang", now), 0);
}

static void old_guesses_are_forgotten(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50; i++)
        guesses_wrong(&guesses, "wang", 1);
    assert_true(guesses_wait_ms(&guesses, "wang", 2) > 0);
    assert_int_equal(guesses_wait_ms(&guesses, "wang", 1 + GUESSES_FORGET_MS), 0);
    guesses_wrong(&guesses, "wang", 2 + GUESSES_FORGET_MS);
    assert_int_equal(guesses_wait_ms(&guesses, "wang", 3 + GUESSES_FORGET_MS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_token_names_its_session_and_no_other_text_does, begin),
        cmocka_unit_test_setup(it_ends_when_nobody_uses_it, begin),
        cmocka_unit_test_setup(it_ends_at_its_age_however_busy, begin),
        cmocka_unit_test_setup(a_changed_account_ends_all_of_its_sessions, begin),
        cmocka_unit_test_setup(when_there_is_no_room_the_quietest_goes, begin),
        cmocka_unit_test_setup(wrong_guesses_cost_ever_longer_waits_and_a_right_one_ends_them,
                               begin),
        cmocka_unit_test_setup(old_guesses_are_forgotten, begin),
    };
    keys_init(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
