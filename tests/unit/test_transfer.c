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

#include "common/replica_seal.h"
#include "common/transfer.h"
#include "common/view.h"
#include "server/erase.h"
#include "tests/support/world.h"

#define KIN "示例家属 000"

static struct world world;
static size_t old_desk, old_phone, new_desk, far_desk; /* devices of three branches */

static int set_up(void **state)
{
    (void)state;
    world_start(&world);
    old_desk = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    old_phone = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    new_desk = world_join(&world, ROLE_SECRETARY, world.branches[1]);
    far_desk = world_join(&world, ROLE_SECRETARY, world.branches[2]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

static void tell(void *context, const struct error *err)
{
    (void)context;
    fprintf(stderr, "transfer: %s\n", err->text);
    abort();
}

static uint64_t run(void)
{
    uint64_t moved;
    struct error err = {0};
    assert_int_equal(transfer_run(world.hub.replica, tell, NULL, &moved, &err), STATUS_OK);
    return moved;
}

static void sync(size_t client)
{
    assert_true(world_sync(&world, client, 0, NULL));
    run();
}

static void sync_all(void)
{
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < world.clients_count; i++)
            sync(i);
}

static struct replica *at(size_t client)
{
    return world.clients[client];
}

/* The row as a JSON object; decref it. NULL: there is none. */
static json_t *row_of(struct replica *replica, const char *table, const struct id *id)
{
    char text[ID_TEXT_BYTES];
    json_t *row = NULL;
    id_format(id, text);
    assert_int_equal(view_begin(replica, NULL), STATUS_OK);
    view_row(replica, table, text, &row, NULL);
    view_end(replica);
    return row;
}

/* Where the row went, as `replica` holds it in a branch's scope: "gone to 2". */
static const char *went(struct replica *replica, uint32_t branch, const struct id *id)
{
    static char text[200];
    struct row row = {0};
    struct moved moved;
    bool found;
    const struct schema_table *table = schema_table_named(replica_schema(replica), "person");
    assert_int_equal(
        replica_row(replica, table->number, id, SCOPE_RECORDS(branch), &row, &found, NULL),
        STATUS_OK);
    uint32_t org = found && row_moved(&row, &moved) ? moved.org : 0;
    row_release(&row);
    for (int i = 0; i < 3; i++)
        if (world.branches[i] == org)
            snprintf(text, sizeof text, "gone to %d", i + 1);
    return org ? text : "here";
}

/* A field, "gone", "deleted" or "absent": what a replica shows of a person. */
static const char *shows(struct replica *replica, const struct id *id, const char *field)
{
    static char text[200];
    json_t *row = row_of(replica, "person", id);
    const char *value = json_string_value(json_object_get(row, field));
    if (!row)
        snprintf(text, sizeof text, "absent");
    else if (json_object_get(row, "_moved"))
        snprintf(text, sizeof text, "gone");
    else if (json_object_get(row, "_deleted"))
        snprintf(text, sizeof text, "deleted");
    else
        snprintf(text, sizeof text, "%s%s", value ? value : "-",
                 json_array_size(json_object_get(row, "_conflicts")) ? " disputed" : "");
    json_decref(row);
    return text;
}

static void org_id(uint32_t number, char text[ID_TEXT_BYTES])
{
    id_format(&registry_org(replica_registry(world.hub.replica), number)->id, text);
}

/* A letter for `person`, offered by whom `replica` belongs to. */
static struct id offer(struct replica *replica, const struct id *person, uint32_t org)
{
    char person_text[ID_TEXT_BYTES], org_text[ID_TEXT_BYTES];
    id_format(person, person_text);
    org_id(org, org_text);
    return world_add(replica, "affiliation", "person_id", person_text, "org_id", org_text, "kind",
                     "member", "start_on", "2026-11-01", "state", "issued", "who", "示例党员壹",
                     NULL);
}

static void step(struct replica *replica, const struct id *letter, const char *state)
{
    world_set(replica, "affiliation", letter, "state", state, NULL);
}

static struct id new_person(void)
{
    return world_add(at(old_desk), "person", "name", "示例党员壹", "phone", "111", "kin", KIN,
                     NULL);
}

/* Moves a new person from the first branch to the second. */
static struct id moved_person(void)
{
    struct id person = new_person();
    sync_all();
    struct id letter = offer(at(old_desk), &person, world.branches[1]);
    sync_all();
    step(at(new_desk), &letter, "received");
    sync_all();
    return person;
}

static size_t conflicts(struct replica *replica)
{
    json_t *list;
    assert_int_equal(view_begin(replica, NULL), STATUS_OK);
    assert_int_equal(view_conflicts(replica, &list, NULL), STATUS_OK);
    view_end(replica);
    size_t count = json_array_size(list);
    json_decref(list);
    return count;
}

static void all_hold(void)
{
    sync_all();
    for (size_t i = 0; i < world.clients_count; i++)
        assert_int_equal(world_faults(at(i)), 0);
    assert_int_equal(world_faults(world.hub.replica), 0);
}

static void the_record_moves_when_both_have_agreed(void **state)
{
    (void)state;
    struct id person = new_person();
    sync_all();
    struct id letter = offer(at(old_desk), &person, world.branches[1]);
    sync(old_desk);
    sync(new_desk);
    assert_string_equal(shows(at(new_desk), &person, "phone"), "absent");
    json_t *row = row_of(at(new_desk), "affiliation", &letter);
    assert_string_equal(json_string_value(json_object_get(row, "who")), "示例党员壹");
    json_decref(row);
    assert_string_equal(shows(at(old_desk), &person, "phone"), "111");

    step(at(new_desk), &letter, "received");
    sync_all();
    assert_string_equal(shows(at(new_desk), &person, "phone"), "111");
    assert_string_equal(shows(at(new_desk), &person, "kin"), KIN);
    assert_string_equal(shows(at(old_desk), &person, "phone"), "gone");
    assert_string_equal(went(at(old_desk), world.branches[0], &person), "gone to 2");
    assert_string_equal(shows(world.hub.replica, &person, "phone"), "111");
    all_hold();
}

static void one_side_alone_moves_nothing(void **state)
{
    (void)state;
    struct id person = new_person();
    sync_all();
    struct id letter = offer(at(old_desk), &person, world.branches[1]);
    step(at(old_desk), &letter, "received"); /* for the other side */
    sync_all();
    assert_string_equal(shows(at(old_desk), &person, "phone"), "111");
    assert_string_equal(shows(at(new_desk), &person, "phone"), "absent");
    world_add(at(new_desk), "affiliation", "person_id", "00000000000000000000000000000001",
              "org_id", "00000000000000000000000000000002", "kind", "member", "state", "received",
              NULL);
    all_hold();
}

static void a_returned_letter_goes_back(void **state)
{
    (void)state;
    struct id person = new_person();
    sync_all();
    struct id letter = offer(at(old_desk), &person, world.branches[1]);
    sync_all();
    json_t *row = row_of(at(old_desk), "affiliation", &letter);
    assert_true(json_is_string(json_object_get(row, "_moved")));
    json_decref(row);
    step(at(new_desk), &letter, "returned#2");
    sync_all();
    row = row_of(at(old_desk), "affiliation", &letter);
    assert_null(json_object_get(row, "_deleted"));
    assert_string_equal(json_string_value(json_object_get(row, "state")), "returned");
    assert_int_equal(json_integer_value(json_object_get(row, "state_round")), 2);
    json_decref(row);
    assert_string_equal(shows(at(old_desk), &person, "phone"), "111");
    assert_string_equal(shows(at(new_desk), &person, "phone"), "absent");

    /* The second try is a later round; what was agreed in the first doesn't count for it. */
    world_set(at(old_desk), "affiliation", &letter, "state", "applied#3", NULL);
    world_set(at(old_desk), "affiliation", &letter, "state", "issued#3", NULL);
    sync_all();
    assert_string_equal(shows(at(new_desk), &person, "phone"), "absent");
    world_set(at(new_desk), "affiliation", &letter, "state", "received#3", NULL);
    sync_all();
    assert_string_equal(shows(at(new_desk), &person, "phone"), "111");
    all_hold();
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
    struct id person = new_person();
    sync_all();
    struct id letter = offer(at(old_desk), &person, world.branches[1]);
    sync(old_desk);
    sync(new_desk);
    step(at(new_desk), &letter, "received");
    sync(new_desk);
    world_set(at(old_phone), "person", &person, "phone", "222", "kin", "示例家属 222", NULL);
    sync_all();
    assert_string_equal(shows(at(new_desk), &person, "phone"), "222");
    assert_string_equal(shows(at(new_desk), &person, "kin"), "示例家属 222");
    assert_string_equal(shows(at(old_phone), &person, "phone"), "gone");
    assert_string_equal(story_of(at(new_desk), &person, "phone"),
                        "111 by 示例党员001 in 示例支部; 222 by 示例党员001 in 示例支部; ");
    assert_int_equal(conflicts(world.hub.replica), 0);
    assert_int_equal(run(), 0);
    all_hold();
}

static void late_and_new_edits_are_a_conflict(void **state)
{
    (void)state;
    struct id person = new_person();
    sync_all();
    struct id letter = offer(at(old_desk), &person, world.branches[1]);
    sync(old_desk);
    sync(new_desk);
    step(at(new_desk), &letter, "received");
    sync(new_desk);
    sync(new_desk);
    world_set(at(new_desk), "person", &person, "phone", "333", NULL);
    world_set(at(old_phone), "person", &person, "phone", "222", NULL);
    sync_all();
    assert_int_equal(conflicts(at(new_desk)), 1);
    assert_int_equal(conflicts(at(old_desk)), 0);
    world_set(at(new_desk), "person", &person, "phone", "444", NULL);
    sync_all();
    assert_string_equal(shows(at(new_desk), &person, "phone"), "444");
    assert_int_equal(conflicts(world.hub.replica), 0);
    all_hold();
}

static void the_record_can_come_back(void **state)
{
    (void)state;
    struct id person = moved_person();
    world_set(at(new_desk), "person", &person, "phone", "333", NULL);
    struct id letter = offer(at(new_desk), &person, world.branches[0]);
    sync_all();
    step(at(old_desk), &letter, "received");
    world_set(at(new_desk), "person", &person, "address", "示例路1号", NULL);
    sync_all();
    assert_string_equal(shows(at(old_desk), &person, "phone"), "333");
    assert_string_equal(shows(at(old_desk), &person, "address"), "示例路1号");
    assert_string_equal(shows(at(new_desk), &person, "phone"), "gone");
    assert_string_equal(story_of(at(old_desk), &person, "phone"),
                        "111 by 示例党员001; 333 by 示例党员001 in 示例支部; ");
    world_set(at(old_phone), "person", &person, "phone", "555", NULL);
    sync_all();
    assert_string_equal(shows(at(old_desk), &person, "phone"), "555");
    assert_int_equal(conflicts(world.hub.replica), 0);
    assert_int_equal(run(), 0);
    all_hold();
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
    struct id person = new_person();
    sync_all();
    struct id second = offer(at(old_desk), &person, world.branches[1]);
    struct id third = offer(at(old_phone), &person, world.branches[2]);
    sync_all();
    step(at(new_desk), &second, "received");
    step(at(far_desk), &third, "received");
    sync_all();
    return person;
}

static void two_places_are_a_conflict(void **state)
{
    (void)state;
    struct id person = torn_person();
    assert_int_equal(conflicts(at(old_desk)), 1);
    assert_int_equal(conflicts(world.hub.replica), 1);
    assert_string_equal(shows(at(new_desk), &person, "phone"), "111");
    assert_string_equal(shows(at(far_desk), &person, "phone"), "absent");
    settle_for(at(old_desk), &person, world.branches[1]);
    sync_all();
    assert_int_equal(conflicts(world.hub.replica), 0);
    assert_string_equal(shows(at(new_desk), &person, "phone"), "111");
    assert_string_equal(shows(at(far_desk), &person, "phone"), "absent");
    all_hold();
}

static void the_row_goes_where_the_settlement_says(void **state)
{
    (void)state;
    struct id person = torn_person();
    world_set(at(new_desk), "person", &person, "phone", "333", NULL);
    settle_for(at(old_desk), &person, world.branches[2]);
    sync_all();
    assert_int_equal(conflicts(world.hub.replica), 0);
    assert_string_equal(shows(at(far_desk), &person, "phone"), "333");
    assert_string_equal(shows(at(new_desk), &person, "phone"), "gone");
    assert_string_equal(went(at(new_desk), world.branches[1], &person), "gone to 3");
    assert_string_equal(went(at(old_desk), world.branches[0], &person), "gone to 3");
    all_hold();
}

static void what_hangs_on_the_member_follows(void **state)
{
    (void)state;
    char ref[64] = "person:", text[ID_TEXT_BYTES];
    struct id person = new_person();
    id_format(&person, text);
    strcat(ref, text);
    sync_all();
    struct id tag =
        world_add(at(old_desk), "tag", "ref", ref, "scheme", "local", "code", "书法", NULL);
    struct id visit = world_add(at(old_desk), "visit", "target_ref", ref, "kind", "home_visit",
                                "situation", "示例情况", NULL);
    struct id letter = offer(at(old_desk), &person, world.branches[1]);
    sync(old_desk);
    sync(new_desk);
    step(at(new_desk), &letter, "received");
    sync(new_desk);
    struct id late =
        world_add(at(old_phone), "award", "subject_ref", ref, "title", "示例荣誉", NULL);
    sync_all();
    const struct id *moved[] = {&tag, &late};
    const char *tables[] = {"tag", "award"};
    for (int i = 0; i < 2; i++) {
        json_t *there = row_of(at(new_desk), tables[i], moved[i]);
        json_t *here = row_of(at(old_desk), tables[i], moved[i]);
        assert_non_null(there);
        assert_null(json_object_get(there, "_deleted"));
        assert_true(json_is_string(json_object_get(here, "_moved")));
        json_decref(there);
        json_decref(here);
    }
    assert_null(row_of(at(new_desk), "visit", &visit)); /* the old branch's own work */
    json_t *stays = row_of(at(old_desk), "visit", &visit);
    assert_null(json_object_get(stays, "_deleted"));
    json_decref(stays);
    all_hold();
}

static void what_moved_is_not_edited_here(void **state)
{
    (void)state;
    static const uint8_t no = 0xc2;
    struct id person = moved_person();
    struct change_field back = {.field = FIELD_DELETED, .value = bytes_of(&no, 1)};
    struct change change = {.kind = CHANGE_SETTLE,
                            .table =
                                schema_table_named(replica_schema(at(old_desk)), "person")->number,
                            .id = person,
                            .fields = &back,
                            .fields_count = 1};
    struct saved saved;
    size_t entries, failed;
    assert_int_equal(replica_save(at(old_desk), &change, 1, &saved, &entries, &failed, NULL),
                     STATUS_DENIED);
    change.kind = CHANGE_DELETE;
    change.fields_count = 0;
    assert_int_equal(replica_save(at(old_desk), &change, 1, &saved, &entries, &failed, NULL),
                     STATUS_DENIED);
}

/* Who says alone that a row moved only hides it, as if it were deleted. */
static void a_mark_without_agreement_carries_nothing(void **state)
{
    (void)state;
    struct id person = new_person();
    settle_for(at(old_desk), &person, world.branches[1]);
    sync_all();
    assert_string_equal(shows(at(old_desk), &person, "phone"), "gone");
    assert_string_equal(shows(at(new_desk), &person, "phone"), "absent");
    all_hold();
}

/* A hub that begins to look only now finds what waits. */
static void what_waits_is_found_anew(void **state)
{
    (void)state;
    struct id person = moved_person();
    struct error err = {0};
    world_set(at(new_desk), "person", &person, "phone", "333", NULL);
    struct id letter = offer(at(new_desk), &person, world.branches[0]);
    sync_all();
    step(at(old_desk), &letter, "received");
    assert_true(world_sync(&world, old_desk, 0, NULL));
    struct hub_options options = world.hub.options;
    struct sqlite3 *database = replica_database(world.hub.replica);
    assert_int_equal(
        sqlite3_exec(database, "DROP TABLE _moving; DROP TABLE _left", NULL, NULL, NULL),
        SQLITE_OK);
    hub_close(&world.hub);
    assert_int_equal(hub_open(&world.hub, &options, &err), STATUS_OK);
    run();
    sync_all();
    assert_string_equal(shows(at(old_desk), &person, "phone"), "333");
    all_hold();
}

static void erase(const struct id *person)
{
    struct error err = {0};
    assert_int_equal(hub_erase(&world.hub, "person", person, 0, &err), STATUS_OK);
}

static uint64_t keys_left(const struct id *person)
{
    uint64_t left = 0, count;
    for (size_t i = 0; i < world.clients_count; i++) {
        assert_int_equal(replica_keys_count(at(i), person, &count, NULL), STATUS_OK);
        left += count;
    }
    assert_int_equal(replica_keys_count(world.hub.replica, person, &count, NULL), STATUS_OK);
    return left + count;
}

/* Also for those who stayed behind, and what they wrote before they heard of it. */
static void erasing_reaches_both_places(void **state)
{
    (void)state;
    struct id person = moved_person();
    assert_string_equal(shows(at(new_desk), &person, "kin"), KIN);
    assert_true(keys_left(&person) > 0);
    world_set(at(new_desk), "person", &person, "kin", "示例家属 333", NULL);
    erase(&person);
    sync_all();
    assert_int_equal(keys_left(&person), 0);
    assert_string_equal(shows(at(new_desk), &person, "kin"), "***");
    all_hold();
}

/* What is sealed stays with the row where it was written, so the merged rows are erased, too. */
static void erasing_follows_merges(void **state)
{
    (void)state;
    char text[ID_TEXT_BYTES];
    struct id kept = new_person(), merged = new_person();
    id_format(&kept, text);
    world_set(at(old_desk), "person", &merged, "merged_into", text, NULL);
    sync_all();
    assert_true(keys_left(&merged) > 0);
    erase(&kept);
    sync_all();
    assert_int_equal(keys_left(&kept), 0);
    assert_int_equal(keys_left(&merged), 0);
    all_hold();
}

/* Nobody else may put words into another branch's mouth. */
static void only_the_hub_carries(void **state)
{
    (void)state;
    struct id person = new_person();
    struct replica *replica = at(old_desk);
    const struct schema_table *table = schema_table_named(replica_schema(replica), "person");
    const struct identity *self = replica_identity(replica);
    struct feed_id feed = {SCOPE_RECORDS(world.branches[0]), self->device, self->incarnation};
    struct entry_head head = replica_entry_head(replica);
    struct entry_writer writer = {0};
    struct buffer body = {0};
    struct error err = {0};
    struct dot dot;
    head.has_origin = true;
    head.origin = (struct dot){{SCOPE_RECORDS(world.branches[1]), 9, 1}, 1};
    head.origin_org = head.origin_person = bytes_text("x");
    assert_int_equal(entry_writer_start(&writer, &feed, &head, &err), STATUS_OK);
    assert_int_equal(entry_writer_op(&writer, table->number, &person, &err), STATUS_OK);
    assert_int_equal(entry_writer_field(&writer, 10,
                                        bytes_of((const uint8_t *)"\xa1"
                                                                  "9",
                                                 2),
                                        NULL, 0, &err),
                     STATUS_OK);
    assert_int_equal(entry_writer_finish(&writer, &body, &err), STATUS_OK);
    assert_int_equal(replica_begin(replica, &err), STATUS_OK);
    assert_int_equal(replica_append(replica, feed.scope, buffer_bytes(&body), &dot, &err),
                     STATUS_DENIED);
    assert_string_equal(err.text, "only the hub carries rows from one org to another");
    replica_rollback(replica);
    entry_writer_release(&writer);
    buffer_release(&body);
}

/* Who reads both places finds out when the hub carried what nobody wrote. */
static void verify_compares_carries(void **state)
{
    (void)state;
    struct id person = moved_person();
    struct replica *hub = world.hub.replica;
    uint32_t table = schema_table_named(replica_schema(hub), "person")->number;
    struct feed_id feed = {SCOPE_RECORDS(world.branches[1]), DEVICE_HUB, INCARNATION_FIRST};
    struct entry_head head = replica_entry_head(hub);
    struct entry_writer writer = {0};
    struct buffer body = {0};
    struct error err = {0};
    struct dot dot;
    head.has_origin = true;
    head.origin = (struct dot){{SCOPE_RECORDS(world.branches[0]), 2, 1}, 1};
    assert_int_equal(entry_writer_start(&writer, &feed, &head, &err), STATUS_OK);
    assert_int_equal(entry_writer_op(&writer, table, &person, &err), STATUS_OK);
    assert_int_equal(
        entry_writer_field(&writer, 10, bytes_of((const uint8_t *)"\xa1\x39", 2), NULL, 0, &err),
        STATUS_OK);
    assert_int_equal(entry_writer_finish(&writer, &body, &err), STATUS_OK);
    assert_int_equal(world_faults(hub), 0);
    assert_int_equal(replica_begin(hub, &err), STATUS_OK);
    assert_int_equal(replica_append(hub, feed.scope, buffer_bytes(&body), &dot, &err), STATUS_OK);
    assert_int_equal(replica_commit(hub, &err), STATUS_OK);
    assert_int_equal(world_faults(hub), 1);
    entry_writer_release(&writer);
    buffer_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
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
        RULE(erasing_reaches_both_places),
        RULE(erasing_follows_merges),
        RULE(only_the_hub_carries),
        RULE(verify_compares_carries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
