/* Entries that come before what they are judged by: they wait in the log, and count when it comes.
 * Whatever the order, the tables end up the same. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/renew.h"
#include "server/revoke.h"
#include "server/roster.h"
#include "tests/support/world.h"

#define RUNS_MAX 200
#define PERSON 17

static struct world world;
static struct replica *reader; /* empty; reads what the tests hand to it */
static struct buffer runs[RUNS_MAX];
static size_t runs_count;

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static int setup(void **state)
{
    struct replica_options options = {.path = ":memory:", .clock = clock_system()};
    (void)state;
    world_start(&world);
    return replica_create(&reader, &options, replica_network(world.hub.replica), NULL) == STATUS_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < runs_count; i++)
        buffer_release(&runs[i]);
    runs_count = 0;
    replica_close(reader);
    world_end(&world);
    return 0;
}

/* ---- what the hub holds, in pieces ---- */

static enum status keep_run(void *context, const struct run *run, struct error *err)
{
    (void)context;
    assert_true(runs_count < RUNS_MAX);
    return run_encode(run, &runs[runs_count++], err);
}

static void take_all_from_hub(void)
{
    struct frontier known = {0};
    struct run_wish wish = {.unit_bytes = 1, .budget_bytes = SIZE_MAX, .take = keep_run};
    bool more;
    done(replica_runs(world.hub.replica, &wish, &known, &more, NULL));
    frontier_release(&known);
}

static uint32_t scope_of(size_t at)
{
    struct run run;
    struct bytes *bodies;
    done(run_decode(&run, &bodies, buffer_bytes(&runs[at]), NULL));
    free(bodies);
    return run.feed.scope;
}

typedef enum status receiver(struct replica *replica, const struct run *run,
                             struct received *received, struct error *err);

static struct received hand_over_by(receiver *receive, struct replica *replica, size_t at)
{
    struct received received = {0};
    struct run run;
    struct bytes *bodies;
    done(run_decode(&run, &bodies, buffer_bytes(&runs[at]), NULL));
    done(replica_begin(replica, NULL));
    done(receive(replica, &run, &received, NULL));
    done(replica_commit(replica, NULL));
    free(bodies);
    return received;
}

static struct received hand_over(struct replica *replica, size_t at)
{
    return hand_over_by(replica_receive, replica, at);
}

enum part { IN_REGISTRY, IN_RECORDS };

/* What the hub holds of an org, or of all but it. Gives how many entries count. */
static uint64_t hand_over_part(enum part part, uint32_t org, bool all_but)
{
    uint64_t applied = 0;
    for (size_t i = 0; i < runs_count; i++)
        if (SCOPE_IS_REGISTRY(scope_of(i)) == (part == IN_REGISTRY) &&
            (SCOPE_ORG(scope_of(i)) == org) != all_but)
            applied += hand_over(reader, i).applied;
    return applied;
}

static bool has_person(struct replica *replica, const struct id *id)
{
    struct row row = {0};
    bool found = false;
    if (replica_schema(replica))
        done(replica_row(replica, PERSON, id, 0, &row, &found, NULL));
    row_release(&row);
    return found;
}

static struct id add_person(size_t client, uint32_t org)
{
    struct replica *replica = world.clients[client];
    struct id id = world_add_at(replica, org, "person", "name", "示例党员001", NULL);
    assert_true(world_sync(&world, client, 0, NULL));
    return id;
}

/* ---- waiting ---- */

static void an_entry_counts_when_its_org_comes(void **state)
{
    (void)state;
    size_t clerk = world_join(&world, ROLE_CLERK, world.township);
    struct id id = add_person(clerk, world.branches[0]);
    take_all_from_hub();
    hand_over_part(IN_REGISTRY, world.branches[0], true);
    assert_int_equal(hand_over_part(IN_RECORDS, world.branches[0], false), 0);
    assert_false(has_person(reader, &id));
    hand_over_part(IN_REGISTRY, world.branches[0], false);
    assert_true(has_person(reader, &id));
    assert_true(world_agree(reader, world.hub.replica));
    assert_int_equal(world_faults(reader), 0);
}

