/* The end of a world: no more faults, and everything comes to rest. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world_state.h"

#define DISK_BYTES_MAX (8u << 20)
#define ROUNDS_MAX 6 /* sessions of each client until all are equal */

static void end_faults(struct world *world)
{
    for (size_t at = 0; at < world->fleet.count; at++) {
        struct sim_disk *disk = &world->fleet.places[at].disk;
        if (!disk->dead)
            disk->fault = DISK_SOUND;
        world->fleet.places[at].next_cut = 0;
    }
    world_mend(world);
}

/* One session each; *quiet: nothing went over any line. */
static void one_round(struct world *world, bool *quiet)
{
    *quiet = true;
    for (size_t client = 1; client < world->fleet.count && world_ok(world); client++) {
        struct talk_line line = {.client = client, .delay_ms = 10};
        if (world->photos_count > 0)
            line.attachments = SESSION_ATTACHMENTS_ALL;
        struct talk_end end;
        if (world->fleet.places[client].retired)
            continue;
        world_sync(world, &line, 1, &end);
        *quiet &= !world_move_members(world);
        if (world->fleet.places[client].revoked)
            continue;
        *quiet &= end.done && end.totals.sent == 0 && end.totals.received == 0 &&
                  end.totals.units_sent == 0 && end.totals.units_received == 0;
    }
}

/* A second life that lies on another machine sends what only it has. */
static void sync_images(struct world *world)
{
    for (unsigned client = 1; client < world->fleet.count; client++)
        for (unsigned slot = 0; slot < FLEET_IMAGES && world_ok(world); slot++) {
            struct event swap = {.kind = EVENT_SWAP, .place = client, .a = slot};
            struct event sync = {.kind = EVENT_SYNC, .place = client};
            if (world->fleet.places[client].revoked ||
                !world->fleet.places[client].images[slot].taken ||
                ledger_at_hub(&world->ledger, &world->ledger.images[client][slot]))
                continue;
            event_live(world, &swap);
            for (unsigned tries = 0; tries < 2 && world_ok(world); tries++)
                event_live(world, &sync);
            if (world_ok(world))
                event_live(world, &swap);
        }
}

static void compare_digests(struct world *world, size_t at)
{
    struct scope_digest *ours = NULL, *hubs = NULL;
    size_t ours_count = 0, hubs_count = 0, shared = 0;
    struct error err = {0};
    if (replica_digests(world->fleet.places[at].replica, &ours, &ours_count, &err) != STATUS_OK ||
        replica_digests(world->fleet.places[0].replica, &hubs, &hubs_count, &err) != STATUS_OK)
        finding_set(&world->report->finding, "read", "no digest of place %zu: %s", at, err.text);
    for (size_t i = 0; i < ours_count; i++)
        for (size_t j = 0; j < hubs_count; j++) {
            if (ours[i].scope != hubs[j].scope ||
                (SCOPE_IS_RECORDS(ours[i].scope) &&
                 !fleet_reads(&world->fleet, at, SCOPE_ORG(ours[i].scope))))
                continue;
            shared++;
            if (memcmp(&ours[i].digest, &hubs[j].digest, sizeof ours[i].digest) != 0)
                finding_set(&world->report->finding, "O6",
                            "place %zu and the hub differ in scope %u", at, ours[i].scope);
            world_note(world, "scope %u %02x%02x%02x%02x", ours[i].scope, ours[i].digest.bytes[0],
                       ours[i].digest.bytes[1], ours[i].digest.bytes[2], ours[i].digest.bytes[3]);
        }
    if (shared == 0)
        finding_set(&world->report->finding, "O6", "place %zu and the hub share no scope", at);
    free(ours);
    free(hubs);
}

/* Runs of another life wait beside the log only until the lives are settled; and whatever happened,
 * a disk stays small. */
static void check_bounds(struct world *world, size_t at)
{
    const struct place *place = &world->fleet.places[at];
    sqlite3_stmt *count = NULL;
    if (sqlite3_prepare_v2(replica_database(place->replica), "SELECT count(*) FROM _branch", -1,
                           &count, NULL) != SQLITE_OK ||
        sqlite3_step(count) != SQLITE_ROW || sqlite3_column_int(count, 0) != 0)
        finding_set(&world->report->finding, "O14", "place %zu still holds runs of another life",
                    at);
    sqlite3_finalize(count);
    if (disk_size(&place->disk) > DISK_BYTES_MAX)
        finding_set(&world->report->finding, "O14", "place %zu fills %zu bytes of its disk", at,
                    disk_size(&place->disk));
}

struct verifying {
    struct world *world;
    size_t at;
};

static void on_fault(void *context, const char *what)
{
    struct verifying *verifying = context;
    finding_set(&verifying->world->report->finding, "O5", "verify of place %zu: %s", verifying->at,
                what);
}

static void verify(struct world *world, size_t at)
{
    struct verifying verifying = {world, at};
    uint64_t entries;
    struct error err = {0};
    if (replica_verify(world->fleet.places[at].replica, on_fault, &verifying, &entries, &err) !=
        STATUS_OK)
        finding_set(&world->report->finding, "O5", "verify of place %zu failed: %s", at, err.text);
}

static void print_fault(void *context, const char *what)
{
    const struct verifying *verifying = context;
    fprintf(verifying->world->log, "    verify of place %zu: %s\n", verifying->at, what);
}

void world_autopsy(struct world *world)
{
    for (size_t at = 0; at < world->fleet.count; at++) {
        struct verifying verifying = {world, at};
        uint64_t entries;
        struct error err = {0};
        struct replica *replica = world->fleet.places[at].replica;
        if (replica && !world->fleet.places[at].disk.dead &&
            replica_verify(replica, print_fault, &verifying, &entries, &err) != STATUS_OK)
            print_fault(&verifying, err.text);
    }
}

void world_rest(struct world *world)
{
    bool quiet = false;
    end_faults(world);
    /* What clients gave one another comes to the hub before a second life shows itself. */
    for (unsigned round = 0; round < 2 && world_ok(world); round++)
        one_round(world, &quiet);
    if (world_ok(world))
        sync_images(world);
    quiet = false;
    for (unsigned round = 0; round < ROUNDS_MAX && !quiet && world_ok(world); round++)
        one_round(world, &quiet);
    if (!quiet && world_ok(world))
        finding_set(&world->report->finding, "O15", "not at rest after %d sessions of each",
                    ROUNDS_MAX);
    world->ledger.at_rest = true;
    for (size_t at = 0; at < world->fleet.count && world_ok(world); at++)
        ledger_look(&world->ledger, &world->fleet, at, &world->report->finding);
    if (!world_ok(world))
        return;
    ledger_complete(&world->ledger, &world->fleet, &world->report->finding);
    for (size_t at = 1; at < world->fleet.count; at++)
        if (!world->fleet.places[at].revoked)
            compare_digests(world, at);
    if (world_ok(world))
        world_compare_rows(world);
    for (size_t at = 0; at < world->fleet.count; at++)
        world_search_disk(world, at);
    for (size_t at = 0; at < world->fleet.count; at++)
        if (!world->fleet.places[at].retired)
            check_bounds(world, at);
    for (size_t at = 0; at < world->fleet.count; at++)
        world_look_at_photos(world, at, true);
    world_look_at_members(world);
    verify(world, 0);
    verify(world, 1 + chance_below(&world->chance, world->fleet.count - 1));
}
