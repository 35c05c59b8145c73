/* Secrets that people give: typed at a terminal that shows nothing of them, in a file, or in the
 * environment, where nothing of them stays. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/keys.h"
#include "common/passphrase.h"

static char path[] = "/tmp/jinqiu-passphrase-XXXXXX";

/* ---- a terminal ---- */

struct typist {
    int keys; /* where they are pressed */
    const char *text;
    int screen_lost; /* errno; an assertion on this thread would end the program without a word */
    ssize_t typed;
};

/* What is typed before the echo is off is thrown away: who types waits for the prompt. */
static void *type(void *context)
{
    struct typist *typist = context;
    struct termios now = {.c_lflag = ECHO};
    do
        if (tcgetattr(STDIN_FILENO, &now) != 0 && errno != EINTR) {
            typist->screen_lost = errno;
            now.c_lflag = 0;
        }
    while (now.c_lflag & ECHO);
    typist->typed = write(typist->keys, typist->text, strlen(typist->text));
    return NULL;
}

static enum status ask(const char *typed, struct passphrase **given, struct error *err)
{
    struct typist typist = {.keys = posix_openpt(O_RDWR | O_NOCTTY), .text = typed};
    struct termios before, after;
    pthread_t thread;
    int was = dup(STDIN_FILENO);
    assert_int_equal(grantpt(typist.keys) | unlockpt(typist.keys), 0);
    int screen = open(ptsname(typist.keys), O_RDWR | O_NOCTTY);
    assert_int_equal(dup2(screen, STDIN_FILENO), STDIN_FILENO);
    assert_true(passphrase_can_ask());
    assert_int_equal(tcgetattr(STDIN_FILENO, &before), 0);
    assert_int_equal(pthread_create(&thread, NULL, type, &typist), 0);
    enum status status = passphrase_ask(given, "", err);
    pthread_join(thread, NULL);
    assert_int_equal(typist.screen_lost, 0);
    assert_int_equal(typist.typed, strlen(typed));
    assert_int_equal(tcgetattr(STDIN_FILENO, &after), 0);
    assert_int_equal(after.c_lflag, before.c_lflag);
    assert_int_equal(dup2(was, STDIN_FILENO), STDIN_FILENO);
    close(was);
    close(screen);
    close(typist.keys);
    return status;
}

static void what_is_typed_is_taken_and_the_echo_comes_back(void **state)
{
    struct passphrase *given;
    (void)state;
    assert_int_equal(ask("示例口令 2026\n", &given, NULL), STATUS_OK);
    assert_string_equal(passphrase_text(given), "示例口令 2026");
    passphrase_free(given);
}

static void nothing_and_too_much_are_refused(void **state)
{
    char much[PASSPHRASE_BYTES_MAX + 3];
    struct passphrase *given;
    struct error err = {0};
    (void)state;
    memset(much, 'a', sizeof much - 2);
    strcpy(much + sizeof much - 2, "\n");
    assert_int_equal(ask("\n", &given, &err), STATUS_BAD_INPUT);
    assert_null(given);
    assert_int_equal(ask(much, &given, &err), STATUS_BAD_INPUT);
    assert_null(given);
}

static void the_interrupt_key_breaks_off_and_not_the_program(void **state)
{
    struct passphrase *given;
    struct error err = {0};
    (void)state;
    assert_int_equal(ask("half\x03", &given, &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "broken off");
    assert_null(given);
}

static void nobody_can_be_asked_without_a_terminal(void **state)
{
    struct passphrase *given;
    struct error err = {0};
    int was = dup(STDIN_FILENO), nothing = open("/dev/null", O_RDONLY);
    (void)state;
    assert_int_equal(dup2(nothing, STDIN_FILENO), STDIN_FILENO);
    assert_false(passphrase_can_ask());
    assert_int_equal(passphrase_ask(&given, "", &err), STATUS_STORAGE);
    assert_null(given);
    assert_int_equal(dup2(was, STDIN_FILENO), STDIN_FILENO);
    close(was);
    close(nothing);
}

/* ---- files and the environment ---- */

static void put_file(const char *text, size_t size)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, size, out), size);
    fclose(out);
}

static void the_first_line_of_a_file_is_taken(void **state)
{
    struct passphrase *given;
    (void)state;
    put_file("示例口令\nmore\n", strlen("示例口令\nmore\n"));
    assert_int_equal(passphrase_from_file(&given, path, NULL), STATUS_OK);
    assert_string_equal(passphrase_text(given), "示例口令");
    passphrase_free(given);
}

static void a_file_without_a_secret_is_refused(void **state)
{
    static char much[SECRET_FILE_BYTES_MAX + 10];
    struct passphrase *given;
    (void)state;
    put_file("\nmore\n", 6);
    assert_int_equal(passphrase_from_file(&given, path, NULL), STATUS_BAD_INPUT);
    put_file("", 0);
    assert_int_equal(passphrase_from_file(&given, path, NULL), STATUS_BAD_INPUT);
    memset(much, 'a', sizeof much);
    put_file(much, sizeof much);
    assert_int_equal(passphrase_from_file(&given, path, NULL), STATUS_BAD_INPUT);
    assert_int_equal(passphrase_from_file(&given, "/tmp/jinqiu-none/at-all", NULL),
                     STATUS_NOT_FOUND);
    assert_null(given);
}

static void a_key_file_has_enough_bytes_and_not_too_many(void **state)
{
    static char much[SECRET_FILE_BYTES_MAX + 10];
    struct passphrase *key;
    (void)state;
    put_file(much, 31);
    assert_int_equal(passphrase_from_key_file(&key, path, NULL), STATUS_BAD_INPUT);
    put_file(much, sizeof much);
    assert_int_equal(passphrase_from_key_file(&key, path, NULL), STATUS_BAD_INPUT);
    put_file(much, 32);
    assert_int_equal(passphrase_from_key_file(&key, path, NULL), STATUS_OK);
    assert_int_equal(passphrase_bytes(key).size, 32);
    passphrase_free(key);
}

static void a_variable_is_wiped_once_it_was_read(void **state)
{
    struct passphrase *given;
    (void)state;
    unsetenv("JINQIU_TEST_SECRET");
    assert_int_equal(passphrase_from_environment(&given, "JINQIU_TEST_SECRET", NULL), STATUS_OK);
    assert_null(given);
    setenv("JINQIU_TEST_SECRET", "示例口令", 1);
    const char *there = getenv("JINQIU_TEST_SECRET");
    assert_int_equal(passphrase_from_environment(&given, "JINQIU_TEST_SECRET", NULL), STATUS_OK);
    assert_string_equal(passphrase_text(given), "示例口令");
    assert_int_equal(there[0], '\0');
    assert_null(getenv("JINQIU_TEST_SECRET"));
    passphrase_free(given);
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(keys_init(NULL), STATUS_OK);
    int file = mkstemp(path);
    close(file);
    return file < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_typed_is_taken_and_the_echo_comes_back),
        cmocka_unit_test(nothing_and_too_much_are_refused),
        cmocka_unit_test(the_interrupt_key_breaks_off_and_not_the_program),
        cmocka_unit_test(nobody_can_be_asked_without_a_terminal),
        cmocka_unit_test(the_first_line_of_a_file_is_taken),
        cmocka_unit_test(a_file_without_a_secret_is_refused),
        cmocka_unit_test(a_key_file_has_enough_bytes_and_not_too_many),
        cmocka_unit_test(a_variable_is_wiped_once_it_was_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
