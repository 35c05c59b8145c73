/* What is taken of a snapshot, and from whom: a chunk only when it is the one that the manifest
 * names, a manifest only when the hub signed it, under the rights that are known here; and rows
 * only when they add up. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/replica_floor.h"
#include "common/replica_state.h"
#include "common/view.h"
#include "server/revoke.h"
#include "tests/support/snapshots.h"

#define MANY 2500 /* rows: some chunks */

static struct world world;
static size_t writer, reader, stranger;
static uint32_t org, scope;
static struct replica *fresh;
static struct snapshots_made made;
static struct id event;

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static int start(void **state)
{
    (void)state;
    world_start(&world);
    org = world.branches[0];
    scope = SCOPE_RECORDS(org);
    writer = world_join(&world, ROLE_SECRETARY, org);
    reader = world_join(&world, ROLE_VOLUNTEER, org);
    stranger = world_join(&world, ROLE_VOLUNTEER, world.branches[1]);
    event = world_add_at(world.clients[writer], org, "event", "kind", "members_meeting", "theme",
                         "甲", NULL);
    world_set(world.clients[writer], "event", &event, "theme", "乙", NULL);
    world_sync(&world, writer, 0, NULL);
    fresh = snapshots_reader(&world, reader, NULL);
    snapshots_make(world.hub.replica, scope, &made);
    return 0;
}

static int end(void **state)
{
    (void)state;
    snapshots_release(&made);
    replica_close(fresh);
    world_end(&world);
    return 0;
}

static enum status stage_in(struct replica *replica)
{
    return replica_snapshot_stage(replica, buffer_bytes(&made.sealed),
                                  buffer_bytes(&made.snapshot.leaves), NULL);
}

static enum status give_chunk(uint32_t index, const struct buffer *frame)
{
    struct snapshot_chunk chunk = {scope, index, buffer_bytes(frame)};
    return replica_snapshot_chunk(fresh, &chunk, NULL);
}

static bool holds_nothing(void)
{
    struct tally *tallies;
    size_t count;
    done(replica_tallies(fresh, 0, &tallies, &count, NULL));
    free(tallies);
    return count == 0 && fresh->floors_count == 0;
}

static bool is_staged(void)
{
    struct snapshot_lack lack;
    return replica_snapshot_lacks(fresh, scope, &lack, NULL) == STATUS_OK;
}

/* ---- chunks ---- */

static void a_chunk_that_is_damaged_or_another_one_is_not_staged(void **state)
{
    struct snapshot_lack lack;
    (void)state;
    done(stage_in(fresh));
    assert_true(made.count >= 2);
    assert_int_equal(give_chunk(0, &made.frames[1]), STATUS_FORGED);
    assert_int_equal(give_chunk((uint32_t)made.count, &made.frames[0]), STATUS_BAD_INPUT);
    for (size_t i = 16; i < made.frames[0].size; i++) { /* behind the frame's header */
        made.frames[0].data[i] ^= 1;
        enum status status = give_chunk(0, &made.frames[0]);
        assert_true(status == STATUS_FORGED || status == STATUS_BAD_INPUT);
        made.frames[0].data[i] ^= 1;
    }
    done(replica_snapshot_lacks(fresh, scope, &lack, NULL));
    assert_int_equal(lack.count, made.count);
    done(give_chunk(0, &made.frames[0]));
    assert_int_equal(replica_snapshot_place(fresh, scope, NULL), STATUS_GAP);
    assert_true(holds_nothing() && is_staged());
}

