/* A place that cleans up: the hub has made two backups, the place hears in a session what is
 * stable, and that leaves its log. */

#include <stdlib.h>

#include "common/replica_clean.h"
#include "common/replica_stable.h"
#include "tests/sim/world_state.h"

typedef enum status step(struct replica *replica, struct error *err);

static enum status in_transaction(struct replica *replica, step *take, struct error *err)
{
    TRY(replica_begin(replica, err));
    enum status status = take(replica, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

static enum status note_two_backups(struct replica *hub, struct error *err)
{
    TRY(replica_note_backup(hub, replica_frontier(hub), err));
    return replica_note_backup(hub, replica_frontier(hub), err);
}

/* What was copied before isn't put back any more: there are newer backups, and two of them. */
static void drop_copies_of_hub(struct world *world)
{
    for (size_t slot = 0; slot < FLEET_IMAGES; slot++)
        world->fleet.places[0].images[slot].taken = false;
}

static void clean(struct world *world, const struct event *event)
{
    struct replica *replica = world->fleet.places[event->place].replica;
    struct cleaned cleaned = {0};
    uint64_t bytes;
    struct error err = {0};
    enum status status = replica_clean(replica, &cleaned, &err);
    if (status == STATUS_OK && event->b % 2)
        status = replica_shrink(replica, &bytes, &err);
    world_note(world, "cleaned %u scopes: %s", cleaned.scopes, status_name(status));
    if (cleaned.entries > 0)
        world_probe(world, PROBE_CLEANED);
    world_mend(world);
    if (world_ok(world))
        ledger_look(&world->ledger, &world->fleet, event->place, &world->report->finding);
}

void live_clean(struct world *world, const struct event *event)
{
    struct talk_line line = {.client = event->place, .delay_ms = 10};
    struct talk_end end;
    if (event->place == 0 || world->fleet.places[event->place].revoked)
        return;
    enum status noted = in_transaction(world->fleet.places[0].replica, note_two_backups, NULL);
    if (noted == STATUS_OK)
        drop_copies_of_hub(world);
    enum status asked =
        in_transaction(world->fleet.places[event->place].replica, replica_stable_ask, NULL);
    world_mend(world);
    if (!world_ok(world) || noted != STATUS_OK || asked != STATUS_OK)
        return;
    world_sync(world, &line, 1, &end);
    if (world_ok(world) && !world->fleet.places[event->place].retired)
        clean(world, event);
}
