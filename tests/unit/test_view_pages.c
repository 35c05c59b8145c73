/* What pages ask of the view beyond the commands: order and paging, titles, bases, the unsent. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/view.h"
#include "tests/support/world.h"

struct scene {
    struct world world;
    struct replica *one, *two;
};

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    world_start(&scene->world);
    size_t one = world_join(&scene->world, ROLE_SECRETARY, scene->world.branches[0]);
    size_t two = world_join(&scene->world, ROLE_SECRETARY, scene->world.branches[0]);
    scene->one = scene->world.clients[one];
    scene->two = scene->world.clients[two];
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

static enum status collect(void *context, json_t *row, struct error *err)
{
    (void)err;
    return json_array_append(context, row) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

/* Reads page by page as a person does, behind the row seen last; "name:value name:value …". */
static void walk(struct replica *replica, struct view_query query, char *out)
{
    char after[ID_TEXT_BYTES], value[64];
    *out = '\0';
    for (;;) {
        json_t *page = json_array();
        struct error err = {0};
        if (view_list(replica, &query, collect, page, &err) != STATUS_OK)
            fail_msg("%s", err.text);
        for (size_t i = 0; i < json_array_size(page); i++) {
            const json_t *row = json_array_get(page, i);
            const char *dues = json_string_value(json_object_get(row, "dues_fen"));
            sprintf(out + strlen(out), "%s%s:%s", *out ? " " : "",
                    json_string_value(json_object_get(row, "name")), dues ? dues : "-");
            strcpy(after, json_string_value(json_object_get(row, "id")));
            strcpy(value, dues ? dues : "");
        }
        size_t count = json_array_size(page);
        json_decref(page);
        if (count < (size_t)query.limit)
            return;
        query.after = after;
        query.after_value = query.order ? value : NULL;
    }
}

/* "a:3.00 b:-" -> "3.00 -" */
static void values_only(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        if (at[1] == ':')
            at += 2;
        *to++ = *at;
    }
    *to = '\0';
}

static void pages_join_to_the_whole_list_in_any_order(void **state)
{
    struct scene *scene = *state;
    char whole[400], seen[400];
    world_add(scene->one, "person", "name", "a", "dues_fen", "3", NULL);
    world_add(scene->one, "person", "name", "b", NULL);
    world_add(scene->one, "person", "name", "c", "dues_fen", "1", NULL);
    world_add(scene->one, "person", "name", "d", "dues_fen", "3", NULL);
    world_add(scene->one, "person", "name", "e", NULL);
    for (int order = 0; order < 4; order++) {
        struct view_query query = {.table = "person", .limit = 100, .descending = order & 1};
        query.order = order & 2 ? "dues_fen" : NULL;
        walk(scene->one, query, whole);
        assert_int_equal(strlen(whole), strlen("a:3.00 b:- c:1.00 d:3.00 e:-"));
        for (query.limit = 1; query.limit <= 6; query.limit++) {
            walk(scene->one, query, seen);
            assert_string_equal(seen, whole);
        }
        values_only(whole);
        if (query.order)
            assert_string_equal(whole, order & 1 ? "3.00 3.00 1.00 - -" : "- - 1.00 3.00 3.00");
    }
}

static void a_count_knows_no_page(void **state)
{
    struct scene *scene = *state;
    int64_t count;
    struct view_where where = {.field = "phone", .value = "1"};
    struct view_query query = {.table = "person", .limit = 1, .search = "示例"};
    world_add(scene->one, "person", "name", "示例党员001", "phone", "1", NULL);
    world_add(scene->one, "person", "name", "示例党员002", "phone", "1", NULL);
    world_add(scene->one, "person", "name", "示例党员003", NULL);
    world_add(scene->one, "person", "name", "x", "phone", "1", NULL);
    assert_int_equal(view_count(scene->one, &query, &count, NULL), STATUS_OK);
    assert_int_equal(count, 3);
    query.wheres = &where;
    query.wheres_count = 1;
    assert_int_equal(view_count(scene->one, &query, &count, NULL), STATUS_OK);
    assert_int_equal(count, 2);
}