static void what_was_staged_serves_a_newer_snapshot(void **state)
{
    struct snapshots_made newer = {0};
    struct snapshot_lack lack;
    (void)state;
    done(replica_begin(world.hub.replica, NULL));
    for (int i = 0; i < MANY; i++) {
        char code[16];
        snprintf(code, sizeof code, "c%d", i);
        world_add_at(world.hub.replica, org, "tag", "ref",
                     "person:0123456789abcdef0123456789abcdef", "scheme", "skill", "code", code,
                     NULL);
    }
    done(replica_commit(world.hub.replica, NULL));
    snapshots_release(&made);
    snapshots_make(world.hub.replica, scope, &made);
    snapshots_stage(fresh, &made);
    world_add_at(world.hub.replica, org, "event", "kind", "members_meeting", "theme", "丙", NULL);
    snapshots_make(world.hub.replica, scope, &newer);
    done(replica_snapshot_stage(fresh, buffer_bytes(&newer.sealed),
                                buffer_bytes(&newer.snapshot.leaves), NULL));
    size_t lacking = 0;
    for (;;) {
        done(replica_snapshot_lacks(fresh, scope, &lack, NULL));
        if (lack.count == 0)
            break;
        struct snapshot_chunk chunk = {scope, lack.first, buffer_bytes(&newer.frames[lack.first])};
        done(replica_snapshot_chunk(fresh, &chunk, NULL));
        lacking++;
    }
    assert_true(newer.count > 3);
    assert_true(lacking < newer.count);
    done(replica_snapshot_place(fresh, scope, NULL));
    assert_true(world_agree(fresh, world.hub.replica));
    snapshots_release(&newer);
}

/* ---- manifests ---- */

static void only_the_hub_signs(void **state)
{
    const struct network *network = replica_network(world.hub.replica);
    struct network other = *network;
    const struct signing_key *hub = &replica_identity(world.hub.replica)->sign;
    (void)state;
    buffer_clear(&made.sealed);
    done(snapshot_seal(&made.snapshot, network, &replica_identity(world.clients[writer])->sign,
                       &made.sealed, NULL));
    assert_int_equal(stage_in(fresh), STATUS_FORGED);
    other.id[0] ^= 1;
    buffer_clear(&made.sealed);
    done(snapshot_seal(&made.snapshot, &other, hub, &made.sealed, NULL));
    assert_int_equal(stage_in(fresh), STATUS_FORGED);
    buffer_clear(&made.sealed);
    done(snapshot_seal(&made.snapshot, network, hub, &made.sealed, NULL));
    made.snapshot.leaves.data[0] ^= 1;
    assert_int_equal(stage_in(fresh), STATUS_FORGED);
    made.snapshot.leaves.data[0] ^= 1;
    done(stage_in(fresh));
}

static void a_scope_is_taken_once_by_who_may_read_it_and_wrote_nothing_there(void **state)
{
    (void)state;
    struct replica *own = snapshots_reader(&world, writer, NULL),
                   *outside = snapshots_reader(&world, stranger, NULL);
    struct replica *held = snapshots_reader(&world, reader, NULL);
    snapshots_feed(world.hub.replica, held, false);
    assert_int_equal(stage_in(own), STATUS_DENIED);
    assert_int_equal(stage_in(outside), STATUS_DENIED);
    assert_int_equal(stage_in(held), STATUS_EXISTS);
    assert_int_equal(stage_in(world.hub.replica), STATUS_EXISTS);
    replica_close(own);
    replica_close(outside);
    replica_close(held);
}

static void a_registry_that_is_older_waits(void **state)
{
    (void)state;
    world_join(&world, ROLE_VOLUNTEER, org);
    snapshots_release(&made);
    snapshots_make(world.hub.replica, scope, &made);
    assert_int_equal(stage_in(fresh), STATUS_UNKNOWN);
    snapshots_feed(world.hub.replica, fresh, true);
    done(stage_in(fresh));
}

static void what_was_made_under_other_rights_is_not_placed(void **state)
{
    const struct registry *registry = replica_registry(world.hub.replica);
    uint32_t device = replica_identity(world.clients[writer])->device;
    (void)state;
    snapshots_stage(fresh, &made);
    done(hub_revoke(&world.hub, registry_device(registry, device), 1, NULL));
    snapshots_feed(world.hub.replica, fresh, true);
    assert_int_equal(replica_snapshot_place(fresh, scope, NULL), STATUS_UNSUPPORTED);
    assert_true(holds_nothing() && is_staged()); /* a newer one shares most chunks */
    assert_int_equal(stage_in(fresh), STATUS_UNSUPPORTED);
}

/* ---- a hub that lies ---- */

static void rows_that_do_not_add_up_are_not_placed(void **state)
{
    (void)state;
    snapshots_alter(&made, world.hub.replica, "乙", "丁");
    snapshots_stage(fresh, &made);
    assert_int_equal(replica_snapshot_place(fresh, scope, NULL), STATUS_FORGED);
    assert_true(holds_nothing() && !is_staged());
}

