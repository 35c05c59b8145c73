/* What each event of a plan does. */

#include <stdlib.h>
#include <string.h>

#include "tests/sim/world_state.h"

#define DELAY_MS 300
#define PEER_DELAY_MS 5

/* ---- sessions ---- */

static struct talk_line line_of(const struct event *event, size_t client)
{
    struct talk_line line = {.client = client, .delay_ms = DELAY_MS};
    if (event->place != client)
        return line;
    line.cut = event->a;
    line.stall_ms = event->b;
    line.stall_at = event->a / 2 + event->seed % 2000;
    return line;
}

static void live_sync(struct world *world, const struct event *event)
{
    struct talk_line lines[FLEET_MAX];
    struct talk_end ends[FLEET_MAX];
    size_t count = 0;
    for (size_t client = 1; client < world->fleet.count; client++)
        if (!world->fleet.places[client].retired &&
            (event->kind == EVENT_STORM || client == event->place))
            lines[count++] = line_of(event, client);
    uint32_t life = 0;
    if (event->place != 0)
        life = replica_identity(world->fleet.places[event->place].replica)->incarnation;
    world_sync(world, lines, count, ends);
    if (world_ok(world) && event->place != 0 &&
        replica_identity(world->fleet.places[event->place].replica)->incarnation != life)
        world_probe(world, PROBE_NEW_LIFE);
}

/* Two who meet: the session of a client with another one. */
static void live_peer(struct world *world, const struct event *event)
{
    size_t other = 1 + event->b % (world->fleet.count - 1);
    struct talk_line line = {
        .client = event->place, .with = other, .cut = event->a, .delay_ms = PEER_DELAY_MS};
    struct talk_end end;
    if (event->place == 0 || other == event->place || world_apart(world, event->place, other))
        return;
    world_sync(world, &line, 1, &end);
}

/* ---- copies of folders ---- */

static void live_copy(struct world *world, const struct event *event)
{
    struct place *place = &world->fleet.places[event->place];
    size_t slot = event->a % FLEET_IMAGES;
    struct fleet_image *image = &place->images[slot];
    struct account *account = &world->ledger.images[event->place][slot];
    if (image->taken && ledger_would_lose(&world->ledger, &world->fleet, account,
                                          &world->ledger.places[event->place])) {
        world_probe(world, PROBE_SPARED);
        return;
    }
    disk_copy(&image->disk, &place->disk);
    image->taken = true;
    image->passphrase = place->passphrase;
    ledger_copy(&world->ledger, event->place, (unsigned)slot);
}

void world_stop(struct world *world, size_t at)
{
    struct sim_disk *disk = &world->fleet.places[at].disk;
    fleet_stop(&world->fleet, at);
    if (disk->dead)
        disk_restart(disk, chance_number(&world->chance));
}

/* What the hub is known to have had is judged anew: it may be what the copy has not. */
static void take_account(struct world *world, size_t at, const struct account *account)
{
    struct account *own = &world->ledger.places[at];
    *own = *account;
    for (unsigned i = 0; i < world->ledger.count; i++)
        own->tried.has[i] = own->tried.has[i] && own->holds.has[i];
}

static void live_back(struct world *world, const struct event *event)
{
    struct place *place = &world->fleet.places[event->place];
    size_t slot = event->a % FLEET_IMAGES;
    struct account *account = &world->ledger.images[event->place][slot];
    if (!place->images[slot].taken || event->place == 0)
        return;
    if (fleet_spread(&world->fleet, event->place) ||
        ledger_would_lose(&world->ledger, &world->fleet, &world->ledger.places[event->place],
                          account)) {
        world_probe(world, PROBE_SPARED);
        return;
    }
    world_probe(world, PROBE_BACK);
    world_doubt_photos(world, event->place);
    world_doubt_deeds(world, event->place);
    place->put_back = true;
    ledger_back(&world->ledger, event->place);
    world_lose_sticks(world);
    world_stop(world, event->place);
    disk_copy(&place->disk, &place->images[slot].disk);
    place->passphrase = place->images[slot].passphrase;
    take_account(world, event->place, account);
    world_start(world, event->place);
}

