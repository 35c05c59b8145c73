/* A member's transfer: the record moves once both branches have agreed, with who wrote what; what
 * comes late for the old branch comes after it, and nothing is lost on either side. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/transfer.h"
#include "common/view.h"
#include "tests/support/branches.h"

static void the_record_moves_when_both_have_agreed(void **state)
{
    (void)state;
    struct id person = member_new();
    branches_sync_all();
    struct id letter = letter_offer(branch(old_desk), &person, branches.branches[1]);
    branches_sync(old_desk);
    branches_sync(new_desk);
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "absent");
    json_t *row = world_row(branch(new_desk), "affiliation", &letter);
    assert_string_equal(json_string_value(json_object_get(row, "who")), "示例党员壹");
    json_decref(row);
    assert_string_equal(branches_show(branch(old_desk), &person, "phone"), "111");

    letter_step(branch(new_desk), &letter, "received");
    branches_sync_all();
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "111");
    assert_string_equal(branches_show(branch(new_desk), &person, "kin"), KIN);
    assert_string_equal(branches_show(branch(old_desk), &person, "phone"), "gone");
    assert_string_equal(branches_went(branch(old_desk), branches.branches[0], &person),
                        "gone to 2");
    assert_string_equal(branches_show(branches.hub.replica, &person, "phone"), "111");
    branches_hold();
}

static void one_side_alone_moves_nothing(void **state)
{
    (void)state;
    struct id person = member_new();
    branches_sync_all();
    struct id letter = letter_offer(branch(old_desk), &person, branches.branches[1]);
    letter_step(branch(old_desk), &letter, "received"); /* for the other side */
    branches_sync_all();
    assert_string_equal(branches_show(branch(old_desk), &person, "phone"), "111");
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "absent");
    world_add(branch(new_desk), "affiliation", "person_id", "00000000000000000000000000000001",
              "org_id", "00000000000000000000000000000002", "kind", "member", "state", "received",
              NULL);
    branches_hold();
}

static void a_returned_letter_goes_back(void **state)
{
    (void)state;
    struct id person = member_new();
    branches_sync_all();
    struct id letter = letter_offer(branch(old_desk), &person, branches.branches[1]);
    branches_sync_all();
    json_t *row = world_row(branch(old_desk), "affiliation", &letter);
    assert_true(json_is_string(json_object_get(row, "_moved")));
    json_decref(row);
    letter_step(branch(new_desk), &letter, "returned#2");
    branches_sync_all();
    row = world_row(branch(old_desk), "affiliation", &letter);
    assert_null(json_object_get(row, "_deleted"));
    assert_string_equal(json_string_value(json_object_get(row, "state")), "returned");
    assert_int_equal(json_integer_value(json_object_get(row, "state_round")), 2);
    json_decref(row);
    assert_string_equal(branches_show(branch(old_desk), &person, "phone"), "111");
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "absent");

    /* The second try is a later round; what was agreed in the first doesn't count for it. */
    world_set(branch(old_desk), "affiliation", &letter, "state", "applied#3", NULL);
    world_set(branch(old_desk), "affiliation", &letter, "state", "issued#3", NULL);
    branches_sync_all();
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "absent");
    world_set(branch(new_desk), "affiliation", &letter, "state", "received#3", NULL);
    branches_sync_all();
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "111");
    branches_hold();
}

static json_t *history_of(struct replica *replica, const struct id *person)
{
    char text[ID_TEXT_BYTES];
    json_t *list;
    id_format(person, text);
    assert_int_equal(view_begin(replica, NULL), STATUS_OK);
    assert_int_equal(view_history(replica, "person", text, &list, NULL), STATUS_OK);
    view_end(replica);
    return list;
}

/* "VALUE by PERSON in ORG; …" of a field, in the order of time. */
static const char *story_of(struct replica *replica, const struct id *person, const char *field)
{
    static char text[1000];
    json_t *list = history_of(replica, person);
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *org = json_string_value(json_object_get(item, "org"));
        if (strcmp(json_string_value(json_object_get(item, "field")), field) != 0)
            continue;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s by %s%s%s; ",
                                 json_string_value(json_object_get(item, "value")),
                                 json_string_value(json_object_get(item, "person")),
                                 org ? " in " : "", org ? org : "");
    }
    json_decref(list);
    return text;
}

static void late_edits_come_after_the_record(void **state)
{
    (void)state;
    struct id person = member_new();
    branches_sync_all();
    letter_accepted(&person);
    world_set(branch(old_phone), "person", &person, "phone", "222", "kin", "示例家属 222", NULL);
    branches_sync_all();
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "222");
    assert_string_equal(branches_show(branch(new_desk), &person, "kin"), "示例家属 222");
    assert_string_equal(branches_show(branch(old_phone), &person, "phone"), "gone");
    assert_string_equal(story_of(branch(new_desk), &person, "phone"),
                        "111 by 示例党员001 in 示例支部; 222 by 示例党员001 in 示例支部; ");
    assert_int_equal(branches_conflicts(branches.hub.replica), 0);
    assert_int_equal(branches_run(), 0);
    branches_hold();
}