/* The hub's own tables and tallies say something else than its log. */
static void falsify_hub(void)
{
    struct replica *hub = world.hub.replica;
    struct tally *scanned;
    size_t count;
    done(sql_run(hub, "UPDATE event SET theme = '丁'", NULL));
    done(tallies_scan(hub, &scanned, &count, NULL));
    for (size_t i = 0; i < count; i++)
        for (size_t t = 0; t < hub->tallies_count; t++)
            if (hub->tallies[t].tally.scope == scanned[i].scope &&
                hub->tallies[t].tally.table == scanned[i].table)
                hub->tallies[t].tally = scanned[i];
    free(scanned);
}

static void rows_that_the_log_does_not_make_are_found_when_it_is_fetched(void **state)
{
    struct buffer wrong = {0};
    struct row row = {0};
    bool found;
    (void)state;
    falsify_hub();
    snapshots_release(&made);
    snapshots_make(world.hub.replica, scope, &made);
    snapshots_stage(fresh, &made);
    done(replica_snapshot_place(fresh, scope, NULL));
    assert_int_equal(world_faults(fresh), 0);
    done(replica_begin(fresh, NULL));
    done(replica_want_log(fresh, scope, NULL));
    done(replica_commit(fresh, NULL));
    snapshots_feed(world.hub.replica, fresh, false);
    done(replica_meta_get(fresh, META_SNAPSHOT_WRONG, &wrong, NULL));
    assert_true(wrong.size > 0);
    done(replica_row(fresh, schema_table_named(fresh->schema, "event")->number, &event, scope, &row,
                     &found, NULL));
    const struct schema_field *theme =
        table_field_named(schema_table_named(fresh->schema, "event"), "theme");
    assert_memory_equal(row_find_cell(&row, theme->number)->heads[0].value.data + 1, "乙", 3);
    row_release(&row);
    buffer_release(&wrong);
}

/* ---- afterwards ---- */

static enum status count_item(void *context, const struct history_item *item, struct error *err)
{
    (void)err;
    assert_true(item->head.time_ms > 0);
    ++*(size_t *)context;
    return STATUS_OK;
}

static void a_history_has_the_heads_with_who_and_when(void **state)
{
    uint32_t table = schema_table_named(world.hub.replica->schema, "event")->number;
    size_t whole = 0, short_one = 0;
    (void)state;
    snapshots_stage(fresh, &made);
    done(replica_snapshot_place(fresh, scope, NULL));
    done(replica_row_history(world.hub.replica, table, &event, count_item, &whole, NULL));
    done(replica_row_history(fresh, table, &event, count_item, &short_one, NULL));
    assert_true(short_one > 0 && short_one < whole);
}

static void nothing_below_a_floor_is_handed_on(void **state)
{
    (void)state;
    struct replica *other = snapshots_reader(&world, reader, NULL);
    snapshots_stage(fresh, &made);
    done(replica_snapshot_place(fresh, scope, NULL));
    snapshots_feed(fresh, other, false);
    struct tally *tallies;
    size_t count;
    done(replica_tallies(other, 0, &tallies, &count, NULL));
    assert_int_equal(count, 0);
    free(tallies);
    replica_close(other);
    struct snapshots_made again = {0};
    struct snapshot_wish wish = {.scope = scope};
    assert_int_equal(replica_snapshot_make(fresh, &wish, &again.snapshot, NULL),
                     STATUS_UNSUPPORTED);
    assert_int_equal(replica_refold(fresh, NULL), STATUS_UNSUPPORTED);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        STORY(a_chunk_that_is_damaged_or_another_one_is_not_staged),
        STORY(what_was_staged_serves_a_newer_snapshot),
        STORY(only_the_hub_signs),
        STORY(a_scope_is_taken_once_by_who_may_read_it_and_wrote_nothing_there),
        STORY(a_registry_that_is_older_waits),
        STORY(what_was_made_under_other_rights_is_not_placed),
        STORY(rows_that_do_not_add_up_are_not_placed),
        STORY(rows_that_the_log_does_not_make_are_found_when_it_is_fetched),
        STORY(a_history_has_the_heads_with_who_and_when),
        STORY(nothing_below_a_floor_is_handed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