static void publish_next_schema(void)
{
    const struct schema *old = replica_schema(world.hub.replica);
    char *text = strdup(old->text);
    char *at = text ? strstr(text, "\"epoch\": 1,") : NULL;
    struct schema *next;
    assert_non_null(at);
    at[strlen("\"epoch\": ")] = '2';
    done(schema_load(&next, bytes_of(text, old->text_size), NULL));
    done(replica_begin(world.hub.replica, NULL));
    done(roster_write_schema(world.hub.replica, next, NULL));
    done(replica_commit(world.hub.replica, NULL));
    schema_free(next);
    free(text);
}

static bool is_schema_2(size_t at, const struct dot *schema)
{
    struct run run;
    struct bytes *bodies;
    done(run_decode(&run, &bodies, buffer_bytes(&runs[at]), NULL));
    free(bodies);
    return feed_compare(&run.feed, &schema->feed) == 0 && run.first >= schema->number;
}

static void an_entry_counts_when_its_schema_comes(void **state)
{
    (void)state;
    size_t clerk = world_join(&world, ROLE_CLERK, world.township);
    struct dot schema = {{SCOPE_REGISTRY(ORG_ROOT), DEVICE_HUB, INCARNATION_FIRST}, 0};
    schema.number = frontier_get(replica_frontier(world.hub.replica), &schema.feed) + 1;
    struct id before = add_person(clerk, world.township);
    publish_next_schema();
    assert_true(world_sync(&world, clerk, 0, NULL));
    struct id after = add_person(clerk, world.township);
    take_all_from_hub();
    for (size_t i = 0; i < runs_count; i++)
        if (!is_schema_2(i, &schema))
            hand_over(reader, i);
    assert_true(has_person(reader, &before));
    assert_false(has_person(reader, &after));
    for (size_t i = 0; i < runs_count; i++)
        if (is_schema_2(i, &schema))
            hand_over(reader, i);
    assert_true(has_person(reader, &after));
    assert_true(world_agree(reader, world.hub.replica));
    assert_int_equal(world_faults(reader), 0);
}

/* ---- moving ---- */

static void move(size_t client, enum role role, uint32_t org)
{
    struct renewal renewal = {role, org};
    uint32_t device = replica_identity(world.clients[client])->device;
    done(hub_renew_device(&world.hub, registry_device(replica_registry(world.hub.replica), device),
                          &renewal, NULL));
}

static void a_device_that_moved_has_no_say_where_it_was(void **state)
{
    (void)state;
    size_t mover = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    size_t stays = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    struct id before = add_person(mover, world.branches[0]);
    move(mover, ROLE_SECRETARY, world.branches[1]);
    /* It hasn't heard of it. */
    struct id after = world_add(world.clients[mover], "person", "name", "示例党员002", NULL);
    assert_true(world_sync(&world, mover, 0, NULL));
    assert_true(world_sync(&world, stays, 0, NULL));
    assert_true(has_person(world.hub.replica, &before));
    assert_false(has_person(world.hub.replica, &after));
    assert_true(has_person(world.clients[stays], &before));
    assert_false(has_person(world.clients[stays], &after));
    assert_true(world_agree(world.clients[stays], world.hub.replica));
    struct id there = add_person(mover, world.branches[1]);
    assert_true(has_person(world.hub.replica, &there));
    assert_false(has_person(world.clients[mover], &after));
    assert_int_equal(world_faults(world.hub.replica), 0);
    assert_int_equal(world_faults(world.clients[stays]), 0);
}

/* Somebody of the old branch who has the device's later entries, but not from the hub. */
static void a_branch_that_a_device_left_judges_it_as_the_hub_does(void **state)
{
    (void)state;
    size_t mover = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    add_person(mover, world.branches[0]);
    move(mover, ROLE_SECRETARY, world.branches[1]);
    struct id after = world_add(world.clients[mover], "person", "name", "示例党员002", NULL);
    assert_true(world_sync(&world, mover, 0, NULL));
    take_all_from_hub();
    hand_over_part(IN_REGISTRY, ORG_ROOT, false);
    hand_over_part(IN_REGISTRY, world.county, false);
    hand_over_part(IN_REGISTRY, world.township, false);
    hand_over_part(IN_REGISTRY, world.branches[0], false);
    hand_over_part(IN_RECORDS, world.branches[0], false);
    assert_false(has_person(reader, &after));
    assert_true(world_agree(reader, world.hub.replica));
}

/* ---- any order ---- */