static void late_and_new_edits_are_a_conflict(void **state)
{
    (void)state;
    struct id person = member_new();
    branches_sync_all();
    letter_accepted(&person);
    branches_sync(new_desk);
    world_set(branch(new_desk), "person", &person, "phone", "333", NULL);
    world_set(branch(old_phone), "person", &person, "phone", "222", NULL);
    branches_sync_all();
    assert_int_equal(branches_conflicts(branch(new_desk)), 1);
    assert_int_equal(branches_conflicts(branch(old_desk)), 0);
    world_set(branch(new_desk), "person", &person, "phone", "444", NULL);
    branches_sync_all();
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "444");
    assert_int_equal(branches_conflicts(branches.hub.replica), 0);
    branches_hold();
}

static void the_record_can_come_back(void **state)
{
    (void)state;
    struct id person = member_moved();
    world_set(branch(new_desk), "person", &person, "phone", "333", NULL);
    struct id letter = letter_offer(branch(new_desk), &person, branches.branches[0]);
    branches_sync_all();
    letter_step(branch(old_desk), &letter, "received");
    world_set(branch(new_desk), "person", &person, "address", "示例路1号", NULL);
    branches_sync_all();
    assert_string_equal(branches_show(branch(old_desk), &person, "phone"), "333");
    assert_string_equal(branches_show(branch(old_desk), &person, "address"), "示例路1号");
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "gone");
    assert_string_equal(story_of(branch(old_desk), &person, "phone"),
                        "111 by 示例党员001; 333 by 示例党员001 in 示例支部; ");
    world_set(branch(old_phone), "person", &person, "phone", "555", NULL);
    branches_sync_all();
    assert_string_equal(branches_show(branch(old_desk), &person, "phone"), "555");
    assert_int_equal(branches_conflicts(branches.hub.replica), 0);
    assert_int_equal(branches_run(), 0);
    branches_hold();
}

/* The one that says so in the list of conflicts: its head that names `branch`. */
static void settle_for(struct replica *replica, const struct id *person, uint32_t branch)
{
    struct buffer value = {0};
    struct error err = {0};
    struct moved moved = {branch, bytes_text("示例支部")};
    assert_int_equal(tombstone_pack_moved(&value, &moved), STATUS_OK);
    struct change_field field = {.field = FIELD_DELETED, .value = buffer_bytes(&value)};
    struct change change = {.kind = CHANGE_SETTLE,
                            .table = schema_table_named(replica_schema(replica), "person")->number,
                            .id = *person,
                            .fields = &field,
                            .fields_count = 1};
    struct saved saved;
    size_t entries, failed;
    assert_int_equal(replica_save(replica, &change, 1, &saved, &entries, &failed, &err), STATUS_OK);
    buffer_release(&value);
}

/* Two of the old branch, apart, sent the member to two others, and both accepted. */
static struct id torn_person(void)
{
    struct id person = member_new();
    branches_sync_all();
    struct id second = letter_offer(branch(old_desk), &person, branches.branches[1]);
    struct id third = letter_offer(branch(old_phone), &person, branches.branches[2]);
    branches_sync_all();
    letter_step(branch(new_desk), &second, "received");
    letter_step(branch(far_desk), &third, "received");
    branches_sync_all();
    return person;
}

static void two_places_are_a_conflict(void **state)
{
    (void)state;
    struct id person = torn_person();
    assert_int_equal(branches_conflicts(branch(old_desk)), 1);
    assert_int_equal(branches_conflicts(branches.hub.replica), 1);
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "111");
    assert_string_equal(branches_show(branch(far_desk), &person, "phone"), "absent");
    settle_for(branch(old_desk), &person, branches.branches[1]);
    branches_sync_all();
    assert_int_equal(branches_conflicts(branches.hub.replica), 0);
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "111");
    assert_string_equal(branches_show(branch(far_desk), &person, "phone"), "absent");
    branches_hold();
}

static void the_row_goes_where_the_settlement_says(void **state)
{
    (void)state;
    struct id person = torn_person();
    world_set(branch(new_desk), "person", &person, "phone", "333", NULL);
    settle_for(branch(old_desk), &person, branches.branches[2]);
    branches_sync_all();
    assert_int_equal(branches_conflicts(branches.hub.replica), 0);
    assert_string_equal(branches_show(branch(far_desk), &person, "phone"), "333");
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "gone");
    assert_string_equal(branches_went(branch(new_desk), branches.branches[1], &person),
                        "gone to 3");
    assert_string_equal(branches_went(branch(old_desk), branches.branches[0], &person),
                        "gone to 3");
    branches_hold();
}

