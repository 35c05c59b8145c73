/* Pieces of the log: many saves make few, all of it can still be read, sent and cut anywhere. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/replica_state.h"
#include "tests/support/world.h"

#define SAVES 100

static int64_t number_of(struct replica *replica, const char *sql, uint32_t local)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(replica->database, sql, -1, &statement, NULL), SQLITE_OK);
    sqlite3_bind_int64(statement, 1, LOG_ID(local, 0));
    sqlite3_bind_int64(statement, 2, LOG_ID(local + 1, 0) - 1);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* The feed in which the client wrote its records. */
static uint32_t records_of(struct replica *replica, uint32_t device)
{
    for (uint32_t local = 1; local <= replica->feeds_count; local++) {
        const struct feed *feed = feed_at(replica, local);
        if (feed->id.device == device && !SCOPE_IS_REGISTRY(feed->id.scope))
            return local;
    }
    fail();
    return 0;
}

static void expect_few_pieces(struct replica *replica, uint32_t local, int64_t entries)
{
    static const char where[] = " FROM _log WHERE id BETWEEN ? AND ?";
    char pieces[100], sum[100], frames[120];
    snprintf(pieces, sizeof pieces, "SELECT count(*)%s", where);
    snprintf(sum, sizeof sum, "SELECT sum(count)%s", where);
    snprintf(frames, sizeof frames, "SELECT count(*)%s AND form = 1", where);
    assert_int_equal(number_of(replica, sum, local), entries);
    assert_true(number_of(replica, pieces, local) <= entries / 32 + 31);
    assert_true(number_of(replica, frames, local) >= entries / 32);
}

static struct replica *writer_of(struct world *world, size_t *client)
{
    world_start(world);
    *client = world_join(world, ROLE_SECRETARY, world->branches[0]);
    for (int i = 0; i < SAVES; i++)
        world_add(world->clients[*client], "person", "name", "示例党员001", "phone", "13900000000",
                  NULL);
    return world->clients[*client];
}

static void many_saves_are_few_pieces_and_all_of_them_travel(void **state)
{
    struct world world;
    size_t client;
    (void)state;
    struct replica *writer = writer_of(&world, &client);
    uint32_t device = writer->identity.device;
    expect_few_pieces(writer, records_of(writer, device), SAVES);
    assert_int_equal(world_faults(writer), 0);
    size_t reader = world_join(&world, ROLE_SECRETARY, world.township);
    assert_true(world_sync(&world, client, 0, NULL) && world_sync(&world, reader, 0, NULL));
    assert_true(world_agree(writer, world.hub.replica));
    assert_true(world_agree(writer, world.clients[reader]));
    world_end(&world);
}

static void what_comes_one_by_one_is_few_pieces_at_the_hub_too(void **state)
{
    struct world world;
    (void)state;
    world_start(&world);
    size_t client = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    for (int i = 0; i < 40; i++) {
        world_add(world.clients[client], "person", "name", "示例党员001", NULL);
        assert_true(world_sync(&world, client, 0, NULL));
    }
    uint32_t device = world.clients[client]->identity.device;
    expect_few_pieces(world.hub.replica, records_of(world.hub.replica, device), 40);
    assert_true(world_agree(world.clients[client], world.hub.replica));
    assert_int_equal(world_faults(world.hub.replica), 0);
    world_end(&world);
}

/* Entries up to `last`, the last with a signature that holds. */
static void expect_cut(struct replica *replica, uint32_t local, uint64_t last)
{
    const struct feed *feed = feed_at(replica, local);
    struct dot dot = {feed->id, 1};
    struct buffer body = {0};
    uint8_t signature[SIGNATURE_BYTES];
    bool found;
    assert_int_equal(feed->number, last);
    for (; dot.number <= last; dot.number++)
        assert_int_equal(feed_read(replica, &dot, &body, NULL), STATUS_OK);
    assert_int_equal(feed_read(replica, &dot, &body, NULL), STATUS_NOT_FOUND);
    dot.number = last;
    assert_int_equal(feed_signature(replica, &dot, signature, &found, NULL), STATUS_OK);
    assert_true(found && entry_verify(signature, &replica->network, &feed->hash,
                                      replica->identity.sign.public_key));
    buffer_release(&body);
}

static void an_own_feed_can_be_cut_within_a_piece(void **state)
{
    struct world world;
    size_t client;
    (void)state;
    struct replica *writer = writer_of(&world, &client);
    uint32_t local = records_of(writer, writer->identity.device);
    for (uint64_t last = 1; last < SAVES; last++) {
        struct dot first = {feed_at(writer, local)->id, last + 1};
        assert_int_equal(replica_begin(writer, NULL), STATUS_OK);
        assert_int_equal(feed_cut(writer, &first, NULL), STATUS_OK);
        expect_cut(writer, local, last);
        replica_rollback(writer);
    }
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_saves_are_few_pieces_and_all_of_them_travel),
        cmocka_unit_test(what_comes_one_by_one_is_few_pieces_at_the_hub_too),
        cmocka_unit_test(an_own_feed_can_be_cut_within_a_piece),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
