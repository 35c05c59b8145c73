/* Sets and maps for questions give what GROUP BY and IN would. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/question_joined.h"
#include "common/question_maps.h"

static sqlite3 *database;
static struct question_maps *maps;

/* 5,000 rows with few keys, some of them NULL, and texts that look like numbers. */
static const char rows[] =
    "CREATE TABLE t(id BLOB, word, number INTEGER);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
    "INSERT INTO t SELECT CASE WHEN i % 11 = 0 THEN NULL ELSE CAST(printf('%016d', i * i % 701) "
    "AS BLOB) END, CASE i % 3 WHEN 0 THEN i % 7 WHEN 1 THEN '' || (i % 7) END, i % 13 - 6 FROM n";

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
    assert_int_equal(question_maps_open(&maps, database, NULL), STATUS_OK);
    assert_int_equal(question_joined_open(database, NULL), STATUS_OK);
    assert_int_equal(sqlite3_exec(database, rows, NULL, NULL, NULL), SQLITE_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    question_maps_close(maps, database);
    question_joined_close(database);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return 0;
}

/* The only value that the SQL gives, as text. */
static void gives(const char *sql, const char *expected)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(database));
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    if (strcmp(text ? text : "NULL", expected) != 0)
        fail_msg("%s gives %s, not %s", sql, text ? text : "NULL", expected);
    sqlite3_finalize(statement);
}

static void a_set_has_what_was_put_in_and_nothing_else(void **state)
{
    (void)state;
    gives("WITH s AS MATERIALIZED (SELECT _set(id) AS ids FROM t WHERE number > 2) "
          "SELECT count(*) FROM s, t WHERE _has(s.ids, t.id) <> "
          "IFNULL(t.id IN (SELECT id FROM t WHERE number > 2), 0)",
          "0");
    gives("WITH s AS MATERIALIZED (SELECT _set(id) AS ids FROM t) "
          "SELECT _size(ids) - (SELECT count(DISTINCT id) FROM t) FROM s",
          "0");
    gives("SELECT _has(_set(word), 3) || _has(_set(word), '3') || _has(_set(word), 3.5) FROM t "
          "WHERE typeof(word) = 'integer'",
          "100");
    gives("SELECT _size(_set(NULL))", "0");
    gives("SELECT _has(_set(1, 23), 12, 3)", "0");
}

static void sums_are_those_of_group_by(void **state)
{
    (void)state;
    gives("WITH s AS MATERIALIZED (SELECT _sums(number, id, word) AS sums FROM t), "
          "g AS (SELECT id, word, sum(number) AS n FROM t WHERE id IS NOT NULL "
          "AND word IS NOT NULL GROUP BY 1, 2) "
          "SELECT (SELECT count(*) FROM s, g WHERE _of(s.sums, g.id, g.word) IS NOT g.n) || ' ' || "
          "((SELECT _size(sums) FROM s) - (SELECT count(*) FROM g)) || ' ' || "
          "(SELECT count(*) FROM s, _entries(s.sums) e LEFT JOIN g ON g.id = e.key "
          "AND g.word = e.second WHERE e.value IS NOT g.n OR e.third IS NOT NULL)",
          "0 0 0");
    gives("SELECT _of(_sums(n, 'x'), 'x') FROM (SELECT 5 AS n UNION ALL SELECT -7)", "-2");
}

static void the_greatest_value_stays(void **state)
{
    (void)state;
    gives("WITH s AS MATERIALIZED (SELECT _greatest(number, id) AS most FROM t), "
          "g AS (SELECT id, max(number) AS n FROM t WHERE id IS NOT NULL GROUP BY 1) "
          "SELECT count(*) FROM s, g WHERE _of(s.most, g.id) IS NOT g.n",
          "0");
    gives("SELECT _of(_greatest(v, 1), 1) FROM (SELECT 'b' AS v UNION ALL SELECT 'c' "
          "UNION ALL SELECT 9 UNION ALL SELECT NULL)",
          "c");
    gives("SELECT _of(_greatest(1, 'x'), 'y')", "NULL");
}