static void what_hangs_on_the_member_follows(void **state)
{
    (void)state;
    char ref[64] = "person:", text[ID_TEXT_BYTES];
    struct id person = member_new();
    id_format(&person, text);
    strcat(ref, text);
    branches_sync_all();
    struct id tag =
        world_add(branch(old_desk), "tag", "ref", ref, "scheme", "local", "code", "书法", NULL);
    struct id visit = world_add(branch(old_desk), "visit", "target_ref", ref, "kind", "home_visit",
                                "situation", "示例情况", NULL);
    letter_accepted(&person);
    struct id late =
        world_add(branch(old_phone), "award", "subject_ref", ref, "title", "示例荣誉", NULL);
    branches_sync_all();
    const struct id *moved[] = {&tag, &late};
    const char *tables[] = {"tag", "award"};
    for (int i = 0; i < 2; i++) {
        json_t *there = world_row(branch(new_desk), tables[i], moved[i]);
        json_t *here = world_row(branch(old_desk), tables[i], moved[i]);
        assert_non_null(there);
        assert_null(json_object_get(there, "_deleted"));
        assert_true(json_is_string(json_object_get(here, "_moved")));
        json_decref(there);
        json_decref(here);
    }
    assert_null(world_row(branch(new_desk), "visit", &visit)); /* the old branch's own work */
    json_t *stays = world_row(branch(old_desk), "visit", &visit);
    assert_null(json_object_get(stays, "_deleted"));
    json_decref(stays);
    branches_hold();
}

static void what_moved_is_not_edited_here(void **state)
{
    (void)state;
    static const uint8_t no = 0xc2;
    struct id person = member_moved();
    struct change_field back = {.field = FIELD_DELETED, .value = bytes_of(&no, 1)};
    struct change change = {
        .kind = CHANGE_SETTLE,
        .table = schema_table_named(replica_schema(branch(old_desk)), "person")->number,
        .id = person,
        .fields = &back,
        .fields_count = 1};
    struct saved saved;
    size_t entries, failed;
    assert_int_equal(replica_save(branch(old_desk), &change, 1, &saved, &entries, &failed, NULL),
                     STATUS_DENIED);
    change.kind = CHANGE_DELETE;
    change.fields_count = 0;
    assert_int_equal(replica_save(branch(old_desk), &change, 1, &saved, &entries, &failed, NULL),
                     STATUS_DENIED);
}

/* Who says alone that a row moved only hides it, as if it were deleted. */
static void a_mark_without_agreement_carries_nothing(void **state)
{
    (void)state;
    struct id person = member_new();
    settle_for(branch(old_desk), &person, branches.branches[1]);
    branches_sync_all();
    assert_string_equal(branches_show(branch(old_desk), &person, "phone"), "gone");
    assert_string_equal(branches_show(branch(new_desk), &person, "phone"), "absent");
    branches_hold();
}

/* A hub that begins to look only now finds what waits. */
static void what_waits_is_found_anew(void **state)
{
    (void)state;
    struct id person = member_moved();
    struct error err = {0};
    world_set(branch(new_desk), "person", &person, "phone", "333", NULL);
    struct id letter = letter_offer(branch(new_desk), &person, branches.branches[0]);
    branches_sync_all();
    letter_step(branch(old_desk), &letter, "received");
    assert_true(world_sync(&branches, old_desk, 0, NULL));
    struct hub_options options = branches.hub.options;
    struct sqlite3 *database = replica_database(branches.hub.replica);
    assert_int_equal(
        sqlite3_exec(database, "DROP TABLE _moving; DROP TABLE _left", NULL, NULL, NULL),
        SQLITE_OK);
    hub_close(&branches.hub);
    assert_int_equal(hub_open(&branches.hub, &options, &err), STATUS_OK);
    branches_run();
    branches_sync_all();
    assert_string_equal(branches_show(branch(old_desk), &person, "phone"), "333");
    branches_hold();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define RULE(name) cmocka_unit_test_setup_teardown(name, branches_set_up, branches_tear_down)
        RULE(the_record_moves_when_both_have_agreed),
        RULE(one_side_alone_moves_nothing),
        RULE(a_returned_letter_goes_back),
        RULE(late_edits_come_after_the_record),
        RULE(late_and_new_edits_are_a_conflict),
        RULE(the_record_can_come_back),
        RULE(two_places_are_a_conflict),
        RULE(the_row_goes_where_the_settlement_says),
        RULE(what_hangs_on_the_member_follows),
        RULE(what_moved_is_not_edited_here),
        RULE(a_mark_without_agreement_carries_nothing),
        RULE(what_waits_is_found_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
