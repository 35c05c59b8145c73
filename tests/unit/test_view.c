/* What a replica shows as JSON: the forms that scripts rely on, and that list, get, history and
 * conflicts tell the same story. */

#include <setjmp.h>
#include <stdarg.h>
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

static void exchange(struct scene *scene)
{
    struct session_totals totals;
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < scene->world.clients_count; i++)
            assert_true(world_sync(&scene->world, i, 0, &totals));
}

static json_t *row_of(struct replica *replica, const char *table, const struct id *id)
{
    char text[ID_TEXT_BYTES];
    json_t *row = NULL;
    struct error err = {0};
    id_format(id, text);
    if (view_row(replica, table, text, &row, &err) != STATUS_OK)
        fail_msg("%s", err.text);
    return row;
}

static void expect_json(const json_t *json, const char *wanted)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("absent");
    assert_string_equal(text, wanted);
    free(text);
}

static enum status collect(void *context, json_t *row, struct error *err)
{
    (void)err;
    return json_array_append(context, row) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

static json_t *list_of(struct replica *replica, const struct view_query *query)
{
    struct error err = {0};
    json_t *list = json_array();
    if (view_list(replica, query, collect, list, &err) != STATUS_OK)
        fail_msg("%s", err.text);
    return list;
}

static size_t count_where(struct replica *replica, const char *table, const char *field,
                          const char *value)
{
    struct view_where where = {.field = field, .value = value};
    struct view_query query = {.table = table, .wheres = &where, .wheres_count = 1};
    json_t *list = list_of(replica, &query);
    size_t count = json_array_size(list);
    json_decref(list);
    return count;
}

/* The state of each value of a field, in the order of the history: "replaced shown". */
static void expect_states(struct replica *replica, const char *table, const struct id *id,
                          const char *field, const char *wanted)
{
    char text[ID_TEXT_BYTES], states[256] = "";
    json_t *history = NULL;
    id_format(id, text);
    assert_int_equal(view_history(replica, table, text, &history, NULL), STATUS_OK);
    for (size_t i = 0; i < json_array_size(history); i++) {
        const json_t *item = json_array_get(history, i);
        if (strcmp(json_string_value(json_object_get(item, "field")), field) != 0)
            continue;
        strcat(states, states[0] ? " " : "");
        strcat(states, json_string_value(json_object_get(item, "state")));
    }
    json_decref(history);
    assert_string_equal(states, wanted);
}

static void values_have_the_form_of_their_type(void **state)
{
    struct scene *scene = *state;
    struct id id = world_add(scene->one, "person", "name", "示例党员001", "dues_fen", "12.5",
                             "born_on", "1950-01-02", "location", "25.1,102.5", NULL);
    json_t *row = row_of(scene->one, "person", &id);
    expect_json(json_object_get(row, "name"), "\"示例党员001\"");
    expect_json(json_object_get(row, "dues_fen"), "\"12.50\"");
    expect_json(json_object_get(row, "born_on"), "\"1950-01-02\"");
    expect_json(json_object_get(row, "location"), "\"25.1000000,102.5000000\"");
    expect_json(json_object_get(row, "phone"), "null");
    expect_json(json_object_get(row, "_conflicts"), "[]");
    expect_json(json_object_get(row, "_deleted"), "absent");
    assert_int_equal(strlen(json_string_value(json_object_get(row, "_org"))), 32);
    json_decref(row);
}

static void a_list_finds_by_value_and_text_and_leaves_deleted_rows_out(void **state)
{
    struct scene *scene = *state;
    struct id gone = world_add(scene->one, "person", "name", "示例党员010", "phone", "1", NULL);
    world_add(scene->one, "person", "name", "示例党员011", "phone", "1", NULL);
    world_add(scene->one, "person", "name", "示例党员012", NULL);
    world_delete(scene->one, "person", &gone);
    assert_int_equal(count_where(scene->one, "person", "phone", "1"), 1);
    assert_int_equal(count_where(scene->one, "person", "phone", ""), 1);
    assert_int_equal(count_where(scene->one, "person", "_org", "示例县"), 0);
    struct view_query query = {.table = "person", .search = "员01"};
    json_t *found = list_of(scene->one, &query);
    assert_int_equal(json_array_size(found), 2);
    json_decref(found);
    query.limit = 1;
    found = list_of(scene->one, &query);
    assert_int_equal(json_array_size(found), 1);
    json_decref(found);
    json_t *row = row_of(scene->one, "person", &gone);
    expect_json(json_object_get(row, "_deleted"), "true");
    json_decref(row);
}

/* Conditions joined by `or_next` are one; the others must hold beside it. */
static size_t count_all(struct replica *replica, const struct view_where *wheres, size_t count)
{
    struct view_query query = {.table = "person", .wheres = wheres, .wheres_count = count};
    int64_t counted = 0;
    json_t *list = list_of(replica, &query);
    size_t size = json_array_size(list);
    assert_int_equal(view_count(replica, &query, &counted, NULL), STATUS_OK);
    assert_int_equal(counted, size);
    json_decref(list);
    return size;
}

static void a_list_finds_alternatives_and_what_lies_between(void **state)
{
    struct scene *scene = *state;
    static const char *const days[] = {"1940-05-01", "1945-05-01", "1950-05-01"};
    for (int i = 0; i < 3; i++)
        world_add(scene->one, "person", "name", "示例党员013", "phone", i == 1 ? "8" : "9",
                  "born_on", days[i], NULL);
    const struct view_where between[] = {
        {.field = "born_on", .value = "1945-05-01", .match = VIEW_FROM},
        {.field = "born_on", .value = "1950-04-30", .match = VIEW_UNTIL}};
    const struct view_where either[] = {{.field = "born_on", .value = days[0], .or_next = true},
                                        {.field = "born_on", .value = days[1]},
                                        {.field = "phone", .value = "9"}};
    struct view_where name = {.field = "name", .value = "a", .match = VIEW_FROM};
    struct view_query query = {.table = "person", .wheres = &name, .wheres_count = 1};
    struct error err = {0};
    assert_int_equal(count_all(scene->one, between, 2), 1);
    assert_int_equal(count_all(scene->one, between, 1), 2);
    assert_int_equal(count_all(scene->one, either, 2), 2);
    assert_int_equal(count_all(scene->one, either, 3), 1);
    assert_int_equal(count_all(scene->one, either, 1), 1);
    assert_int_equal(view_list(scene->one, &query, collect, NULL, &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "field 'name' is neither a time nor a number");
}

static void what_a_natural_key_names_comes_back_when_it_is_entered_anew(void **state)
{
    struct scene *scene = *state;
    char person[ID_TEXT_BYTES], event[ID_TEXT_BYTES];
    struct id whom = world_add(scene->one, "person", "name", "示例党员014", NULL);
    struct id what = world_add(scene->one, "event", "kind", "study", NULL);
    id_format(&whom, person);
    id_format(&what, event);
    struct id there = world_add(scene->one, "attendance", "event_id", event, "person_id", person,
                                "status", "present", NULL);
    world_delete(scene->one, "attendance", &there);
    assert_int_equal(count_where(scene->one, "attendance", "event_id", event), 0);
    struct id again = world_add(scene->one, "attendance", "event_id", event, "person_id", person,
                                "status", "present", NULL);
    assert_true(id_equal(&there, &again));
    assert_int_equal(count_where(scene->one, "attendance", "event_id", event), 1);
    expect_states(scene->one, "attendance", &there, "_deleted", "replaced shown");
    exchange(scene);
    assert_int_equal(count_where(scene->two, "attendance", "event_id", event), 1);
}

static void what_is_not_there_is_named(void **state)
{
    struct scene *scene = *state;
    json_t *row;
    struct error err = {0};
    struct view_where where = {.field = "nothing", .value = "1"};
    struct view_query query = {.table = "person", .wheres = &where, .wheres_count = 1};
    assert_int_equal(view_list(scene->one, &query, collect, NULL, &err), STATUS_NOT_FOUND);
    assert_string_equal(err.text, "table 'person' has no field 'nothing'");
    query.table = "nothing";
    assert_int_equal(view_list(scene->one, &query, collect, NULL, &err), STATUS_NOT_FOUND);
    assert_string_equal(err.text, "there is no table 'nothing'");
    assert_int_equal(view_row(scene->one, "person", "xy", &row, &err), STATUS_BAD_INPUT);
    assert_int_equal(view_row(scene->one, "person", "00000000000000000000000000000001", &row, &err),
                     STATUS_NOT_FOUND);
}

static void a_conflict_shows_in_row_list_history_and_conflicts(void **state)
{
    struct scene *scene = *state;
    struct id id = world_add(scene->one, "person", "name", "示例党员020", "phone", "1", NULL);
    json_t *conflicts;
    exchange(scene);
    world_set(scene->one, "person", &id, "phone", "2", NULL);
    world_set(scene->two, "person", &id, "phone", "3", NULL);
    exchange(scene);
    json_t *row = row_of(scene->one, "person", &id);
    struct view_query query = {.table = "person"};
    json_t *list = list_of(scene->one, &query);
    expect_json(json_object_get(row, "_conflicts"), "[\"phone\"]");
    assert_int_equal(json_array_size(list), 1);
    assert_true(json_equal(json_array_get(list, 0), row));
    assert_int_equal(view_conflicts(scene->one, &conflicts, NULL), STATUS_OK);
    assert_int_equal(json_array_size(conflicts), 1);
    const json_t *heads = json_object_get(json_array_get(conflicts, 0), "heads");
    expect_json(json_object_get(json_array_get(heads, 0), "value"), "\"2\"");
    expect_json(json_object_get(json_array_get(heads, 1), "value"), "\"3\"");
    bool second = strcmp(json_string_value(json_object_get(row, "phone")), "3") == 0;
    char text[ID_TEXT_BYTES];
    json_t *history;
    id_format(&id, text);
    assert_int_equal(view_history(scene->one, "person", text, &history, NULL), STATUS_OK);
    for (size_t i = 0; i < json_array_size(history); i++) {
        const json_t *item = json_array_get(history, i);
        const char *value = json_string_value(json_object_get(item, "value"));
        const char *wanted = strcmp(value, "1") == 0                  ? "replaced"
                             : strcmp(value, second ? "2" : "3") == 0 ? "conflict"
                                                                      : "shown";
        assert_string_equal(json_string_value(json_object_get(item, "state")), wanted);
    }
    json_decref(history);
    json_decref(conflicts);
    json_decref(list);
    json_decref(row);
}

static void history_tells_what_was_replaced(void **state)
{
    struct scene *scene = *state;
    struct id id = world_add(scene->one, "person", "name", "示例党员030", NULL);
    world_set(scene->one, "person", &id, "name", "示例党员031", NULL);
    expect_states(scene->one, "person", &id, "name", "replaced shown");
}

static void an_edit_beside_a_delete_is_a_conflict_of_the_row(void **state)
{
    struct scene *scene = *state;
    struct id id = world_add(scene->one, "person", "name", "示例党员040", NULL);
    exchange(scene);
    world_delete(scene->one, "person", &id);
    world_set(scene->two, "person", &id, "phone", "4", NULL);
    exchange(scene);
    json_t *row = row_of(scene->two, "person", &id);
    expect_json(json_object_get(row, "_conflicts"), "[\"_deleted\"]");
    expect_json(json_object_get(row, "_deleted"), "absent");
    json_decref(row);
    expect_states(scene->two, "person", &id, "_deleted", "conflict");
}

static void replicas_that_agree_have_the_same_digests(void **state)
{
    struct scene *scene = *state;
    json_t *one, *two, *report;
    world_add(scene->one, "person", "name", "示例党员050", NULL);
    assert_int_equal(view_digest(scene->one, &one, NULL), STATUS_OK);
    assert_int_equal(view_digest(scene->two, &two, NULL), STATUS_OK);
    assert_false(json_equal(one, two));
    json_decref(one);
    json_decref(two);
    exchange(scene);
    assert_int_equal(view_digest(scene->one, &one, NULL), STATUS_OK);
    assert_int_equal(view_digest(scene->two, &two, NULL), STATUS_OK);
    assert_true(json_equal(one, two));
    assert_true(json_object_size(one) >= 2);
    assert_int_equal(view_verify(scene->one, &report, NULL), STATUS_OK);
    expect_json(json_object_get(report, "ok"), "true");
    json_decref(report);
    json_decref(one);
    json_decref(two);
}

static void what_the_hub_lacks_is_counted_as_unsent(void **state)
{
    struct scene *scene = *state;
    json_t *counts;
    world_add(scene->one, "person", "name", "示例党员060", NULL);
    assert_int_equal(view_counts(scene->one, &counts, NULL), STATUS_OK);
    expect_json(json_object_get(counts, "unsent"), "1");
    expect_json(json_object_get(counts, "rows"), "1");
    json_decref(counts);
    exchange(scene);
    assert_int_equal(view_counts(scene->one, &counts, NULL), STATUS_OK);
    expect_json(json_object_get(counts, "unsent"), "0");
    json_decref(counts);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(values_have_the_form_of_their_type),
        SCENE(a_list_finds_by_value_and_text_and_leaves_deleted_rows_out),
        SCENE(a_list_finds_alternatives_and_what_lies_between),
        SCENE(what_a_natural_key_names_comes_back_when_it_is_entered_anew),
        SCENE(what_is_not_there_is_named),
        SCENE(a_conflict_shows_in_row_list_history_and_conflicts),
        SCENE(history_tells_what_was_replaced),
        SCENE(an_edit_beside_a_delete_is_a_conflict_of_the_row),
        SCENE(replicas_that_agree_have_the_same_digests),
        SCENE(what_the_hub_lacks_is_counted_as_unsent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
