/* A report's question reads, and can do nothing else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/report.h"
#include "common/report_row.h"
#include "common/view.h"
#include "tests/support/world.h"

static unsigned tried, refused;

/* While the question runs, this asks for what it might have asked for. */
static int on_statement(unsigned kind, void *context, void *statement, void *text)
{
    static const char *const harmful[] = {"DELETE FROM person",  "UPDATE person SET name = ''",
                                          "DROP TABLE person",   "ATTACH ':memory:' AS other",
                                          "PRAGMA user_version", "SELECT load_extension('x')"};
    sqlite3 *database = context;
    (void)kind;
    (void)text;
    if (!sqlite3_stmt_readonly(statement)) /* the book itself notes what is asked */
        return 0;
    for (size_t i = 0; i < sizeof harmful / sizeof harmful[0]; i++) {
        sqlite3_stmt *made = NULL;
        tried++;
        refused += sqlite3_prepare_v2(database, harmful[i], -1, &made, NULL) != SQLITE_OK;
        sqlite3_finalize(made);
    }
    return 0;
}

static void a_question_can_only_read(void **state)
{
    (void)state;
    struct world world;
    struct report_book *book;
    struct report_question question = {
        .from = "2026-01-01", .to = "2026-12-31", .org = ORG_ROOT, .role = ROLE_BUREAU};
    json_t *rows;
    world_start(&world);
    struct replica *replica = world.clients[world_join(&world, ROLE_SECRETARY, world.township)];
    world_add(replica, "person", "name", "示例党员001", NULL);
    assert_int_equal(view_begin(replica, NULL), STATUS_OK);
    assert_int_equal(report_book_open(&book, replica, NULL), STATUS_OK);
    sqlite3_trace_v2(replica_database(replica), SQLITE_TRACE_STMT, on_statement,
                     replica_database(replica));
    assert_int_equal(report_run(book, "R01", &question, &rows, NULL), STATUS_OK);
    sqlite3_trace_v2(replica_database(replica), 0, NULL, NULL);
    json_decref(rows);
    report_book_free(book);
    view_end(replica);
    assert_true(tried > 0);
    assert_int_equal(refused, tried);
    world_end(&world);
}

static size_t rows_of(struct report_book *book, uint32_t org)
{
    struct report_question question = {
        .from = "2026-01-01", .to = "2026-12-31", .org = org, .role = ROLE_BUREAU};
    json_t *rows;
    assert_int_equal(report_run(book, "R01", &question, &rows, NULL), STATUS_OK);
    size_t count = json_array_size(rows);
    json_decref(rows);
    return count;
}

/* What was made for one question serves the next, but for what is filled by what is asked. */
static void a_book_answers_one_question_after_the_other(void **state)
{
    (void)state;
    struct world world;
    struct report_book *book;
    world_start(&world);
    struct replica *hub = world.hub.replica;
    assert_int_equal(view_begin(hub, NULL), STATUS_OK);
    assert_int_equal(report_book_open(&book, hub, NULL), STATUS_OK);
    const json_t *definitions = report_definitions(book);
    size_t all = rows_of(book, ORG_ROOT);
    assert_true(all > 1);
    assert_int_equal(rows_of(book, world.branches[0]), 1);
    assert_int_equal(rows_of(book, ORG_ROOT), all);
    report_book_free(book);
    assert_int_equal(report_book_open(&book, hub, NULL), STATUS_OK);
    assert_ptr_equal(report_definitions(book), definitions);
    assert_int_equal(rows_of(book, world.branches[0]), 1);
    report_book_free(book);
    view_end(hub);
    world_end(&world);
}

static void a_row_as_text_is_what_jansson_prints(void **state)
{
    (void)state;
    static const char sql[] =
        "SELECT 1 AS a, -7 AS b, 0.1 AS c, 2.0 AS d, -0.0 AS e, 1e20 AS f, 1e-7 AS g, "
        "33.3 AS h, 123456789.25 AS i, 9e999 AS j, NULL AS k, '' AS l, x'00' AS m, "
        "x'0123456789abcdef0123456789abcdef' AS n, CAST(x'ff41' AS TEXT) AS o, "
        "'说\"明\\/' || char(1, 8, 9, 10, 12, 13, 31, 127) AS p, 'x' AS \"名\"";
    sqlite3 *database;
    sqlite3_stmt *row;
    struct buffer text = {0};
    assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    json_t *json = report_row_json(row);
    char *printed = json_dumps(json, JSON_COMPACT);
    assert_int_equal(report_row_put(row, &text), STATUS_OK);
    assert_int_equal(buffer_append(&text, "", 1), STATUS_OK);
    assert_string_equal((const char *)text.data, printed);
    free(printed);
    json_decref(json);
    buffer_release(&text);
    sqlite3_finalize(row);
    sqlite3_close(database);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_can_only_read),
        cmocka_unit_test(a_book_answers_one_question_after_the_other),
        cmocka_unit_test(a_row_as_text_is_what_jansson_prints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
