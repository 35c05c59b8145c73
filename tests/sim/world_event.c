/* What each event of a plan does. */

#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "server/backup.h"
#include "server/revoke.h"
#include "tests/sim/world_state.h"

#define DELAY_MS 300

/* ---- saving ---- */

struct writing {
    struct world *world;
    struct replica *replica;
    unsigned author, row, field;
    unsigned saves[2]; /* the field's, and the name's of a new row */
    size_t saves_count;
    struct buffer values[2];
    struct dot bases[8];
    size_t bases_count;
    bool has_bases;
};

/* What the new save replaces: all heads, or only the one that an old screen shows. */
static void choose_bases(struct writing *writing, const struct row *row, bool stale)
{
    struct ledger *ledger = &writing->world->ledger;
    const struct cell *cell = row_find_cell(row, ledger_fields[writing->field]);
    struct save *save = &ledger->saves[writing->saves[0]];
    writing->has_bases = stale && cell && cell->heads_count > 1;
    for (size_t i = 0; cell && i < cell->heads_count; i++) {
        unsigned number;
        if (writing->has_bases && i > 0)
            break;
        struct seal_place place = {LEDGER_TABLE, row->id, cell->field};
        if (ledger_find_in(ledger, writing->replica, &place, cell->heads[i].value, &number)) {
            save->replaces.has[number] = 1;
            /* Until the other life's branch has its place, a base has the name that it will lose.
             */
            ledger->saves[number].renamed |= replica_restoring(writing->replica);
        }
        if (writing->has_bases)
            writing->bases[writing->bases_count++] = cell->heads[i].dot;
    }
}

static void start_value(struct writing *writing, unsigned field)
{
    char text[LEDGER_VALUE_BYTES];
    size_t at = writing->saves_count++;
    writing->saves[at] = ledger_try(&writing->world->ledger, writing->author, writing->row, field);
    ledger_value(writing->saves[at], text);
    if (pack_str(&writing->values[at], bytes_text(text)) != STATUS_OK)
        abort();
}

static enum status save(struct writing *writing, enum change_kind kind, struct error *err)
{
    const struct ledger *ledger = &writing->world->ledger;
    struct change_field fields[2] = {{0}};
    size_t count = 0, entries, failed;
    struct saved saved;
    if (kind == CHANGE_ADD && writing->field != 0)
        fields[count++] = (struct change_field){.field = ledger_fields[0],
                                                .value = buffer_bytes(&writing->values[1])};
    if (kind != CHANGE_DELETE)
        fields[count++] = (struct change_field){.field = ledger_fields[writing->field],
                                                .value = buffer_bytes(&writing->values[0]),
                                                .has_bases = writing->has_bases,
                                                .bases = writing->bases,
                                                .bases_count = writing->bases_count};
    struct change change = {.kind = kind,
                            .table = LEDGER_TABLE,
                            .id = ledger->rows[writing->row],
                            .scope = SCOPE_RECORDS(ledger->orgs[writing->row]),
                            .fields = fields,
                            .fields_count = count};
    if (kind != CHANGE_ADD)
        change.scope = 0;
    return replica_save(writing->replica, &change, 1, &saved, &entries, &failed, err);
}

static void conclude(struct writing *writing, enum status status)
{
    struct world *world = writing->world;
    struct sim_disk *disk = &world->fleet.places[writing->author].disk;
    /* Refused with good reasons, or by the disk: then it may stand there all the same. */
    bool refused =
        status == STATUS_NOT_FOUND || status == STATUS_DENIED || status == STATUS_BAD_INPUT;
    for (size_t i = 0; i < writing->saves_count; i++) {
        world->ledger.saves[writing->saves[i]].partner =
            writing->saves[writing->saves_count - 1 - i];
        if (world->ledger.saves[writing->saves[i]].cut)
            world_probe(world, PROBE_UNDONE);
        if (status == STATUS_OK)
            ledger_acknowledge(&world->ledger, writing->saves[i]);
        else if (refused)
            ledger_refuse(&world->ledger, writing->saves[i]);
        buffer_release(&writing->values[i]);
    }
    if (disk->cut)
        world_probe(world, PROBE_CUT_SAVING);
    else if (status != STATUS_OK && !refused)
        world_probe(world, status == STATUS_DISK_FULL ? PROBE_FULL : PROBE_ERROR);
}

