/* What the disk can't read is an error, not a page of what lay in memory: below the page ciphers,
 * with and without a key. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/keys.h"
#include "common/page_cipher.h"
#include "tests/support/sim_disk.h"

#define PATH "/tmp/jinqiu-read-errors.db"

static const struct page_key key = {PAGE_CIPHER_XCHACHA20, {7}};

static sqlite3 *open_with(const struct page_key *page_key)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(PATH, &database), SQLITE_OK);
    if (page_key)
        assert_int_equal(page_cipher_apply(database, page_key, NULL), STATUS_OK);
    return database;
}

static int read_all(sqlite3 *database)
{
    return sqlite3_exec(database, "SELECT sum(length(text)) FROM note", NULL, NULL, NULL);
}

static void a_read_that_fails_is_told(const struct page_key *page_key, const char *journal)
{
    struct sim_disk disk = {.folder = "/tmp/"};
    disk_attach(&disk);
    sqlite3 *database = open_with(page_key);
    assert_int_equal(sqlite3_exec(database, journal, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(database,
                     "CREATE TABLE note(text); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
                     "i + 1 FROM n WHERE i < 200) INSERT INTO note SELECT zeroblob(900) FROM n",
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(database, "PRAGMA cache_size = 2; PRAGMA shrink_memory", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(read_all(database), SQLITE_OK);
    disk.dead = true;
    assert_int_equal(read_all(database) & 0xff, SQLITE_IOERR);
    sqlite3_close(database);
    disk_detach(&disk);
    disk_release(&disk);
}

static void of_the_database(void **state)
{
    (void)state;
    a_read_that_fails_is_told(NULL, "PRAGMA journal_mode = DELETE");
}

static void of_the_database_encrypted(void **state)
{
    (void)state;
    a_read_that_fails_is_told(&key, "PRAGMA journal_mode = DELETE");
}

static void of_the_log(void **state)
{
    (void)state;
    a_read_that_fails_is_told(NULL, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
}

static void of_the_log_encrypted(void **state)
{
    (void)state;
    a_read_that_fails_is_told(&key, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_the_database),
        cmocka_unit_test(of_the_database_encrypted),
        cmocka_unit_test(of_the_log),
        cmocka_unit_test(of_the_log_encrypted),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    disk_install_below_ciphers();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