static void live_swap(struct world *world, const struct event *event)
{
    struct place *place = &world->fleet.places[event->place];
    size_t slot = event->a % FLEET_IMAGES;
    struct account *account = &world->ledger.images[event->place][slot];
    struct account own = world->ledger.places[event->place];
    struct sim_disk *disk = &place->disk, other = {0};
    if (!place->images[slot].taken || event->place == 0)
        return;
    if (fleet_spread(&world->fleet, event->place)) {
        world_probe(world, PROBE_SPARED);
        return;
    }
    world_probe(world, PROBE_SWAPPED);
    world_doubt_photos(world, event->place);
    world_doubt_deeds(world, event->place);
    place->two_lives = true;
    ledger_swap(&world->ledger, event->place, (unsigned)slot);
    world_lose_sticks(world);
    world_stop(world, event->place);
    strcpy(other.folder, disk->folder);
    disk_copy(&other, disk);
    disk_copy(disk, &place->images[slot].disk);
    disk_copy(&place->images[slot].disk, &other);
    disk_release(&other);
    unsigned passphrase = place->passphrase;
    place->passphrase = place->images[slot].passphrase;
    place->images[slot].passphrase = passphrase;
    take_account(world, event->place, account);
    *account = own;
    world_start(world, event->place);
}

/* ---- machines and clocks ---- */

static void live_fault(struct world *world, const struct event *event)
{
    static const enum disk_fault faults[EVENT_KINDS] = {[EVENT_POWER] = DISK_POWER_CUT,
                                                        [EVENT_KILL] = DISK_KILL,
                                                        [EVENT_FULL] = DISK_FULL,
                                                        [EVENT_ERROR] = DISK_ERROR};
    struct place *place = &world->fleet.places[event->place];
    bool lasts = event->kind == EVENT_FULL || event->kind == EVENT_ERROR;
    disk_arm(&place->disk, faults[event->kind], event->a, lasts ? event->b : 1);
    place->next_cut = event->kind == EVENT_POWER ? event->b : 0;
}

static void live_clock(struct world *world, const struct event *event)
{
    struct fleet_clock *clock = &world->fleet.places[event->place].clock;
    int64_t step = (int64_t)event->a - (int64_t)event->b;
    if (event->kind == EVENT_DRIFT)
        clock->drift_ppm = step;
    else if (step == 0)
        clock->offset_ms = -1767225600000; /* an empty battery: 1970 */
    else
        clock->offset_ms += step * 60000;
    if (step < 0)
        world_probe(world, PROBE_BACKWARDS);
}

void event_live(struct world *world, const struct event *event)
{
    static void (*const lives[EVENT_KINDS])(struct world *, const struct event *) = {
        [EVENT_SAVE] = live_save,
        [EVENT_DELETE] = live_delete,
        [EVENT_SYNC] = live_sync,
        [EVENT_STORM] = live_sync,
        [EVENT_POWER] = live_fault,
        [EVENT_KILL] = live_fault,
        [EVENT_FULL] = live_fault,
        [EVENT_ERROR] = live_fault,
        [EVENT_CLOCK] = live_clock,
        [EVENT_DRIFT] = live_clock,
        [EVENT_COPY] = live_copy,
        [EVENT_BACK] = live_back,
        [EVENT_SWAP] = live_swap,
        [EVENT_REVOKE] = live_revoke,
        [EVENT_REVIVE] = live_revive,
        [EVENT_RENEW] = live_renew,
        [EVENT_ADOPT] = live_adopt,
        [EVENT_SCHEMA] = live_schema,
        [EVENT_ERASE] = live_erase,
        [EVENT_PEER] = live_peer,
        [EVENT_PASSPHRASE] = live_passphrase,
        [EVENT_PHOTO] = live_photo,
        [EVENT_MEMBER] = live_member,
        [EVENT_CLEAN] = live_clean,
        [EVENT_PACK] = live_pack,
        [EVENT_UNPACK] = live_unpack};
    if (world->fleet.places[event->place].retired)
        return;
    lives[event->kind](world, event);
    if (event->kind == EVENT_SYNC || event->kind == EVENT_STORM || event->kind == EVENT_UNPACK)
        world_move_members(world);
}
