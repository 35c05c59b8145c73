/* What came once may come again, in any order and as often as one likes: nothing is written. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/support/chance.h"
#include "tests/support/world.h"

#define RUNS_MAX 400
#define ROUNDS 100

static struct world world;
static struct buffer runs[RUNS_MAX];
static size_t runs_count;

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static enum status keep_run(void *context, const struct run *run, struct error *err)
{
    (void)context;
    assert_true(runs_count < RUNS_MAX);
    return run_encode(run, &runs[runs_count++], err);
}

/* A branch with all that entries do: rows, edits, conflicts, a settlement, a sealed note, a
 * deletion, a revocation. */
static size_t live(void)
{
    size_t one = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    size_t two = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    struct replica *a = world.clients[one], *b = world.clients[two];
    struct id person = world_add(a, "person", "name", "示例党员001", "phone", "1", NULL);
    struct id other = world_add(a, "person", "name", "示例党员002", "note", "示例", NULL);
    for (int round = 0; round < 2; round++)
        for (size_t client = one; client <= two; client++)
            assert_true(world_sync(&world, client, 0, NULL));
    world_set(a, "person", &person, "phone", "2", NULL);
    world_set(b, "person", &person, "phone", "3", NULL);
    world_delete(b, "person", &other);
    for (int round = 0; round < 2; round++)
        for (size_t client = one; client <= two; client++)
            assert_true(world_sync(&world, client, 0, NULL));
    world_set(a, "person", &person, "phone", "4", NULL);
    assert_true(world_sync(&world, one, 0, NULL));
    assert_true(world_sync(&world, two, 0, NULL));
    return two;
}

static void what_is_known_is_not_written_again(void **state)
{
    (void)state;
    struct chance chance = {1};
    struct frontier nothing = {0};
    bool more;
    world_start(&world);
    struct replica *reader = world.clients[live()];
    struct run_wish wish = {.reader = replica_identity(reader)->device,
                            .unit_bytes = 1,
                            .budget_bytes = SIZE_MAX,
                            .take = keep_run};
    done(replica_runs(world.hub.replica, &wish, &nothing, &more, NULL));
    frontier_release(&nothing);
    int64_t before = sqlite3_total_changes64(replica_database(reader));
    for (size_t i = 0; i < ROUNDS * runs_count; i++)
        assert_true(world_take_run(reader, &runs[chance_below(&chance, runs_count)]).known > 0);
    assert_int_equal(sqlite3_total_changes64(replica_database(reader)), before);
    assert_true(world_agree(reader, world.hub.replica));
    assert_int_equal(world_faults(reader), 0);
    for (size_t i = 0; i < runs_count; i++)
        buffer_release(&runs[i]);
    world_end(&world);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_not_written_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
