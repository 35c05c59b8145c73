#include "tests/support/branches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/transfer.h"
#include "common/view.h"

struct world branches;
size_t old_desk, old_phone, new_desk, far_desk; /* devices of three branches */

int branches_set_up(void **state)
{
    (void)state;
    world_start(&branches);
    old_desk = world_join(&branches, ROLE_SECRETARY, branches.branches[0]);
    old_phone = world_join(&branches, ROLE_SECRETARY, branches.branches[0]);
    new_desk = world_join(&branches, ROLE_SECRETARY, branches.branches[1]);
    far_desk = world_join(&branches, ROLE_SECRETARY, branches.branches[2]);
    return 0;
}

int branches_tear_down(void **state)
{
    (void)state;
    world_end(&branches);
    return 0;
}

static void tell(void *context, const struct error *err)
{
    (void)context;
    fprintf(stderr, "transfer: %s\n", err->text);
    abort();
}

uint64_t branches_run(void)
{
    uint64_t moved;
    struct error err = {0};
    assert_int_equal(transfer_run(branches.hub.replica, tell, NULL, &moved, &err), STATUS_OK);
    return moved;
}

void branches_sync(size_t client)
{
    assert_true(world_sync(&branches, client, 0, NULL));
    branches_run();
}

void branches_sync_all(void)
{
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < branches.clients_count; i++)
            branches_sync(i);
}

struct replica *branch(size_t client)
{
    return branches.clients[client];
}

const char *branches_went(struct replica *replica, uint32_t branch, const struct id *id)
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
        if (branches.branches[i] == org)
            snprintf(text, sizeof text, "gone to %d", i + 1);
    return org ? text : "here";
}

const char *branches_show(struct replica *replica, const struct id *id, const char *field)
{
    static char text[200];
    json_t *row = world_row(replica, "person", id);
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
    id_format(&registry_org(replica_registry(branches.hub.replica), number)->id, text);
}

struct id letter_offer(struct replica *replica, const struct id *person, uint32_t org)
{
    char person_text[ID_TEXT_BYTES], org_text[ID_TEXT_BYTES];
    id_format(person, person_text);
    org_id(org, org_text);
    return world_add(replica, "affiliation", "person_id", person_text, "org_id", org_text, "kind",
                     "member", "start_on", "2026-11-01", "state", "issued", "who", "示例党员壹",
                     NULL);
}

void letter_step(struct replica *replica, const struct id *letter, const char *state)
{
    world_set(replica, "affiliation", letter, "state", state, NULL);
}

struct id letter_accepted(const struct id *person)
{
    struct id letter = letter_offer(branch(old_desk), person, branches.branches[1]);
    branches_sync(old_desk);
    branches_sync(new_desk);
    letter_step(branch(new_desk), &letter, "received");
    branches_sync(new_desk);
    return letter;
}

struct id member_new(void)
{
    return world_add(branch(old_desk), "person", "name", "示例党员壹", "phone", "111", "kin", KIN,
                     NULL);
}

struct id member_moved(void)
{
    struct id person = member_new();
    branches_sync_all();
    struct id letter = letter_offer(branch(old_desk), &person, branches.branches[1]);
    branches_sync_all();
    letter_step(branch(new_desk), &letter, "received");
    branches_sync_all();
    return person;
}

size_t branches_conflicts(struct replica *replica)
{
    json_t *list;
    assert_int_equal(view_begin(replica, NULL), STATUS_OK);
    assert_int_equal(view_conflicts(replica, &list, NULL), STATUS_OK);
    view_end(replica);
    size_t count = json_array_size(list);
    json_decref(list);
    return count;
}

void branches_hold(void)
{
    branches_sync_all();
    for (size_t i = 0; i < branches.clients_count; i++)
        assert_int_equal(world_faults(branch(i)), 0);
    assert_int_equal(world_faults(branches.hub.replica), 0);
}
