/* Who may carry a record to another branch, who finds out what was carried wrongly, and what is
 * left of it once it is erased. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/replica_seal.h"
#include "server/erase.h"
#include "tests/support/branches.h"

static void erase(const struct id *person)
{
    struct error err = {0};
    assert_int_equal(hub_erase(&branches.hub, "person", person, 0, &err), STATUS_OK);
}

static uint64_t keys_left(const struct id *person)
{
    uint64_t left = 0, count;
    for (size_t i = 0; i < branches.clients_count; i++) {
        assert_int_equal(replica_keys_count(branch(i), person, &count, NULL), STATUS_OK);
        left += count;
    }
    assert_int_equal(replica_keys_count(branches.hub.replica, person, &count, NULL), STATUS_OK);
    return left + count;
}

/* Also for those who stayed behind, and what they wrote before they heard of it. */
static void erasing_reaches_both_places(void **state)
{
    (void)state;
    struct id person = member_moved();
    assert_string_equal(branches_show(branch(new_desk), &person, "kin"), KIN);
    assert_true(keys_left(&person) > 0);
    world_set(branch(new_desk), "person", &person, "kin", "示例家属 333", NULL);
    erase(&person);
    branches_sync_all();
    assert_int_equal(keys_left(&person), 0);
    assert_string_equal(branches_show(branch(new_desk), &person, "kin"), "***");
    branches_hold();
}

/* What is sealed stays with the row where it was written, so the merged rows are erased, too. */
static void erasing_follows_merges(void **state)
{
    (void)state;
    char text[ID_TEXT_BYTES];
    struct id kept = member_new(), merged = member_new();
    id_format(&kept, text);
    world_set(branch(old_desk), "person", &merged, "merged_into", text, NULL);
    branches_sync_all();
    assert_true(keys_left(&merged) > 0);
    erase(&kept);
    branches_sync_all();
    assert_int_equal(keys_left(&kept), 0);
    assert_int_equal(keys_left(&merged), 0);
    branches_hold();
}

/* Nobody else may put words into another branch's mouth. */
static void only_the_hub_carries(void **state)
{
    (void)state;
    struct id person = member_new();
    struct replica *replica = branch(old_desk);
    const struct schema_table *table = schema_table_named(replica_schema(replica), "person");
    const struct identity *self = replica_identity(replica);
    struct feed_id feed = {SCOPE_RECORDS(branches.branches[0]), self->device, self->incarnation};
    struct entry_head head = replica_entry_head(replica);
    struct entry_writer writer = {0};
    struct buffer body = {0};
    struct error err = {0};
    struct dot dot;
    head.has_origin = true;
    head.origin = (struct dot){{SCOPE_RECORDS(branches.branches[1]), 9, 1}, 1};
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
    struct id person = member_moved();
    struct replica *hub = branches.hub.replica;
    uint32_t table = schema_table_named(replica_schema(hub), "person")->number;
    struct feed_id feed = {SCOPE_RECORDS(branches.branches[1]), DEVICE_HUB, INCARNATION_FIRST};
    struct entry_head head = replica_entry_head(hub);
    struct entry_writer writer = {0};
    struct buffer body = {0};
    struct error err = {0};
    struct dot dot;
    head.has_origin = true;
    head.origin = (struct dot){{SCOPE_RECORDS(branches.branches[0]), 2, 1}, 1};
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
#define RULE(name) cmocka_unit_test_setup_teardown(name, branches_set_up, branches_tear_down)
        RULE(erasing_reaches_both_places),
        RULE(erasing_follows_merges),
        RULE(only_the_hub_carries),
        RULE(verify_compares_carries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
