/* Merged rows as readers see them while they are being written: each state of a transaction shows
 * what it says, and nothing of one that was given up stays. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/doubles.h"
#include "common/view.h"
#include "tests/support/world.h"

struct scene {
    struct world world;
    struct replica *replica;
    struct id kept, merged;
    char kept_text[ID_TEXT_BYTES], merged_text[ID_TEXT_BYTES];
};

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    world_start(&scene->world);
    size_t client = world_join(&scene->world, ROLE_SECRETARY, scene->world.branches[0]);
    scene->replica = scene->world.clients[client];
    struct id one = world_add(scene->replica, "person", "name", "示例甲", NULL);
    struct id two = world_add(scene->replica, "person", "name", "示例甲", "rank", "科长", NULL);
    bool ascend = memcmp(one.bytes, two.bytes, ID_BYTES) < 0;
    scene->kept = ascend ? one : two;
    scene->merged = ascend ? two : one;
    id_format(&scene->kept, scene->kept_text);
    id_format(&scene->merged, scene->merged_text);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    world_end(&scene->world);
    free(scene);
    return 0;
}

static enum status count_row(void *context, json_t *row, struct error *err)
{
    (void)row;
    (void)err;
    ++*(size_t *)context;
    return STATUS_OK;
}

static size_t people(struct scene *scene)
{
    struct view_query query = {.table = "person"};
    size_t count = 0;
    assert_int_equal(view_list(scene->replica, &query, count_row, &count, NULL), STATUS_OK);
    return count;
}

static void merge(struct scene *scene, const char *into)
{
    world_set(scene->replica, "person", &scene->merged, "merged_into", into, NULL);
}

static void what_was_merged_and_given_up_is_shown_again(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(replica_begin(scene->replica, NULL), STATUS_OK);
    assert_int_equal(people(scene), 2);
    merge(scene, scene->kept_text);
    assert_int_equal(people(scene), 1);
    replica_rollback(scene->replica);
    assert_int_equal(replica_begin(scene->replica, NULL), STATUS_OK);
    assert_int_equal(people(scene), 2);
    merge(scene, scene->kept_text);
    assert_int_equal(people(scene), 1);
    merge(scene, "");
    assert_int_equal(people(scene), 2);
    merge(scene, scene->kept_text);
    assert_int_equal(replica_commit(scene->replica, NULL), STATUS_OK);
    assert_int_equal(view_begin(scene->replica, NULL), STATUS_OK);
    assert_int_equal(people(scene), 1);
    assert_int_equal(people(scene), 1);
    view_end(scene->replica);
}

static void a_greater_id_and_a_deleted_one_stand_for_nobody(void **state)
{
    struct scene *scene = *state;
    struct id root;
    world_set(scene->replica, "person", &scene->kept, "merged_into", scene->merged_text, NULL);
    assert_int_equal(people(scene), 2);
    merge(scene, scene->kept_text);
    assert_int_equal(people(scene), 1);
    assert_int_equal(doubles_root(scene->replica, &scene->merged, &root, NULL), STATUS_OK);
    assert_true(id_equal(&root, &scene->kept));
    world_delete(scene->replica, "person", &scene->kept);
    assert_int_equal(people(scene), 1); /* the other one, for itself */
    assert_int_equal(doubles_root(scene->replica, &scene->merged, &root, NULL), STATUS_OK);
    assert_true(id_equal(&root, &scene->merged));
}

static void the_kept_row_shows_what_only_the_other_has(void **state)
{
    struct scene *scene = *state;
    struct view_where where = {.field = "rank", .value = "科长"};
    struct view_query query = {.table = "person", .wheres = &where, .wheres_count = 1};
    int64_t count;
    merge(scene, scene->kept_text);
    assert_int_equal(view_count(scene->replica, &query, &count, NULL), STATUS_OK);
    assert_int_equal(count, 1);
    query = (struct view_query){.table = "person", .order = "rank", .descending = true};
    assert_int_equal(view_count(scene->replica, &query, &count, NULL), STATUS_OK);
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_merged_and_given_up_is_shown_again, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(a_greater_id_and_a_deleted_one_stand_for_nobody, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(the_kept_row_shows_what_only_the_other_has, open_scene,
                                        close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
