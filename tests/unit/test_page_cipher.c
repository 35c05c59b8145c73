/* Pages at rest: what a file tells without its key, and what a flipped bit does. */

#include <setjmp.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/bytes.h"
#include "common/page_cipher.h"

#define SECRET "血压偏高，已提醒按时服药"
#define ROWS 40

static char path[64];

static struct page_key key_of(enum page_cipher cipher)
{
    struct page_key key = {.cipher = cipher};
    memset(key.bytes, 7, sizeof key.bytes);
    return key;
}

static sqlite3 *open_keyed(const struct page_key *key)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (key)
        assert_int_equal(page_cipher_apply(database, key, NULL), STATUS_OK);
    return database;
}

static void run(sqlite3 *database, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message ? message : "?");
}

/* Leaves a file and its WAL, as a crash does. */
static void make_file(const struct page_key *key)
{
    char sql[200];
    sqlite3 *database = open_keyed(key);
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    run(database, "PRAGMA journal_mode=WAL; CREATE TABLE t(x TEXT)");
    for (int i = 0; i < ROWS; i++) {
        snprintf(sql, sizeof sql, "INSERT INTO t VALUES('%d " SECRET "')", i);
        run(database, sql);
        if (i == ROWS / 2)
            run(database, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
    sqlite3_close(database);
}

/* The number of rows that can be read; -1 when SQLite refuses. */
static int rows_read(const struct page_key *key)
{
    sqlite3 *database = open_keyed(key);
    sqlite3_stmt *statement = NULL;
    int rows = -1;
    sqlite3_prepare_v2(database, "SELECT x FROM t", -1, &statement, NULL);
    if (statement) {
        int code;
        for (rows = 0; (code = sqlite3_step(statement)) == SQLITE_ROW; rows++)
            ;
        rows = code == SQLITE_DONE ? rows : -1;
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return rows;
}

static struct buffer read_file(const char *suffix)
{
    char name[80];
    struct buffer content = {0};
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *file = fopen(name, "rb");
    uint8_t part[4096];
    size_t size;
    while (file && (size = fread(part, 1, sizeof part, file)) > 0)
        assert_int_equal(buffer_append(&content, part, size), STATUS_OK);
    if (file)
        fclose(file);
    return content;
}

static void write_file(const char *suffix, const struct buffer *content)
{
    char name[80];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *file = fopen(name, "wb");
    assert_int_equal(fwrite(content->data, 1, content->size, file), content->size);
    fclose(file);
}

static void clear(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[80];
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static const enum page_cipher ciphers[] = {PAGE_CIPHER_AEGIS_256, PAGE_CIPHER_XCHACHA20};

static void each_cipher(void (*rule)(const struct page_key *key))
{
    for (size_t i = 0; i < 2; i++) {
        struct page_key key = key_of(ciphers[i]);
        clear();
        rule(&key);
        clear();
    }
}

static void text_is_nowhere(const struct page_key *key)
{
    make_file(key);
    static const char *const suffixes[] = {"", "-wal"};
    for (size_t i = 0; i < 2; i++) {
        struct buffer content = read_file(suffixes[i]);
        assert_true(content.size > 4096);
        assert_null(memmem(content.data, content.size, SECRET, 12));
        assert_null(memmem(content.data, content.size, "CREATE TABLE", 12));
        buffer_release(&content);
    }
    assert_int_equal(rows_read(key), ROWS);
}

static void test_neither_file_nor_wal_holds_text(void **state)
{
    (void)state;
    each_cipher(text_is_nowhere);
}

static void only_its_key_opens(const struct page_key *key)
{
    make_file(key);
    struct page_key other = *key;
    other.bytes[31] ^= 1;
    assert_int_equal(rows_read(&other), -1);
    assert_int_equal(rows_read(NULL), -1);
    other = *key;
    other.cipher =
        key->cipher == PAGE_CIPHER_AEGIS_256 ? PAGE_CIPHER_XCHACHA20 : PAGE_CIPHER_AEGIS_256;
    assert_int_equal(rows_read(&other), -1);
    assert_int_equal(rows_read(key), ROWS);
}

static void test_only_its_key_opens_a_file(void **state)
{
    (void)state;
    each_cipher(only_its_key_opens);
}

static void flips_are_noticed(const struct page_key *key)
{
    make_file(key);
    sqlite3 *database = open_keyed(key);
    run(database, "PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(database);
    struct buffer content = read_file("");
    for (int i = 0; i < 200; i++) {
        size_t at = randombytes_uniform((uint32_t)content.size);
        uint8_t bit = (uint8_t)(1u << randombytes_uniform(8));
        content.data[at] ^= bit;
        write_file("", &content);
        if (rows_read(key) != -1)
            fail_msg("bit %u of byte %zu was not noticed", bit, at);
        content.data[at] ^= bit;
    }
    buffer_release(&content);
}

static void test_a_flipped_bit_is_noticed(void **state)
{
    (void)state;
    each_cipher(flips_are_noticed);
}

static void pages_stay_in_place(const struct page_key *key)
{
    make_file(key);
    sqlite3 *database = open_keyed(key);
    run(database, "PRAGMA wal_checkpoint(TRUNCATE); CREATE TABLE u(x TEXT);"
                  "INSERT INTO u SELECT x FROM t; PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(database);
    struct buffer content = read_file("");
    uint8_t page[4096];
    assert_true(content.size >= 3 * 4096);
    memcpy(page, content.data + 4096, 4096);
    memcpy(content.data + 4096, content.data + 8192, 4096);
    memcpy(content.data + 8192, page, 4096);
    write_file("", &content);
    assert_int_equal(rows_read(key), -1);
    buffer_release(&content);
}

static void test_a_page_put_elsewhere_is_noticed(void **state)
{
    (void)state;
    each_cipher(pages_stay_in_place);
}

/* Among them what SQLite believes before it reads anything else: the size of a page, and how much
 * of it is reserved. Without reserved bytes a page would have no tag. */
static void the_header_is_bound(const struct page_key *key)
{
    make_file(key);
    sqlite3 *database = open_keyed(key);
    run(database, "PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(database);
    struct buffer content = read_file("");
    assert_int_equal(content.data[20], key->cipher == PAGE_CIPHER_AEGIS_256 ? 48 : 40);
    for (size_t at = 0; at < 24; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            content.data[at] ^= (uint8_t)(1u << bit);
            clear();
            write_file("", &content);
            if (rows_read(key) != -1)
                fail_msg("bit %u of byte %zu was not noticed", bit, at);
            content.data[at] ^= (uint8_t)(1u << bit);
        }
    content.data[20] = 0;
    clear();
    write_file("", &content);
    assert_int_equal(rows_read(key), -1);
    buffer_release(&content);
}

static void test_the_header_in_clear_is_bound_to_its_page(void **state)
{
    (void)state;
    each_cipher(the_header_is_bound);
}

static void copies_are_encrypted(const struct page_key *key)
{
    char sql[120], copy[80];
    make_file(key);
    snprintf(copy, sizeof copy, "%s-journal", path); /* a name that clear() knows */
    snprintf(sql, sizeof sql, "VACUUM INTO '%s'", copy);
    sqlite3 *database = open_keyed(key);
    run(database, sql);
    sqlite3_close(database);
    struct buffer content = read_file("-journal");
    assert_true(content.size > 4096);
    assert_null(memmem(content.data, content.size, SECRET, 12));
    clear();
    write_file("", &content);
    assert_int_equal(rows_read(key), ROWS);
    buffer_release(&content);
}

static void test_a_copy_by_vacuum_stays_encrypted(void **state)
{
    (void)state;
    each_cipher(copies_are_encrypted);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neither_file_nor_wal_holds_text),
        cmocka_unit_test(test_only_its_key_opens_a_file),
        cmocka_unit_test(test_a_flipped_bit_is_noticed),
        cmocka_unit_test(test_a_page_put_elsewhere_is_noticed),
        cmocka_unit_test(test_the_header_in_clear_is_bound_to_its_page),
        cmocka_unit_test(test_a_copy_by_vacuum_stays_encrypted),
    };
    char folder[] = "/tmp/jinqiu-pages-XXXXXX";
    if (sodium_init() < 0 || !mkdtemp(folder))
        return 2;
    snprintf(path, sizeof path, "%s/file.db", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    clear();
    rmdir(folder);
    return failed;
}