static void note_unsaid(struct world *world, const struct writing *writing, enum status status)
{
    if (status == STATUS_OK)
        return;
    for (size_t i = 0; i < writing->saves_count; i++)
        if (world->ledger.places[writing->author].holds.has[writing->saves[i]])
            world_probe(world, PROBE_UNSAID);
}

static bool may_write(const struct world *world, size_t place, unsigned row)
{
    return fleet_reads(&world->fleet, place, world->ledger.orgs[row]);
}

static void live_save(struct world *world, const struct event *event)
{
    struct writing writing = {.world = world,
                              .replica = world->fleet.places[event->place].replica,
                              .author = event->place,
                              .row = (unsigned)(event->a % LEDGER_ROWS),
                              .field = (unsigned)(event->b % LEDGER_FIELDS)};
    struct row row = {0};
    bool found;
    struct error err = {0};
    if (event->place == 0 || !may_write(world, event->place, writing.row) ||
        world->ledger.count + 2 > LEDGER_SAVES_MAX)
        return;
    enum status status = replica_row(writing.replica, LEDGER_TABLE,
                                     &world->ledger.rows[writing.row], 0, &row, &found, &err);
    if (status != STATUS_OK) {
        row_release(&row);
        world_note(world, "reading before the save: %s", status_name(status));
        return;
    }
    bool deleted = found && row_deleted(&row);
    start_value(&writing, writing.field);
    if (!found && writing.field != 0)
        start_value(&writing, 0);
    if (found)
        choose_bases(&writing, &row, event->b / LEDGER_FIELDS % 4 == 0);
    row_release(&row);
    status = save(&writing, found ? CHANGE_SET : CHANGE_ADD, &err);
    if (deleted && status == STATUS_NOT_FOUND)
        world_probe(world, PROBE_ON_DELETED);
    else if (status == STATUS_DENIED && world->fleet.places[event->place].revoked)
        world_note(world, "it was revoked");
    else if (status == STATUS_NOT_FOUND || status == STATUS_DENIED || status == STATUS_BAD_INPUT)
        finding_set(&world->report->finding, "save", "place %u may not save in row %u: %s",
                    event->place, writing.row, err.text);
    conclude(&writing, status);
    world_note(world, "place %u, row %u, save %u: %s", event->place, writing.row, writing.saves[0],
               status_name(status));
    world_mend(world);
    if (world_ok(world))
        ledger_look(&world->ledger, &world->fleet, event->place, &world->report->finding);
    note_unsaid(world, &writing, status);
}

static void live_delete(struct world *world, const struct event *event)
{
    struct writing writing = {.world = world,
                              .replica = world->fleet.places[event->place].replica,
                              .author = event->place,
                              .row = (unsigned)(event->a % LEDGER_ROWS)};
    struct error err = {0};
    if (event->place == 0 || !may_write(world, event->place, writing.row))
        return;
    enum status status = save(&writing, CHANGE_DELETE, &err);
    if (status == STATUS_OK)
        world_probe(world, PROBE_DELETED);
    world_note(world, "place %u deletes row %u: %s", event->place, writing.row,
               status_name(status));
    world_mend(world);
    if (world_ok(world))
        ledger_look(&world->ledger, &world->fleet, event->place, &world->report->finding);
}

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
    ledger_copy(&world->ledger, event->place, (unsigned)slot);
}

