/* A real hub, real sessions, real files: what two people save meets at the bureau. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/support/world.h"

static uint64_t conflicts_of(struct replica *replica)
{
    struct replica_counts counts;
    assert_int_equal(replica_counts(replica, &counts, NULL), STATUS_OK);
    return counts.conflicts;
}

static void a_visit_reaches_the_hub_in_one_round_trip(void **state)
{
    (void)state;
    struct world world;
    struct session_totals totals;
    world_start(&world);
    size_t phone = world_join(&world, ROLE_VOLUNTEER, world.branches[0]);
    struct replica *replica = world.clients[phone];
    world_add(replica, "person", "name", "示例党员001", NULL);
    assert_true(world_sync(&world, phone, 0, &totals));
    assert_int_equal(totals.sent, 1);
    assert_int_equal(totals.round_trips, 1);
    assert_true(totals.truth_checked);
    assert_false(totals.truth_failed);
    assert_true(world_agree(replica, world.hub.replica));
    assert_true(world_sync(&world, phone, 0, &totals));
    assert_int_equal(totals.sent + totals.received, 0);
    assert_int_equal(totals.round_trips, 1);
    assert_true(totals.bytes_in + totals.bytes_out <= 400);
    assert_int_equal(world_faults(world.hub.replica) + world_faults(replica), 0);
    world_end(&world);
}

static void two_phones_that_change_one_field_make_a_conflict_and_a_settlement_ends_it(void **state)
{
    (void)state;
    struct world world;
    world_start(&world);
    size_t a = world_join(&world, ROLE_SECRETARY, world.township);
    size_t b = world_join(&world, ROLE_SECRETARY, world.township);
    struct replica *first = world.clients[a], *second = world.clients[b];
    struct id id = world_add(first, "person", "name", "示例党员001", "phone", "100", NULL);
    assert_true(world_sync(&world, a, 0, NULL) && world_sync(&world, b, 0, NULL));
    world_set(first, "person", &id, "phone", "101", NULL);
    world_set(second, "person", &id, "phone", "102", NULL);
    assert_true(world_sync(&world, a, 0, NULL) && world_sync(&world, b, 0, NULL));
    assert_true(world_sync(&world, a, 0, NULL));
    assert_int_equal(conflicts_of(first), 1);
    assert_int_equal(conflicts_of(world.hub.replica), 1);
    assert_true(world_agree(first, second) && world_agree(first, world.hub.replica));
    world_set(first, "person", &id, "phone", "103", NULL);
    assert_true(world_sync(&world, a, 0, NULL) && world_sync(&world, b, 0, NULL));
    assert_int_equal(conflicts_of(second), 0);
    assert_int_equal(conflicts_of(world.hub.replica), 0);
    assert_true(world_agree(first, second) && world_agree(first, world.hub.replica));
    assert_int_equal(world_faults(world.hub.replica) + world_faults(second), 0);
    world_end(&world);
}

static void a_line_that_dies_after_any_byte_loses_nothing(void **state)
{
    (void)state;
    struct world world;
    world_start(&world);
    size_t a = world_join(&world, ROLE_SECRETARY, world.township);
    struct replica *replica = world.clients[a];
    for (uint64_t cut = 1; cut < 1400; cut += 7) {
        world_add(replica, "person", "name", "示例党员001", NULL);
        world_sync(&world, a, cut, NULL);
    }
    assert_true(world_sync(&world, a, 0, NULL));
    assert_true(world_agree(replica, world.hub.replica));
    assert_int_equal(world_faults(world.hub.replica), 0);
    world_end(&world);
}

static void a_branch_sees_its_own_records_only(void **state)
{
    (void)state;
    struct world world;
    bool found;
    struct row row = {0};
    world_start(&world);
    size_t a = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    size_t b = world_join(&world, ROLE_SECRETARY, world.branches[1]);
    struct id id = world_add(world.clients[a], "person", "name", "示例党员001", NULL);
    assert_true(world_sync(&world, a, 0, NULL) && world_sync(&world, b, 0, NULL));
    assert_int_equal(replica_row(world.clients[b], 17, &id, 0, &row, &found, NULL), STATUS_OK);
    assert_false(found);
    assert_int_equal(replica_row(world.hub.replica, 17, &id, 0, &row, &found, NULL), STATUS_OK);
    assert_true(found);
    row_release(&row);
    world_end(&world);
}

/* Somebody writes into the tables by hand, past the log. */
static void verify_sees_a_value_that_the_log_does_not_have(void **state)
{
    (void)state;
    struct world world;
    world_start(&world);
    size_t a = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    struct replica *replica = world.clients[a];
    world_add(replica, "person", "name", "示例党员001", "phone", "100", NULL);
    assert_int_equal(world_faults(replica), 0);
    assert_int_equal(sqlite3_exec(replica_database(replica), "UPDATE person SET phone = '101'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_true(world_faults(replica) > 0);
    world_end(&world);
}

static bool has_row(struct replica *replica, const char *table, const struct id *id)
{
    struct row row = {0};
    bool found;
    uint32_t number = schema_table_named(replica_schema(replica), table)->number;
    assert_int_equal(replica_row(replica, number, id, 0, &row, &found, NULL), STATUS_OK);
    row_release(&row);
    return found;
}

static void what_the_bureau_rules_reaches_the_branches(void **state)
{
    (void)state;
    struct world world;
    world_start(&world);
    size_t places[] = {world_join(&world, ROLE_BUREAU, ORG_ROOT),
                       world_join(&world, ROLE_CLERK, world.township),
                       world_join(&world, ROLE_SECRETARY, world.branches[0]),
                       world_join(&world, ROLE_SECRETARY, world.branches[1])};
    struct replica **who = world.clients;
    struct id rule = world_add(who[0], "rule", "code", "visit_days", "valid_from", "2026-01-01",
                               "params", "30", NULL);
    struct id secret = world_add(who[0], "person", "name", "示例党员001", NULL);
    struct id offer = world_add(who[1], "offer", "kind", "menu", "title", "书法课", NULL);
    struct id own = world_add(who[2], "offer", "kind", "menu", "title", "读报", NULL);
    struct id member = world_add(who[2], "person", "name", "示例党员002", NULL);
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < 4; i++)
            assert_true(world_sync(&world, places[i], 0, NULL));
    for (size_t i = 0; i < 4; i++) {
        assert_true(has_row(who[i], "rule", &rule));
        assert_true(has_row(who[i], "offer", &offer));
        assert_int_equal(has_row(who[i], "person", &secret), i == 0);
        assert_int_equal(has_row(who[i], "offer", &own), i != 3);
        assert_int_equal(has_row(who[i], "person", &member), i != 3);
        assert_true(world_agree(who[i], world.hub.replica));
        assert_int_equal(world_faults(who[i]), 0);
    }
    world_set(who[0], "rule", &rule, "params", "60", NULL);
    assert_true(world_sync(&world, places[0], 0, NULL) && world_sync(&world, places[3], 0, NULL));
    assert_true(world_agree(who[3], world.hub.replica));
    assert_int_equal(world_faults(world.hub.replica), 0);
    world_end(&world);
}

/* Random saves, edits and deletions of a few rows on four replicas, random syncs. */
static void random_programs_converge(void **state)
{
    (void)state;
    static const char *const phones[] = {"1", "2", "3", "4"};
    static const char *const health[] = {"healthy", "limited", "bedridden"};
    struct world world;
    world_start(&world);
    for (int i = 0; i < 4; i++)
        world_join(&world, ROLE_SECRETARY, world.township);
    struct id ids[5];
    for (int i = 0; i < 5; i++)
        ids[i] = world_add(world.clients[0], "person", "name", "示例党员001", "note",
                           "一\n二\n三\n", NULL);
    for (size_t i = 0; i < 4; i++)
        assert_true(world_sync(&world, i, 0, NULL));
    srand(20261120);
    for (int step = 0; step < 600; step++) {
        size_t who = (size_t)rand() % 4;
        struct replica *replica = world.clients[who];
        const struct id *id = &ids[rand() % 5];
        struct row row = {0};
        bool found;
        assert_int_equal(replica_row(replica, 17, id, 0, &row, &found, NULL), STATUS_OK);
        bool gone = row_deleted(&row);
        row_release(&row);
        switch (rand() % 6) {
        case 0:
            if (!gone)
                world_set(replica, "person", id, "phone", phones[rand() % 4], NULL);
            break;
        case 1:
            if (!gone)
                world_set(replica, "person", id, "health", health[rand() % 3], "address", "某村",
                          NULL);
            break;
        case 2:
            if (!gone)
                world_set(replica, "person", id, "note",
                          rand() % 2 ? "一\n二\n三\n四\n" : "零\n一\n二\n三\n", NULL);
            break;
        case 3:
            if (!gone && rand() % 8 == 0)
                world_delete(replica, "person", id);
            break;
        default:
            world_sync(&world, who, rand() % 3 == 0 ? (uint64_t)(rand() % 900) + 1 : 0, NULL);
        }
    }
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < 4; i++)
            assert_true(world_sync(&world, i, 0, NULL));
    for (size_t i = 0; i < 4; i++) {
        assert_true(world_agree(world.clients[i], world.hub.replica));
        assert_int_equal(conflicts_of(world.clients[i]), conflicts_of(world.hub.replica));
        assert_int_equal(world_faults(world.clients[i]), 0);
    }
    assert_int_equal(world_faults(world.hub.replica), 0);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visit_reaches_the_hub_in_one_round_trip),
        cmocka_unit_test(two_phones_that_change_one_field_make_a_conflict_and_a_settlement_ends_it),
        cmocka_unit_test(a_line_that_dies_after_any_byte_loses_nothing),
        cmocka_unit_test(a_branch_sees_its_own_records_only),
        cmocka_unit_test(what_the_bureau_rules_reaches_the_branches),
        cmocka_unit_test(verify_sees_a_value_that_the_log_does_not_have),
        cmocka_unit_test(random_programs_converge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