static uint32_t random_state;

static size_t random_below(size_t bound)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % bound;
}

/* As after a restore from a backup: what the hub writes from now on stands in other feeds. They are
 * numbered at random; here a later life has the smaller number. */
static void give_hub_a_new_life(bool small)
{
    done(replica_begin(world.hub.replica, NULL));
    do
        done(replica_new_life(world.hub.replica, NULL));
    while ((replica_identity(world.hub.replica)->incarnation < 1u << 30) != small);
    done(replica_commit(world.hub.replica, NULL));
}

static void revoke(size_t client, uint64_t last_good)
{
    const struct registry *registry = replica_registry(world.hub.replica);
    uint32_t device = replica_identity(world.clients[client])->device;
    done(hub_revoke(&world.hub, registry_device(registry, device), last_good, NULL));
}

static void expect_same_registry(const struct replica *replica)
{
    const struct registry *ours = replica_registry(replica);
    const struct registry *hub_s = replica_registry(world.hub.replica);
    assert_int_equal(registry_orgs_count(ours), registry_orgs_count(hub_s));
    assert_int_equal(registry_devices_count(ours), registry_devices_count(hub_s));
    assert_int_equal(registry_schema(ours)->epoch, registry_schema(hub_s)->epoch);
    for (size_t i = 0; i < registry_devices_count(ours); i++) {
        const struct device *a = registry_device_at(ours, i), *b = registry_device_at(hub_s, i);
        assert_int_equal(a->state, b->state);
        assert_int_equal(a->certificate.serial, b->certificate.serial);
    }
    for (size_t i = 0; i < registry_orgs_count(ours); i++)
        assert_string_equal(registry_org_at(ours, i)->name, registry_org_at(hub_s, i)->name);
}

/* Again and again in random order, until nothing is new: what has no place yet is refused. */
static void hand_over_in_disorder(struct replica *replica)
{
    size_t order[RUNS_MAX];
    bool news = true;
    while (news) {
        news = false;
        for (size_t i = 0; i < runs_count; i++) {
            size_t at = random_below(i + 1);
            order[i] = order[at];
            order[at] = i;
        }
        for (size_t i = 0; i < runs_count; i++) {
            struct received received = hand_over(replica, order[i]);
            news |= received.applied + received.aside > 0;
        }
    }
}

static void expect_same_in_any_order(void)
{
    take_all_from_hub();
    for (uint32_t seed = 1; seed <= 40; seed++) {
        struct replica_options options = {.path = ":memory:", .clock = clock_system()};
        struct replica *replica;
        done(replica_create(&replica, &options, replica_network(world.hub.replica), NULL));
        random_state = seed;
        hand_over_in_disorder(replica);
        assert_int_equal(replica_frontier(replica)->count,
                         replica_frontier(world.hub.replica)->count);
        expect_same_registry(replica);
        done(replica_begin(replica, NULL));
        replica_rollback(replica); /* all that is kept in memory is read anew */
        expect_same_registry(replica);
        if (!world_agree(replica, world.hub.replica) || world_faults(replica) != 0)
            fail_msg("seed %u", seed);
        replica_close(replica);
    }
}

static void any_order_ends_in_the_same_tables(void **state)
{
    (void)state;
    size_t clerk = world_join(&world, ROLE_CLERK, world.county);
    size_t mover = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    add_person(clerk, world.branches[2]);
    add_person(mover, world.branches[0]);
    give_hub_a_new_life(false);
    size_t lost = world_join(&world, ROLE_SECRETARY, world.branches[1]);
    add_person(lost, world.branches[1]);
    move(mover, ROLE_VOLUNTEER, world.branches[1]);
    world_add(world.clients[mover], "person", "name", "示例党员002", NULL);
    assert_true(world_sync(&world, mover, 0, NULL));
    give_hub_a_new_life(true);
    revoke(lost, 0);
    publish_next_schema();
    assert_true(world_sync(&world, clerk, 0, NULL) && world_sync(&world, mover, 0, NULL));
    add_person(clerk, world.branches[0]);
    add_person(mover, world.branches[1]);
    expect_same_in_any_order();
}

/* Two wrote apart, a third settled it; then one of the two is revoked, before or behind what the
 * settlement replaced, and what it wrote last is adopted. */
