/* The scrub finds what rots, step by step, from wherever it stood, and cries wolf never. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include <cmocka.h>

#include "common/repair.h"
#include "tests/support/world.h"

#define STEP 512
#define STEPS_MAX 10000

struct scene {
    struct world world;
    struct replica *replica;
};

static int start(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    world_start(&scene->world);
    size_t at = world_join(&scene->world, ROLE_SECRETARY, scene->world.branches[0]);
    scene->replica = scene->world.clients[at];
    for (int i = 0; i < 10; i++)
        world_add(scene->replica, "person", "name", "示例党员001", "phone", "1", NULL);
    assert_true(world_sync(&scene->world, at, 0, NULL));
    *state = scene;
    return 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    world_end(&scene->world);
    free(scene);
    return 0;
}

static void run(struct replica *replica, const char *sql)
{
    assert_int_equal(sqlite3_exec(replica_database(replica), sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A whole round; what it found last. */
static struct scrubbed round_of(struct replica *replica, unsigned *steps)
{
    struct scrubbed found = {.round_done = false}, last = {.round_done = false};
    replica_meta_set(replica, "scrub_ms", bytes_text("0"), NULL);
    for (*steps = 0; !found.round_done && *steps < STEPS_MAX; ++*steps) {
        assert_int_equal(replica_scrub(replica, STEP, &found, NULL), STATUS_OK);
        if (found.fault[0])
            last = found;
    }
    assert_true(found.round_done);
    return last;
}

static bool is_told(struct replica *replica)
{
    struct buffer fault = {0};
    assert_int_equal(replica_meta_get(replica, META_SCRUB_FAULT, &fault, NULL), STATUS_OK);
    bool told = fault.size > 0;
    buffer_release(&fault);
    return told;
}

static void what_is_sound_is_read_in_small_steps_once_a_day(void **state)
{
    struct scene *scene = *state;
    struct scrubbed found;
    unsigned steps;
    found = round_of(scene->replica, &steps);
    assert_string_equal(found.fault, "");
    assert_true(steps > 20);
    assert_false(is_told(scene->replica));
    assert_int_equal(replica_scrub(scene->replica, STEP, &found, NULL), STATUS_OK);
    assert_false(found.round_done); /* not before tomorrow */
    found = round_of(scene->world.hub.replica, &steps);
    assert_string_equal(found.fault, "");
}

static void a_changed_byte_of_any_entry_is_found_and_told(void **state)
{
    struct scene *scene = *state;
    unsigned steps;
    run(scene->replica, "UPDATE _log SET bodies = CAST(substr(bodies, 1, length(bodies) - 1) || "
                        "x'00' AS BLOB) WHERE id = (SELECT max(id) - 4 FROM _log)");
    struct scrubbed found = round_of(scene->replica, &steps);
    assert_non_null(strstr(found.fault, "does not hold behind entry"));
    assert_false(found.tables_differ);
    assert_true(is_told(scene->replica));
}

static void an_entry_that_is_gone_is_found(void **state)
{
    struct scene *scene = *state;
    unsigned steps;
    run(scene->replica, "DELETE FROM _log WHERE id = (SELECT max(id) FROM _log)");
    struct scrubbed found = round_of(scene->replica, &steps);
    assert_true(found.fault[0] != '\0');
}

static void tables_that_differ_are_found_and_mended(void **state)
{
    struct scene *scene = *state;
    unsigned steps;
    run(scene->replica, "UPDATE person SET phone = '2'");
    struct scrubbed found = round_of(scene->replica, &steps);
    assert_true(found.tables_differ);
    assert_int_equal(replica_refold(scene->replica, NULL), STATUS_OK);
    found = round_of(scene->replica, &steps);
    assert_string_equal(found.fault, "");
    assert_false(is_told(scene->replica)); /* a sound round takes it back */
    assert_true(world_agree(scene->replica, scene->world.hub.replica));
}

static void what_is_written_meanwhile_is_no_fault(void **state)
{
    struct scene *scene = *state;
    struct scrubbed found = {.round_done = false};
    unsigned steps = 0;
    while (!found.round_done) {
        if (steps++ % 5 == 0)
            world_add(scene->replica, "person", "name", "示例党员002", NULL);
        assert_int_equal(replica_scrub(scene->replica, 4 * STEP, &found, NULL), STATUS_OK);
        assert_string_equal(found.fault, "");
        assert_true(steps < STEPS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_sound_is_read_in_small_steps_once_a_day, start,
                                        end),
        cmocka_unit_test_setup_teardown(a_changed_byte_of_any_entry_is_found_and_told, start, end),
        cmocka_unit_test_setup_teardown(an_entry_that_is_gone_is_found, start, end),
        cmocka_unit_test_setup_teardown(tables_that_differ_are_found_and_mended, start, end),
        cmocka_unit_test_setup_teardown(what_is_written_meanwhile_is_no_fault, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