static void an_order_that_makes_no_sense_is_refused(void **state)
{
    struct scene *scene = *state;
    struct error err = {0};
    struct view_query query = {.table = "visit", .order = "by_ids"};
    assert_int_equal(view_list(scene->one, &query, collect, NULL, &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "rows can't be ordered by field 'by_ids'");
    query.order = "nothing";
    assert_int_equal(view_list(scene->one, &query, collect, NULL, &err), STATUS_NOT_FOUND);
    query = (struct view_query){.table = "visit", .after = "xy"};
    assert_int_equal(view_list(scene->one, &query, collect, NULL, &err), STATUS_BAD_INPUT);
}

static void conflicts_show_in_any_order_of_rows(void **state)
{
    struct scene *scene = *state;
    struct session_totals totals;
    struct id id = world_add(scene->one, "person", "name", "a", "phone", "1", NULL);
    world_add(scene->one, "person", "name", "b", "phone", "1", NULL);
    for (size_t i = 0; i < 4; i++)
        assert_true(world_sync(&scene->world, i % 2, 0, &totals));
    world_set(scene->one, "person", &id, "phone", "2", NULL);
    world_set(scene->two, "person", &id, "phone", "3", NULL);
    for (size_t i = 0; i < 4; i++)
        assert_true(world_sync(&scene->world, i % 2, 0, &totals));
    struct view_query query = {.table = "person", .order = "name", .descending = true};
    json_t *list = json_array();
    assert_int_equal(view_list(scene->one, &query, collect, list, NULL), STATUS_OK);
    assert_int_equal(json_array_size(json_object_get(json_array_get(list, 0), "_conflicts")), 0);
    assert_int_equal(json_array_size(json_object_get(json_array_get(list, 1), "_conflicts")), 1);
    json_decref(list);
}

static void a_ref_bears_the_title_of_what_it_names(void **state)
{
    struct scene *scene = *state;
    char *title, id[ID_TEXT_BYTES], ref[ID_TEXT_BYTES + 8];
    struct id person = world_add(scene->one, "person", "name", "示例党员001", NULL);
    const struct schema *schema = replica_schema(scene->one);
    const struct schema_table *visit = schema_table_named(schema, "visit");
    id_format(&person, id);
    snprintf(ref, sizeof ref, "person:%s", id);
    assert_int_equal(
        view_title(scene->one, table_field_named(visit, "target_ref"), ref, &title, NULL), 0);
    assert_string_equal(title, "示例党员001");
    free(title);
    assert_int_equal(view_title(scene->one, table_field_named(visit, "by_ids"), id, &title, NULL),
                     0);
    assert_string_equal(title, "示例党员001");
    free(title);
    id[0] = id[0] == '0' ? '1' : '0';
    assert_int_equal(view_title(scene->one, table_field_named(visit, "by_ids"), id, &title, NULL),
                     0);
    assert_null(title);
    const struct device *self =
        registry_device(replica_registry(scene->one), replica_identity(scene->one)->device);
    id_format(&self->certificate.person, id);
    assert_int_equal(view_title(scene->one, table_field_named(visit, "by_ids"), id, &title, NULL),
                     0);
    assert_string_equal(title, self->certificate.person_name);
    free(title);
}

static void bases_are_the_dots_of_what_is_seen(void **state)
{
    struct scene *scene = *state;
    json_t *before, *after;
    char id[ID_TEXT_BYTES];
    struct id person = world_add(scene->one, "person", "name", "a", "phone", "1", NULL);
    id_format(&person, id);
    assert_int_equal(view_bases(scene->one, "person", id, &before, NULL), STATUS_OK);
    world_set(scene->one, "person", &person, "phone", "2", NULL);
    assert_int_equal(view_bases(scene->one, "person", id, &after, NULL), STATUS_OK);
    assert_int_equal(json_array_size(json_object_get(before, "phone")), 1);
    assert_true(json_equal(json_object_get(before, "name"), json_object_get(after, "name")));
    assert_false(json_equal(json_object_get(before, "phone"), json_object_get(after, "phone")));
    assert_null(json_object_get(before, "note"));
    json_decref(before);
    json_decref(after);
    assert_int_equal(
        view_bases(scene->one, "person", "00000000000000000000000000000001", &after, NULL),
        STATUS_NOT_FOUND);
}

static void unsent_is_what_the_hub_is_not_known_to_hold(void **state)
{
    struct scene *scene = *state;
    struct session_totals totals;
    json_t *unsent;
    char id[ID_TEXT_BYTES];
    assert_int_equal(view_unsent(scene->one, 10, &unsent, NULL), STATUS_OK);
    assert_int_equal(json_array_size(json_object_get(unsent, "rows")), 0);
    assert_true(json_is_null(json_object_get(unsent, "since")));
    json_decref(unsent);
    struct id person = world_add(scene->one, "person", "name", "a", NULL);
    world_set(scene->one, "person", &person, "name", "b", NULL);
    world_add(scene->one, "person", "name", "c", NULL);
    assert_int_equal(view_unsent(scene->one, 10, &unsent, NULL), STATUS_OK);
    assert_int_equal(json_array_size(json_object_get(unsent, "rows")), 2);
    assert_true(json_is_string(json_object_get(unsent, "since")));
    id_format(&person, id);
    const json_t *first = json_array_get(json_object_get(unsent, "rows"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "id")), id);
    json_decref(unsent);
    assert_int_equal(view_unsent(scene->one, 1, &unsent, NULL), STATUS_OK);
    assert_int_equal(json_array_size(json_object_get(unsent, "rows")), 1);
    json_decref(unsent);
    assert_true(world_sync(&scene->world, 0, 0, &totals));
    assert_int_equal(view_unsent(scene->one, 10, &unsent, NULL), STATUS_OK);
    assert_int_equal(json_array_size(json_object_get(unsent, "rows")), 0);
    json_decref(unsent);
    assert_int_equal(view_unsent(scene->two, 10, &unsent, NULL), STATUS_OK);
    assert_int_equal(json_array_size(json_object_get(unsent, "rows")), 0);
    json_decref(unsent);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {STORY(pages_join_to_the_whole_list_in_any_order),
                                       STORY(a_count_knows_no_page),
                                       STORY(an_order_that_makes_no_sense_is_refused),
                                       STORY(conflicts_show_in_any_order_of_rows),
                                       STORY(a_ref_bears_the_title_of_what_it_names),
                                       STORY(bases_are_the_dots_of_what_is_seen),
                                       STORY(unsent_is_what_the_hub_is_not_known_to_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
