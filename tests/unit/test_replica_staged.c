/* Beginnings of runs that a broken line has left: one for each peer, bounded, and not for ever. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/replica.h"

#define PIECE (1u << 20)

static int64_t wall_ms;

static int64_t wall(void *context)
{
    (void)context;
    return wall_ms;
}

static struct replica *open_replica(void)
{
    static const struct network network = {{7}};
    struct replica_options options = {.path = ":memory:", .clock = clock_system()};
    struct replica *replica;
    options.clock.wall_ms = wall;
    wall_ms = 1700000000000;
    assert_int_equal(replica_create(&replica, &options, &network, NULL), STATUS_OK);
    assert_int_equal(replica_begin(replica, NULL), STATUS_OK);
    return replica;
}

static void stage(struct replica *replica, uint32_t peer, uint64_t at, const char *piece)
{
    assert_int_equal(replica_stage(replica, peer, at, bytes_text(piece), NULL), STATUS_OK);
}

static void expect_staged(struct replica *replica, uint32_t peer, const char *text)
{
    struct buffer part = {0};
    assert_int_equal(replica_staged(replica, peer, &part, NULL), STATUS_OK);
    assert_true(bytes_equal(buffer_bytes(&part), bytes_text(text)));
    buffer_release(&part);
}

static uint64_t staged_bytes(struct replica *replica)
{
    uint64_t bytes;
    assert_int_equal(replica_staged_bytes(replica, &bytes, NULL), STATUS_OK);
    return bytes;
}

static void pieces_join_and_another_run_begins_anew(void **state)
{
    struct replica *replica = open_replica();
    (void)state;
    expect_staged(replica, 7, "");
    stage(replica, 7, 0, "what ");
    stage(replica, 8, 0, "other");
    stage(replica, 7, 5, "came ");
    stage(replica, 7, 10, "first");
    expect_staged(replica, 7, "what came first");
    assert_int_equal(staged_bytes(replica), 20);
    stage(replica, 7, 0, "anew");
    expect_staged(replica, 7, "anew");
    expect_staged(replica, 8, "other");
    assert_int_equal(replica_unstage(replica, 7, NULL), STATUS_OK);
    expect_staged(replica, 7, "");
    assert_int_equal(staged_bytes(replica), 5);
    replica_close(replica);
}

static void a_piece_that_does_not_follow_is_dropped(void **state)
{
    struct replica *replica = open_replica();
    (void)state;
    stage(replica, 7, 4, "late");
    expect_staged(replica, 7, "");
    stage(replica, 7, 0, "here");
    stage(replica, 7, 3, "over");
    stage(replica, 7, 5, "behind");
    expect_staged(replica, 7, "here");
    replica_close(replica);
}

static void the_oldest_makes_room(void **state)
{
    struct replica *replica = open_replica();
    uint8_t *piece = calloc(1, PIECE);
    (void)state;
    assert_non_null(piece);
    for (uint32_t peer = 1; peer <= STAGED_BYTES_MAX / PIECE + 2; peer++, wall_ms++)
        assert_int_equal(replica_stage(replica, peer, 0, bytes_of(piece, PIECE), NULL), STATUS_OK);
    assert_int_equal(staged_bytes(replica), STAGED_BYTES_MAX);
    expect_staged(replica, 1, "");
    expect_staged(replica, 2, "");
    free(piece);
    replica_close(replica);
}

static void what_nobody_went_on_with_expires(void **state)
{
    struct replica *replica = open_replica();
    (void)state;
    stage(replica, 7, 0, "old");
    wall_ms += STAGED_LIFE_MS / 2;
    stage(replica, 8, 0, "newer");
    wall_ms += STAGED_LIFE_MS / 2 + 1;
    stage(replica, 9, 0, "new");
    expect_staged(replica, 7, "");
    expect_staged(replica, 8, "newer");
    replica_close(replica);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_join_and_another_run_begins_anew),
        cmocka_unit_test(a_piece_that_does_not_follow_is_dropped),
        cmocka_unit_test(the_oldest_makes_room),
        cmocka_unit_test(what_nobody_went_on_with_expires),
    };
    return keys_init(NULL) == STATUS_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
