#include "tests/sim/world.h"

#include <stdarg.h>
#include <string.h>

#include "tests/sim/dice.h"
#include "tests/sim/world_state.h"

#define STARTS_MAX 4 /* of one process, until its power holds */

const char *const probe_names[PROBES] = {
#define X(probe, name) name,
    PROBE_LIST(X)
#undef X
};

/* FNV-1a over the line, which is all that a trace is. */
void world_note(struct world *world, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (const char *at = line; *at; at++)
        world->report->trace = (world->report->trace ^ (uint8_t)*at) * 0x100000001b3u;
    if (world->log)
        fprintf(world->log, "    %s\n", line);
}

void world_probe(struct world *world, enum probe probe)
{
    world->report->probes[probe]++;
}

/* ---- a process that is down ---- */

/* The power that came back may go again, and a disk that fails may fail here, too. */
static bool try_again(struct world *world, size_t at, uint64_t met)
{
    struct sim_disk *disk = &world->fleet.places[at].disk;
    if (!disk->dead && disk->faults_met == met)
        return false;
    if (disk->dead)
        world_probe(world, PROBE_CUT_AGAIN);
    if (disk->dead)
        disk_restart(disk, chance_number(&world->chance));
    disk->fault = DISK_SOUND;
    return true;
}

void world_start(struct world *world, size_t at)
{
    struct place *place = &world->fleet.places[at];
    struct error err = {0};
    bool again = true;
    if (place->disk.dead) {
        uint64_t calls = place->disk.cut ? place->next_cut : 0;
        disk_restart(&place->disk, chance_number(&world->chance));
        if (calls > 0)
            disk_arm(&place->disk, DISK_POWER_CUT, calls, 1);
        place->next_cut = 0;
    }
    for (unsigned tries = 0; again && tries < STARTS_MAX; tries++) {
        uint64_t met = place->disk.faults_met;
        if (fleet_start(&world->fleet, at, &err) == STATUS_OK)
            break;
        fleet_stop(&world->fleet, at);
        again = try_again(world, at, met);
    }
    if (!place->replica)
        finding_set(&world->report->finding, "reopen", "place %zu doesn't start: %s", at, err.text);
    else
        ledger_look(&world->ledger, &world->fleet, at, &world->report->finding);
    if (place->replica)
        world_look_at_photos(world, at, false);
}

void world_mend(struct world *world)
{
    for (size_t at = 0; at < world->fleet.count && world_ok(world); at++) {
        struct place *place = &world->fleet.places[at];
        if (!place->disk.dead && place->replica)
            continue;
        if (place->disk.dead && !place->disk.cut)
            world_probe(world, PROBE_KILLED);
        world_note(world, "place %zu went down%s", at, place->disk.cut ? ", power and all" : "");
        fleet_stop(&world->fleet, at);
        world_start(world, at);
    }
}

/* ---- sessions ---- */

static void note_end(struct world *world, const struct talk_line *line, const struct talk_end *end)
{
    const struct session_totals *totals = &end->totals;
    world->report->sessions += end->sessions;
    if (end->sessions > 1)
        world_probe(world, PROBE_LIVES);
    if (!end->done && line->cut)
        world_probe(world, PROBE_LINE_DIED);
    if (!end->done && line->stall_ms)
        world_probe(world, PROBE_STALLED);
    if (line->with != 0) {
        world_probe(world, PROBE_PEER);
        if (totals->applied > 0)
            world_probe(world, PROBE_CARRIED);
    } else if (end->code == SESSION_REVOKED) {
        world_probe(world, PROBE_REVOKED);
        world->fleet.places[line->client].retired = true;
    }
    if (end->done && line->with == 0 &&
        !replica_restoring(world->fleet.places[line->client].replica))
        world->fleet.places[line->client].put_back = false;
    world_note(world, "place %zu: %s, code %d, sent %llu, received %llu, aside %llu, %u sessions%s",
               line->client, end->done ? "done" : "not done", (int)end->code,
               (unsigned long long)totals->sent, (unsigned long long)totals->received,
               (unsigned long long)totals->aside, end->sessions,
               totals->truth_failed ? ", tables differ" : "");
    if (totals->truth_failed)
        finding_set(&world->report->finding, "O6",
                    "places %zu and %zu hold the same entries and other tables", line->client,
                    line->with);
    if (totals->split_view)
        finding_set(&world->report->finding, "T5",
                    "places %zu and %zu see two registries of an honest hub", line->client,
                    line->with);
}

