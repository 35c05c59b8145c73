#include "tests/support/pair.h"

#include <stdio.h>
#include <string.h>

#include "server/revoke.h"
#include "tests/support/must.h"

void pair_write(struct pair *pair, int steps)
{
    for (int i = 0; i < steps; i++) {
        size_t writer = pair->writers[chance_below(&pair->chance, PAIR_WRITERS)];
        if (chance_below(&pair->chance, 4) == 0)
            world_sync(&pair->world, writer, 0, NULL);
        else
            snapshots_write(pair->world.clients[writer], &pair->chance, pair->org);
    }
    for (int i = 0; i < PAIR_WRITERS; i++)
        world_sync(&pair->world, pair->writers[i], 0, NULL);
}

void pair_revoke(struct pair *pair, size_t client, uint64_t last_good)
{
    const struct registry *registry = replica_registry(pair->world.hub.replica);
    uint32_t device = replica_identity(pair->world.clients[client])->device;
    MUST(hub_revoke(&pair->world.hub, registry_device(registry, device), last_good, err));
}

void pair_start(struct pair *pair, uint32_t seed, int steps)
{
    struct world *world = &pair->world;
    pair->chance.state = seed;
    world_start(world);
    pair->org = world->branches[0];
    pair->scope = SCOPE_RECORDS(pair->org);
    pair->writers[0] = world_join(world, ROLE_SECRETARY, pair->org);
    pair->writers[1] = world_join(world, ROLE_VOLUNTEER, pair->org);
    pair->writers[2] = world_join(world, ROLE_CLERK, world->township);
    size_t reader = world_join(world, ROLE_SECRETARY, pair->org);
    pair_write(pair, steps);
    if (seed % 3 == 1)
        pair_revoke(pair, pair->writers[1], 5);
    pair->by_log = snapshots_reader(world, reader, NULL);
    pair->by_other = snapshots_reader(world, reader, NULL);
    snapshots_feed(world->hub.replica, pair->by_log, false);
}

void pair_end(struct pair *pair)
{
    replica_close(pair->by_log);
    replica_close(pair->by_other);
    world_end(&pair->world);
}

void pair_release(struct pair *pair)
{
    buffer_release(&pair->log_shows);
    buffer_release(&pair->other_shows);
}

void pair_feed(struct pair *pair)
{
    snapshots_feed(pair->world.hub.replica, pair->by_log, false);
    snapshots_feed(pair->world.hub.replica, pair->by_other, false);
}

static void print_difference(const struct pair *pair)
{
    const char *left = (const char *)pair->log_shows.data;
    const char *right = (const char *)pair->other_shows.data;
    size_t at = 0, from;
    while (at < pair->log_shows.size && at < pair->other_shows.size && left[at] == right[at])
        at++;
    from = at > 600 ? at - 600 : 0;
    fprintf(stderr, "log:\n%.*s\nother:\n%.*s\n", 900, left + from, 900, right + from);
}

void pair_expect_same(struct pair *pair, uint32_t seed, const char *when)
{
    snapshots_show(pair->by_log, &pair->log_shows);
    snapshots_show(pair->by_other, &pair->other_shows);
    MUST(buffer_append(&pair->log_shows, "", 1));
    MUST(buffer_append(&pair->other_shows, "", 1));
    bool same = bytes_equal(buffer_bytes(&pair->log_shows), buffer_bytes(&pair->other_shows));
    if (!same)
        print_difference(pair);
    if (same && world_agree(pair->by_log, pair->by_other))
        return;
    fprintf(stderr, "seed %u, %s: another scope than its log makes\n", seed, when);
    abort();
}

void pair_want_log(struct pair *pair)
{
    MUST(replica_begin(pair->by_other, err));
    MUST(replica_want_log(pair->by_other, pair->scope, err));
    MUST(replica_commit(pair->by_other, err));
}

void pair_expect_proved(struct pair *pair, uint32_t seed)
{
    struct buffer wrong = {0};
    pair_expect_same(pair, seed, "fetched");
    MUST_HOLD(!replica_log_is_cut(pair->by_other, pair->scope));
    MUST(replica_meta_get(pair->by_other, META_SNAPSHOT_WRONG, &wrong, err));
    MUST_HOLD(wrong.size == 0);
    MUST(replica_refold(pair->by_other, err));
    pair_expect_same(pair, seed, "folded");
    buffer_release(&wrong);
}

/* ---- what was written ---- */

static enum status count_own(void *context, const struct run *run, struct error *err)
{
    struct frontier *given = context;
    return frontier_raise(given, &run->feed, run->first + run->count - 1, err);
}

bool pair_gives_own(struct replica *replica, const struct frontier *known)
{
    const struct frontier *all = replica_frontier(replica);
    struct frontier given = {0}, theirs = {0};
    struct run_wish wish = {
        .unit_bytes = 1000, .budget_bytes = SIZE_MAX, .take = count_own, .context = &given};
    bool more, whole = true;
    MUST(frontier_copy(&theirs, known, err));
    MUST(replica_runs(replica, &wish, &theirs, &more, err));
    for (size_t i = 0; i < all->count; i++)
        whole &= all->rows[i].feed.device != replica_identity(replica)->device ||
                 frontier_get(&given, &all->rows[i].feed) == all->rows[i].number;
    frontier_release(&given);
    frontier_release(&theirs);
    return whole;
}