static void play_revocation(uint64_t last_good)
{
    size_t clerk = world_join(&world, ROLE_CLERK, world.county);
    size_t one = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    size_t two = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    struct id person = add_person(one, world.branches[0]);
    assert_true(world_sync(&world, two, 0, NULL));
    world_set(world.clients[one], "person", &person, "phone", "13900000001", NULL);
    world_set(world.clients[two], "person", &person, "phone", "13900000002", NULL);
    for (size_t client = clerk; client <= two; client++)
        assert_true(world_sync(&world, client, 0, NULL));
    assert_true(world_sync(&world, clerk, 0, NULL));
    world_set(world.clients[clerk], "person", &person, "phone", "13900000003", NULL);
    world_set(world.clients[two], "person", &person, "note", "独居", NULL);
    assert_true(world_sync(&world, two, 0, NULL) && world_sync(&world, clerk, 0, NULL));
    revoke(two, last_good);
    assert_true(world_sync(&world, clerk, 0, NULL));
    uint32_t device = replica_identity(world.clients[two])->device;
    struct dot last = {{SCOPE_RECORDS(world.branches[0]), device, INCARNATION_FIRST}, 2}, as;
    done(replica_begin(world.clients[clerk], NULL));
    done(replica_adopt(world.clients[clerk], &last, &as, NULL));
    done(replica_commit(world.clients[clerk], NULL));
    assert_true(world_sync(&world, clerk, 0, NULL) && world_sync(&world, one, 0, NULL));
    assert_true(world_agree(world.clients[one], world.hub.replica));
    expect_same_in_any_order();
}

static void entries_revocation_settlement_and_adoption_end_alike_in_any_order(void **state)
{
    (void)state;
    play_revocation(1);
}

static void so_they_do_when_what_was_settled_never_counted(void **state)
{
    (void)state;
    play_revocation(0);
}

/* ---- two orgs of one number ---- */

static void call_org(uint32_t number, uint32_t parent, const char *name)
{
    struct org org = {.number = number, .parent = parent, .id = {{(uint8_t)parent, 7}}};
    done(replica_begin(world.hub.replica, NULL));
    done(roster_write_org(world.hub.replica, &org, "branch", name, NULL));
    done(replica_commit(world.hub.replica, NULL));
}

static uint64_t set_aside_at(struct replica *replica)
{
    struct replica_counts counts;
    done(replica_counts(replica, &counts, NULL));
    return counts.set_aside;
}

/* Who stands above the one that counts goes on; what the other's clerk wrote is listed, and
 * somebody may adopt it. */
static void what_was_saved_under_another_org_of_that_number_is_listed(void **state)
{
    (void)state;
    uint32_t number = registry_next_org(replica_registry(world.hub.replica)) + 1;
    size_t clerk = world_join(&world, ROLE_CLERK, world.township);
    size_t bureau = world_join(&world, ROLE_BUREAU, ORG_ROOT);
    give_hub_a_new_life(false);
    call_org(number - 1, world.county, "示例乡");
    call_org(number, number - 1, "示例支部乙");
    size_t other = world_join(&world, ROLE_CLERK, number - 1);
    size_t secretary = world_join(&world, ROLE_SECRETARY, number);
    struct id by_other = add_person(other, number), by_secretary = add_person(secretary, number);
    assert_int_equal(set_aside_at(world.hub.replica), 0);
    struct id unsent =
        world_add_at(world.clients[other], number, "person", "name", "示例党员003", NULL);
    give_hub_a_new_life(true);
    call_org(number, world.township, "示例支部甲");
    assert_string_equal(registry_org(replica_registry(world.hub.replica), number)->name,
                        "示例支部甲");
    assert_true(world_sync(&world, clerk, 0, NULL) && world_sync(&world, secretary, 0, NULL));
    assert_true(has_person(world.clients[clerk], &by_secretary));
    assert_false(has_person(world.hub.replica, &by_other));
    struct id by_clerk = add_person(clerk, number);
    /* It hasn't heard of it, and what it saved arrives all the same. */
    assert_true(world_sync(&world, other, 0, NULL) && world_sync(&world, other, 0, NULL));
    assert_false(has_person(world.clients[other], &unsent));
    assert_true(has_person(world.clients[secretary], &by_secretary));
    assert_true(world_sync(&world, secretary, 0, NULL));
    assert_true(has_person(world.clients[secretary], &by_clerk));
    assert_int_equal(set_aside_at(world.hub.replica), 3); /* with the org */
    uint32_t device = replica_identity(world.clients[other])->device;
    struct dot last = {{SCOPE_RECORDS(number), device, INCARNATION_FIRST}, 2}, as;
    assert_true(world_sync(&world, bureau, 0, NULL));
    done(replica_begin(world.clients[bureau], NULL));
    done(replica_adopt(world.clients[bureau], &last, &as, NULL));
    done(replica_commit(world.clients[bureau], NULL));
    assert_true(world_sync(&world, bureau, 0, NULL));
    assert_true(has_person(world.hub.replica, &unsent));
    expect_same_in_any_order();
}

