/* Members are sent to and fro by people who meet the hub when they can. Whatever the order: nothing
 * that was written is lost, a member is in one place or the list of conflicts says why not, and all
 * replicas agree with the hub and with their own logs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "common/transfer.h"
#include "tests/support/chance.h"
#include "tests/support/letters.h"
#include "tests/support/world.h"

#define STORIES 12
#define ACTS 140
#define DESKS 6 /* two in each branch */
#define MEMBERS 3
#define PHONES_MAX 200

struct story {
    struct world world;
    struct chance chance;
    struct id members[MEMBERS];
    int phones[MEMBERS][PHONES_MAX]; /* what was written */
    int phones_count[MEMBERS];
    int next_phone, next_day;
};

static void tell(void *context, const struct error *err)
{
    (void)context;
    fail_msg("transfer: %s", err->text);
}

static void run_transfers(struct story *story)
{
    uint64_t moved;
    struct error err = {0};
    if (transfer_run(story->world.hub.replica, tell, NULL, &moved, &err) != STATUS_OK)
        fail_msg("%s", err.text);
}

static void meet(struct story *story, size_t desk)
{
    assert_true(world_sync(&story->world, desk, 0, NULL));
    if (chance_below(&story->chance, 3) > 0)
        run_transfers(story);
}

static void meet_all(struct story *story)
{
    for (int round = 0; round < 4; round++)
        for (size_t desk = 0; desk < DESKS; desk++) {
            assert_true(world_sync(&story->world, desk, 0, NULL));
            run_transfers(story);
        }
}

static bool is_here(struct replica *replica, const struct id *member)
{
    json_t *row = world_row(replica, "person", member);
    bool here = row && !json_object_get(row, "_deleted");
    json_decref(row);
    return here;
}

static void call(struct story *story, size_t desk, int member)
{
    char phone[16];
    struct replica *replica = story->world.clients[desk];
    if (!is_here(replica, &story->members[member]) || story->phones_count[member] == PHONES_MAX)
        return;
    snprintf(phone, sizeof phone, "%d", story->next_phone);
    world_set(replica, "person", &story->members[member], "phone", phone, NULL);
    story->phones[member][story->phones_count[member]++] = story->next_phone++;
}

static void send(struct story *story, size_t desk, int member)
{
    char person[ID_TEXT_BYTES], org[ID_TEXT_BYTES], day[16];
    struct replica *replica = story->world.clients[desk];
    uint32_t to = story->world.branches[chance_below(&story->chance, 3)];
    if (!is_here(replica, &story->members[member]))
        return;
    id_format(&story->members[member], person);
    id_format(&registry_org(replica_registry(story->world.hub.replica), to)->id, org);
    snprintf(day, sizeof day, "20%02d-01-01", story->next_day++ % 100);
    world_add(replica, "affiliation", "person_id", person, "org_id", org, "kind", "member",
              "start_on", day, "state", "issued", "who", "示例党员壹", NULL);
}

/* Answers each open letter where it goes, and few on their way: nothing comes of those. */
static void answer(struct story *story, size_t desk)
{
    struct replica *replica = story->world.clients[desk];
    struct letters letters;
    assert_int_equal(letters_open(replica, &letters, NULL), STATUS_OK);
    for (size_t i = 0; i < letters.count; i++)
        if (letters.items[i].arrived || chance_below(&story->chance, 8) == 0)
            world_set(replica, "affiliation", &letters.items[i].id, "state",
                      chance_below(&story->chance, 4) ? "received" : "returned#2", NULL);
}

static void act(struct story *story)
{
    size_t desk = chance_below(&story->chance, DESKS);
    int member = (int)chance_below(&story->chance, MEMBERS);
    switch (chance_below(&story->chance, 8)) {
    case 0:
    case 1:
        call(story, desk, member);
        break;
    case 2:
        send(story, desk, member);
        break;
    case 3:
    case 4:
        answer(story, desk);
        break;
    default:
        meet(story, desk);
    }
}

/* Where the hub has a live row of the member. */
static int homes(struct story *story, const struct id *member, uint32_t *home)
{
    struct replica *hub = story->world.hub.replica;
    const struct schema_table *table = schema_table_named(replica_schema(hub), "person");
    int count = 0;
    for (int i = 0; i < 3; i++) {
        struct row row = {0};
        bool found;
        uint32_t scope = SCOPE_RECORDS(story->world.branches[i]);
        assert_int_equal(replica_row(hub, table->number, member, scope, &row, &found, NULL),
                         STATUS_OK);
        if (found && row_presence(&row) == ROW_HERE) {
            count++;
            *home = story->world.branches[i];
        }
        row_release(&row);
    }
    return count;
}

struct seen {
    const struct story *story;
    int member;
    bool phones[PHONES_MAX];
};

static enum status see(void *context, const struct history_item *item, struct error *err)
{
    struct seen *seen = context;
    struct unpack in = unpack_of(item->value);
    struct bytes text;
    char phone[16] = "";
    (void)err;
    if (item->field != 10 || !unpack_str(&in, &text) || text.size >= sizeof phone)
        return STATUS_OK;
    memcpy(phone, text.data, text.size);
    for (int i = 0; i < seen->story->phones_count[seen->member]; i++)
        if (seen->story->phones[seen->member][i] == atoi(phone))
            seen->phones[i] = true;
    return STATUS_OK;
}

/* Gives the org where the member lives. */
static uint32_t nothing_is_lost(struct story *story, int member)
{
    struct replica *hub = story->world.hub.replica;
    struct seen seen = {story, member, {false}};
    const struct schema_table *table = schema_table_named(replica_schema(hub), "person");
    uint32_t home = 0;
    assert_int_equal(homes(story, &story->members[member], &home), 1);
    assert_int_equal(
        replica_row_history(hub, table->number, &story->members[member], see, &seen, NULL),
        STATUS_OK);
    for (int i = 0; i < story->phones_count[member]; i++)
        if (!seen.phones[i])
            fail_msg("member %d: the phone %d is not in the history where it lives", member,
                     story->phones[member][i]);
    return home;
}

/* Gives how many members live elsewhere in the end. */
static int play(uint64_t seed)
{
    int away = 0;
    struct story story = {.chance = {seed}, .next_phone = 1};
    world_start(&story.world);
    for (int i = 0; i < DESKS; i++)
        world_join(&story.world, ROLE_SECRETARY, story.world.branches[i / 2]);
    for (int i = 0; i < MEMBERS; i++)
        story.members[i] =
            world_add(story.world.clients[2 * i], "person", "name", "示例党员壹", NULL);
    meet_all(&story);
    for (int i = 0; i < ACTS; i++)
        act(&story);
    meet_all(&story);
    for (int i = 0; i < MEMBERS; i++)
        away += nothing_is_lost(&story, i) != story.world.branches[i];
    assert_int_equal(world_faults(story.world.hub.replica), 0);
    for (int i = 0; i < DESKS; i++)
        assert_true(world_agree(story.world.clients[i], story.world.hub.replica));
    world_end(&story.world);
    return away;
}

static void members_go_to_and_fro_and_nothing_is_lost(void **state)
{
    int away = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= STORIES; seed++) {
        fprintf(stderr, "seed %d\n", (int)seed);
        away += play(seed);
    }
    /* Else the stories tell nothing. */
    assert_in_range(away, STORIES / 2, STORIES * MEMBERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_go_to_and_fro_and_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