static void texts_of_any_size_take_the_place_of_others(void **state)
{
    (void)state;
    gives("WITH v(v, k) AS (VALUES('ab', 1), ('b', 1), ('x', 2), ('bcd', 1), ('bc', 1), ('y', 2)), "
          "s AS MATERIALIZED (SELECT _greatest(v, k) AS m FROM v) "
          "SELECT _of(m, 1) || _of(m, 2) || _size(m) FROM s",
          "bcdy2");
    gives("SELECT typeof(_of(_greatest(x'00ff', 'k'), 'k')) || hex(_of(_greatest(x'00ff', 1), 1))",
          "blob00FF");
}

static void different_values_are_counted_once(void **state)
{
    (void)state;
    gives("WITH s AS MATERIALIZED (SELECT _different(number, id, word) AS n FROM t), "
          "g AS (SELECT id, word, count(DISTINCT number) AS n FROM t WHERE id IS NOT NULL "
          "AND word IS NOT NULL GROUP BY 1, 2) "
          "SELECT (SELECT count(*) FROM s, g WHERE _of(s.n, g.id, g.word) IS NOT g.n) || ' ' || "
          "((SELECT _size(n) FROM s) - (SELECT count(*) FROM g))",
          "0 0");
    gives("SELECT _size(_different(NULL, 'x'))", "0");
}

/* A key is asked for again right after one that isn't there, and after others. */
static void what_was_looked_for_last_is_no_other(void **state)
{
    (void)state;
    gives("WITH v(v, k) AS (VALUES(1, 'a'), (2, 'b')), "
          "s AS MATERIALIZED (SELECT _sums(v, k) AS m FROM v), "
          "w(k) AS (VALUES('a'), ('a'), ('c'), ('c'), ('b'), ('a'), ('ab'), ('b')) "
          "SELECT group_concat(IFNULL(_of(m, k), '-'), '') FROM s, w",
          "11--21-2");
    gives("WITH k(k) AS (VALUES(printf('%080d', 1)), (printf('%080d', 2)), (printf('%080d', 1))) "
          "SELECT _of(_sums(1, k), printf('%080d', 1)) FROM k",
          "2");
}

static void names_are_joined_in_order_and_bounded(void **state)
{
    (void)state;
    gives("WITH v(v, k) AS (VALUES('c', 1), ('b', 2), (NULL, 3), ('d', 4), ('a', 5)) "
          "SELECT _joined(', ', 3, v, k) FROM v",
          "a, b, c");
    gives("WITH v(v, k) AS (VALUES('a', 'z'), ('ab', 'a'), ('a', 'b')) "
          "SELECT _joined('-', 9, v, k) FROM v",
          "a-a-ab");
    gives("SELECT _joined('-', 9, v, k) FROM (SELECT NULL AS v, 1 AS k)", "NULL");
    gives("SELECT '[' || _joined('-', 9, '', 1) || ']'", "[]");
}

static void what_is_no_map_has_nothing(void **state)
{
    (void)state;
    gives("SELECT _has(77, 'x') || _has(-1, 'x') || _has(NULL, 'x') || _size(0)", "0000");
    gives("SELECT count(*) FROM _entries(5)", "0");
    gives("SELECT _size(_set(id)) > 0 FROM t", "1");
    question_maps_clear(maps);
    gives("SELECT _size(1)", "0");
}

#define WITH_ROWS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_ROWS(a_set_has_what_was_put_in_and_nothing_else),
        WITH_ROWS(sums_are_those_of_group_by),
        WITH_ROWS(the_greatest_value_stays),
        WITH_ROWS(texts_of_any_size_take_the_place_of_others),
        WITH_ROWS(different_values_are_counted_once),
        WITH_ROWS(what_was_looked_for_last_is_no_other),
        WITH_ROWS(names_are_joined_in_order_and_bounded),
        WITH_ROWS(what_is_no_map_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