/* An armed fault may strike while the process ends. */
static void stop(struct world *world, size_t at)
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
    if (ledger_would_lose(&world->ledger, &world->fleet, &world->ledger.places[event->place],
                          account)) {
        world_probe(world, PROBE_SPARED);
        return;
    }
    world_probe(world, PROBE_BACK);
    stop(world, event->place);
    disk_copy(&place->disk, &place->images[slot].disk);
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
    world_probe(world, PROBE_SWAPPED);
    stop(world, event->place);
    strcpy(other.folder, disk->folder);
    disk_copy(&other, disk);
    disk_copy(disk, &place->images[slot].disk);
    disk_copy(&place->images[slot].disk, &other);
    disk_release(&other);
    take_account(world, event->place, account);
    *account = own;
    world_start(world, event->place);
}

/* The hub's disk dies and an older copy is put back, as `jinqiud restore` does it. What it lost
 * must be with the clients, who keep their own. */
static void live_revive(struct world *world, const struct event *event)
{
    struct place *hub = &world->fleet.places[0];
    size_t slot = event->a % FLEET_IMAGES;
    struct account *account = &world->ledger.images[0][slot];
    struct error err = {0};
    if (!hub->images[slot].taken)
        return;
    if (ledger_would_lose(&world->ledger, &world->fleet, &world->ledger.places[0], account)) {
        world_probe(world, PROBE_SPARED);
        return;
    }
    world_probe(world, PROBE_REVIVED);
    stop(world, 0);
    disk_copy(&hub->disk, &hub->images[slot].disk);
    hub->disk.fault = DISK_SOUND; /* it is another disk */
    world->ledger.places[0] = *account;
    world_start(world, 0);
    if (!world_ok(world))
        return;
    if (replica_begin(hub->replica, &err) != STATUS_OK ||
        hub_begin_anew(&hub->hub, &err) != STATUS_OK ||
        replica_commit(hub->replica, &err) != STATUS_OK)
        finding_set(&world->report->finding, "reopen", "the hub can't begin anew: %s", err.text);
}

static size_t still_active(const struct world *world)
{
    size_t count = 0;
    for (size_t at = 1; at < world->fleet.count; at++)
        count += !world->fleet.places[at].revoked;
    return count;
}

static void live_revoke(struct world *world, const struct event *event)
{
    struct place *place = &world->fleet.places[event->place];
    struct hub *hub = &world->fleet.places[0].hub;
    struct error err = {0};
    if (event->place == 0 || place->revoked || still_active(world) < 3)
        return;
    uint32_t index = replica_identity(place->replica)->device;
    const struct device *device = registry_device(replica_registry(hub->replica), index);
    enum status status = device ? hub_revoke(hub, device, UINT64_MAX, &err) : STATUS_NOT_FOUND;
    world_note(world, "place %u is revoked: %s", event->place, status_name(status));
    /* Refused by the disk it may stand there all the same; then nobody knows yet. */
    place->revoked = true;
    ledger_revoke(&world->ledger, event->place);
    world_mend(world);
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
    if (world->fleet.places[event->place].retired)
        return;
    switch (event->kind) {
    case EVENT_SAVE:
        live_save(world, event);
        break;
    case EVENT_DELETE:
        live_delete(world, event);
        break;
    case EVENT_SYNC:
    case EVENT_STORM:
        live_sync(world, event);
        break;
    case EVENT_POWER:
    case EVENT_KILL:
    case EVENT_FULL:
    case EVENT_ERROR:
        live_fault(world, event);
        break;
    case EVENT_CLOCK:
    case EVENT_DRIFT:
        live_clock(world, event);
        break;
    case EVENT_COPY:
        live_copy(world, event);
        break;
    case EVENT_BACK:
        live_back(world, event);
        break;
    case EVENT_SWAP:
        live_swap(world, event);
        break;
    case EVENT_REVOKE:
        live_revoke(world, event);
        break;
    case EVENT_REVIVE:
        live_revive(world, event);
        break;
    case EVENT_KINDS:
        break;
    }
}