void world_sync(struct world *world, const struct talk_line *lines, size_t count,
                struct talk_end *ends)
{
    struct talk_line asking[FLEET_MAX] = {{0}};
    for (size_t i = 0; i < count; i++) {
        asking[i] = lines[i];
        if (world->photos_count > 0 && asking[i].attachments == SESSION_ATTACHMENTS_NONE)
            asking[i].attachments = SESSION_ATTACHMENTS_ASKED;
    }
    if (!talk_sync(&world->fleet, asking, count, &world->chance, ends))
        finding_set(&world->report->finding, "O15", "a session doesn't end");
    for (size_t i = 0; i < count; i++) {
        note_end(world, &lines[i], &ends[i]);
        if (world->fleet.places[lines[i].client].disk.cut ||
            (lines[i].with != 0 && world->fleet.places[lines[i].with].disk.cut))
            world_probe(world, PROBE_CUT_CLIENT);
    }
    if (world->fleet.places[0].disk.cut)
        world_probe(world, PROBE_CUT_HUB);
    world_mend(world);
    for (size_t i = 0; i < count && world_ok(world); i++) {
        if (i == 0)
            ledger_look(&world->ledger, &world->fleet, lines[i].with, &world->report->finding);
        ledger_look(&world->ledger, &world->fleet, lines[i].client, &world->report->finding);
        world_look_at_photos(world, lines[i].client, false);
        world_look_at_photos(world, lines[i].with, false);
    }
}

void world_follow(struct world *world, const struct frontier *held)
{
    if (!world->fleet.places[0].replica || !world_ok(world))
        return;
    for (unsigned at = 1; at < world->fleet.count; at++)
        ledger_follow(&world->ledger, &world->fleet, at, held);
    fleet_follow(&world->fleet);
}

void world_lose_sticks(struct world *world)
{
    for (size_t i = 0; i < WORLD_STICKS; i++)
        buffer_release(&world->sticks[i]);
}

/* ---- a life ---- */

void world_live(const struct plan *plan, struct world_report *report, FILE *log)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    *report = (struct world_report){.trace = 0xcbf29ce484222325u, .event = plan->count};
    world.plan = plan;
    world.report = report;
    world.log = log;
    dice_seed(plan->seed);
    fleet_open(&world.fleet, plan->places, plan->encrypted);
    world.fleet.snapshot_worth = plan->snapshots;
    ledger_init(&world.ledger, plan->seed, &world.fleet);
    for (size_t i = 0; i < plan->count && world_ok(&world); i++) {
        if (log)
            event_write(&plan->events[i], log);
        world.fleet.now_ms += (uint64_t)plan->events[i].minutes * 60000;
        dice_seed(plan->events[i].seed);
        world.chance = (struct chance){plan->events[i].seed ^ 1};
        event_live(&world, &plan->events[i]);
        if (world_ok(&world))
            fleet_follow(&world.fleet);
        if (!world_ok(&world))
            report->event = i;
    }
    dice_seed(plan->seed ^ 2);
    world.chance = (struct chance){plan->seed ^ 3};
    if (world_ok(&world))
        world_rest(&world);
    if (!world_ok(&world) && log)
        world_autopsy(&world);
    if (world.ledger.conflicts_seen > 0)
        world_probe(&world, PROBE_CONFLICT);
    if (world.ledger.sealed_seen > 0)
        world_probe(&world, PROBE_SEALED);
    report->device_minutes = world.fleet.now_ms / 60000 * plan->places;
    report->saves = world.ledger.count;
    world_lose_sticks(&world);
    ledger_release(&world.ledger);
    fleet_close(&world.fleet);
}
