/* A report's question reads, and can do nothing else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/report.h"
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_can_only_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
