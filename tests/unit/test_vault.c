/* The keys of a folder: what opens it, what doesn't, and that no two programs make them at once. */

#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/vault.h"

static char folder[] = "/tmp/jinqiu-vault-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[80];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void clear(void)
{
    static const char *const names[] = {"slots.a", "slots.b", "slots.a.new", "slots.b.new", "db"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(path_of(names[i]));
}

static struct key_secret passphrase(const char *text)
{
    return (struct key_secret){
        .kind = KEYSLOT_PASSPHRASE, .bytes = bytes_text(text), .cost = {1, 8}};
}

static struct vault *create(const char *text)
{
    struct vault *vault;
    struct vault_place place = {folder, "db"};
    struct key_secret secret = passphrase(text);
    clear();
    assert_int_equal(vault_create(&vault, &place, PAGE_CIPHER_AEGIS_256, &secret, NULL), STATUS_OK);
    vault_let_go(vault);
    return vault;
}

static enum status open_with(const char *text, struct page_key *key)
{
    struct vault *vault;
    struct key_secret secret = passphrase(text);
    TRY(vault_load(&vault, folder, NULL));
    enum status status = vault_unlock(vault, &secret, NULL);
    if (status == STATUS_OK && key)
        *key = *vault_page_key(vault);
    vault_free(vault);
    return status;
}

static void change_byte(const char *name, long at)
{
    FILE *file = fopen(path_of(name), "r+b");
    fseek(file, at, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 1, file);
    fclose(file);
}

static void test_the_passphrase_gives_the_same_keys_again(void **state)
{
    (void)state;
    struct page_key key;
    uint8_t seeds[VAULT_KEY_BYTES];
    struct vault *vault = create("a passphrase");
    assert_int_equal(open_with("a passphrase", &key), STATUS_OK);
    assert_memory_equal(key.bytes, vault_page_key(vault)->bytes, sizeof key.bytes);
    vault_derive(vault, VAULT_SEEDS, seeds);
    assert_memory_not_equal(key.bytes, seeds, sizeof seeds);
    vault_free(vault);
}

static void test_a_wrong_passphrase_is_told_from_damage_and_absence(void **state)
{
    (void)state;
    vault_free(create("a passphrase"));
    assert_int_equal(open_with("another one", NULL), STATUS_DENIED);
    change_byte("slots.a", 60);
    assert_int_equal(open_with("a passphrase", NULL), STATUS_OK);
    change_byte("slots.a", 61);
    change_byte("slots.b", 62);
    assert_int_equal(open_with("a passphrase", NULL), STATUS_BAD_INPUT);
    clear();
    assert_int_equal(open_with("a passphrase", NULL), STATUS_NOT_FOUND);
}

static void test_a_damaged_copy_is_mended_by_the_next_who_opens(void **state)
{
    (void)state;
    vault_free(create("a passphrase"));
    change_byte("slots.b", 60);
    assert_int_equal(open_with("a passphrase", NULL), STATUS_OK);
    unlink(path_of("slots.a"));
    assert_int_equal(open_with("a passphrase", NULL), STATUS_OK);
    assert_int_equal(access(path_of("slots.a"), F_OK), 0);
}

static void test_nobody_else_may_read_the_slots(void **state)
{
    (void)state;
    struct stat found;
    mode_t before = umask(0);
    vault_free(create("a passphrase"));
    umask(before);
    assert_int_equal(stat(path_of("slots.a"), &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

static void test_changing_the_passphrase_keeps_the_keys(void **state)
{
    (void)state;
    struct page_key before, after;
    struct vault *vault = create("the old one");
    struct key_secret secret = passphrase("the new one");
    before = *vault_page_key(vault);
    assert_int_equal(vault_set(vault, &secret, NULL), STATUS_OK);
    vault_free(vault);
    assert_int_equal(open_with("the old one", NULL), STATUS_DENIED);
    assert_int_equal(open_with("the new one", &after), STATUS_OK);
    assert_memory_equal(before.bytes, after.bytes, sizeof before.bytes);
    /* Neither copy knows the old one any more. */
    unlink(path_of("slots.a"));
    assert_int_equal(open_with("the old one", NULL), STATUS_DENIED);
    unlink(path_of("slots.b"));
    assert_int_equal(open_with("the new one", NULL), STATUS_OK);
}

static void test_changes_of_two_programs_both_stay(void **state)
{
    (void)state;
    struct vault *one = create("a passphrase"), *two;
    struct key_secret secret = passphrase("a passphrase"), code = {.kind = KEYSLOT_RECOVERY};
    code.bytes = bytes_text("fifteen bytes..");
    assert_int_equal(vault_load(&two, folder, NULL), STATUS_OK);
    assert_int_equal(vault_unlock(two, &secret, NULL), STATUS_OK);
    assert_int_equal(vault_set(one, &code, NULL), STATUS_OK);
    secret = passphrase("another one");
    assert_int_equal(vault_set(two, &secret, NULL), STATUS_OK);
    vault_free(one);
    vault_free(two);
    assert_int_equal(vault_load(&one, folder, NULL), STATUS_OK);
    assert_int_equal(vault_slots(one)->count, 2);
    assert_int_equal(vault_unlock(one, &code, NULL), STATUS_OK);
    assert_int_equal(vault_unlock(one, &secret, NULL), STATUS_OK);
    vault_free(one);
}

static void test_slots_of_a_database_are_never_replaced(void **state)
{
    (void)state;
    struct vault *again;
    struct vault_place place = {folder, "db"};
    struct key_secret secret = passphrase("another one");
    vault_free(create("a passphrase"));
    fclose(fopen(path_of("db"), "w"));
    assert_int_equal(vault_create(&again, &place, PAGE_CIPHER_AEGIS_256, &secret, NULL),
                     STATUS_EXISTS);
    assert_null(again);
    assert_int_equal(open_with("a passphrase", NULL), STATUS_OK);
    /* Without a database they opened nothing: a join that was cut off begins anew. */
    unlink(path_of("db"));
    assert_int_equal(vault_create(&again, &place, PAGE_CIPHER_AEGIS_256, &secret, NULL), STATUS_OK);
    vault_free(again);
    assert_int_equal(open_with("another one", NULL), STATUS_OK);
}

static void test_the_folder_is_locked_until_the_database_is_there(void **state)
{
    (void)state;
    struct vault *vault;
    struct vault_place place = {folder, "db"};
    struct key_secret secret = passphrase("a passphrase");
    clear();
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(vault_create(&vault, &place, PAGE_CIPHER_AEGIS_256, &secret, NULL), STATUS_OK);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
    vault_let_go(vault);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    close(fd);
    vault_free(vault);
}

static void test_erased_slots_open_no_more(void **state)
{
    (void)state;
    struct vault *vault;
    vault_free(create("a passphrase"));
    assert_int_equal(vault_erase(folder, NULL), STATUS_OK);
    assert_int_equal(vault_load(&vault, folder, NULL), STATUS_OK);
    assert_int_equal(vault_slots(vault)->count, 0);
    vault_free(vault);
    assert_int_equal(open_with("a passphrase", NULL), STATUS_NOT_FOUND);
    unlink(path_of("slots.a"));
    assert_int_equal(open_with("a passphrase", NULL), STATUS_NOT_FOUND);
    clear();
    assert_int_equal(vault_erase(folder, NULL), STATUS_NOT_FOUND);
}

static void test_slots_may_travel_with_a_copy(void **state)
{
    (void)state;
    struct vault *vault = create("a passphrase"), *copy;
    struct key_secret secret = passphrase("a passphrase");
    uint8_t bytes[KEYSLOTS_BYTES_MAX];
    size_t size = vault_encode(vault, bytes);
    struct page_key key = *vault_page_key(vault);
    vault_free(vault);
    clear();
    assert_int_equal(vault_decode(&copy, bytes_of(bytes, size), NULL), STATUS_OK);
    assert_int_equal(vault_unlock(copy, &secret, NULL), STATUS_OK);
    assert_int_equal(vault_settle(copy, folder, NULL), STATUS_OK);
    vault_free(copy);
    struct page_key again;
    assert_int_equal(open_with("a passphrase", &again), STATUS_OK);
    assert_memory_equal(key.bytes, again.bytes, sizeof key.bytes);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_passphrase_gives_the_same_keys_again),
        cmocka_unit_test(test_a_wrong_passphrase_is_told_from_damage_and_absence),
        cmocka_unit_test(test_a_damaged_copy_is_mended_by_the_next_who_opens),
        cmocka_unit_test(test_nobody_else_may_read_the_slots),
        cmocka_unit_test(test_changing_the_passphrase_keeps_the_keys),
        cmocka_unit_test(test_changes_of_two_programs_both_stay),
        cmocka_unit_test(test_slots_of_a_database_are_never_replaced),
        cmocka_unit_test(test_the_folder_is_locked_until_the_database_is_there),
        cmocka_unit_test(test_erased_slots_open_no_more),
        cmocka_unit_test(test_slots_may_travel_with_a_copy),
    };
    if (sodium_init() < 0 || !mkdtemp(folder))
        return 2;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    clear();
    rmdir(folder);
    return failed;
}