/* ---- carried before their turn ---- */

static uint64_t early_of(struct replica *replica)
{
    struct replica_counts counts;
    done(replica_counts(replica, &counts, NULL));
    return counts.early;
}

/* Twice each, the last one first; the numbers alone decide when a run's turn comes. */
static void runs_that_are_carried_in_disorder_all_end_in_the_tables(void **state)
{
    (void)state;
    size_t clerk = world_join(&world, ROLE_CLERK, world.county);
    size_t one = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    for (size_t i = 0; i < 8; i++)
        add_person(one, world.branches[0]);
    take_all_from_hub();
    for (size_t i = runs_count; i-- > 0;)
        for (size_t times = 0; times < 2; times++)
            hand_over_by(replica_receive_carried, world.clients[clerk], i);
    assert_int_equal(early_of(world.clients[clerk]), 0);
    assert_true(world_agree(world.clients[clerk], world.hub.replica));
    assert_int_equal(world_faults(world.clients[clerk]), 0);
}

static struct received carry_beyond_gap(struct replica *replica, uint32_t scope, size_t bytes,
                                        uint8_t filling)
{
    static uint8_t content[1 << 20], signature[SIGNATURE_BYTES];
    struct bytes body = bytes_of(content, bytes);
    struct run run = {.feed = {scope, DEVICE_HUB, INCARNATION_FIRST},
                      .first = 1000,
                      .count = 1,
                      .bodies = &body,
                      .signature = signature};
    struct received received = {0};
    memset(content, filling, sizeof content);
    done(replica_begin(replica, NULL));
    done(replica_receive_carried(replica, &run, &received, NULL));
    done(replica_commit(replica, NULL));
    return received;
}

static void what_waits_beyond_gaps_is_bounded_and_the_newest_stays(void **state)
{
    (void)state;
    size_t clerk = world_join(&world, ROLE_CLERK, world.county);
    struct replica *replica = world.clients[clerk];
    uint32_t scope = SCOPE_REGISTRY(ORG_ROOT);
    for (uint8_t i = 0; i < 20; i++)
        assert_int_equal(carry_beyond_gap(replica, scope, 1 << 20, i).early, 1);
    uint64_t kept = early_of(replica);
    assert_in_range(kept, 10, EARLY_BYTES >> 20);
    carry_beyond_gap(replica, scope, 1 << 20, 19);
    assert_int_equal(early_of(replica), kept);
}

static void what_may_not_be_held_here_is_not_kept_either(void **state)
{
    (void)state;
    size_t one = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    uint32_t scope = SCOPE_RECORDS(world.branches[1]);
    assert_int_equal(carry_beyond_gap(world.clients[one], scope, 10, 1).refused, 1);
    assert_int_equal(early_of(world.clients[one]), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_entry_counts_when_its_org_comes),
        CASE(an_entry_counts_when_its_schema_comes),
        CASE(a_device_that_moved_has_no_say_where_it_was),
        CASE(a_branch_that_a_device_left_judges_it_as_the_hub_does),
        CASE(any_order_ends_in_the_same_tables),
        CASE(entries_revocation_settlement_and_adoption_end_alike_in_any_order),
        CASE(so_they_do_when_what_was_settled_never_counted),
        CASE(what_was_saved_under_another_org_of_that_number_is_listed),
        CASE(runs_that_are_carried_in_disorder_all_end_in_the_tables),
        CASE(what_waits_beyond_gaps_is_bounded_and_the_newest_stays),
        CASE(what_may_not_be_held_here_is_not_kept_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
