/* What people write: saves, deletions, and entries that others adopt. */

#include <stdlib.h>

#include "common/pack.h"
#include "tests/sim/world_state.h"

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
        struct ledger_value value = {
            {LEDGER_TABLE, row->id, cell->field}, cell->heads[i].value, cell->heads[i].dot};
        if (ledger_find_in(ledger, writing->replica, &value, &number)) {
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
    struct ledger *ledger = &writing->world->ledger;
    writing->saves[at] = ledger_try(ledger, writing->author, writing->row, field);
    ledger->saves[writing->saves[at]].cut =
        !rights_known(&ledger->rights[writing->author], writing->replica,
                      replica_identity(writing->replica)->device);
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

/* Where the entry stands that was just written; in one of two lives it may have to move. */
static struct dot last_of(const struct writing *writing)
{
    if (world_apart(writing->world, writing->author, writing->author))
        return (struct dot){0};
    const struct identity *self = replica_identity(writing->replica);
    struct dot dot = {.feed = {SCOPE_RECORDS(writing->world->ledger.orgs[writing->row]),
                               self->device, self->incarnation}};
    dot.number = frontier_get(replica_frontier(writing->replica), &dot.feed);
    return dot;
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
            world_probe(world, world->ledger.rights[writing->author].revoked ? PROBE_UNDONE
                                                                             : PROBE_BY_OLD_RIGHTS);
        if (status == STATUS_OK) {
            ledger_acknowledge(&world->ledger, writing->saves[i]);
            world->ledger.saves[writing->saves[i]].dot = last_of(writing);
        } else if (refused)
            ledger_refuse(&world->ledger, writing->saves[i]);
        if (status == STATUS_OK && writing->field == LEDGER_NEWER)
            world_probe(world, PROBE_NEWER);
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

/* By what the device knows itself. */
bool world_may_write(const struct world *world, size_t at, unsigned row)
{
    const struct place *place = &world->fleet.places[at];
    const struct registry *registry = replica_registry(place->replica);
    const struct device *self = registry_device(registry, place->device);
    return at != 0 && self &&
           registry_within(registry, self->certificate.org, world->ledger.orgs[row]);
}

static bool may_write_field(const struct world *world, size_t at, unsigned field)
{
    const struct place *place = &world->fleet.places[at];
    const struct device *self = registry_device(replica_registry(place->replica), place->device);
    if (field == LEDGER_NEWER)
        return table_field(schema_table(replica_schema(place->replica), LEDGER_TABLE),
                           LEDGER_NEWER_FIELD);
    return field != LEDGER_ID_NUMBER || self->certificate.role != ROLE_VOLUNTEER;
}

void live_save(struct world *world, const struct event *event)
{
    struct writing writing = {.world = world,
                              .replica = world->fleet.places[event->place].replica,
                              .author = event->place,
                              .row = (unsigned)(event->a % LEDGER_ROWS),
                              .field = (unsigned)(event->b % LEDGER_FIELDS)};
    struct row row = {0};
    bool found;
    struct error err = {0};
    if (!world_may_write(world, event->place, writing.row) ||
        !may_write_field(world, event->place, writing.field) ||
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
    else if (status == STATUS_DENIED && writing.field == LEDGER_ID_NUMBER)
        world_note(world, "it has no key yet to seal with");
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

void live_delete(struct world *world, const struct event *event)
{
    struct writing writing = {.world = world,
                              .replica = world->fleet.places[event->place].replica,
                              .author = event->place,
                              .row = (unsigned)(event->a % LEDGER_ROWS)};
    struct error err = {0};
    if (!world_may_write(world, event->place, writing.row))
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

/* ---- adopting ---- */

/* Entries that came here and don't count. */
static size_t list_aside(const struct world *world, size_t at, unsigned *saves)
{
    const struct ledger *ledger = &world->ledger;
    const struct frontier *held = replica_frontier(world->fleet.places[at].replica);
    size_t count = 0;
    for (unsigned i = 0; i < ledger->count; i++) {
        const struct save *save = &ledger->saves[i];
        if (save->cut && !save->renamed && save->dot.number > 0 && save->author != at &&
            !ledger->places[at].holds.has[i] && frontier_covers(held, &save->dot))
            saves[count++] = i;
    }
    return count;
}

static enum status adopt(struct replica *replica, const struct dot *origin, struct error *err)
{
    struct dot as;
    TRY(replica_begin(replica, err));
    enum status status = replica_adopt(replica, origin, &as, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

/* From now on it has another name, and others' bases may still have the old one. */
void live_adopt(struct world *world, const struct event *event)
{
    struct ledger *ledger = &world->ledger;
    unsigned saves[LEDGER_SAVES_MAX];
    struct error err = {0};
    size_t count = event->place == 0 ? 0 : list_aside(world, event->place, saves);
    if (count == 0)
        return;
    unsigned number = saves[event->a % count];
    struct save *save = &ledger->saves[number];
    enum status status = adopt(world->fleet.places[event->place].replica, &save->dot, &err);
    world_note(world, "place %u adopts save %u: %s", event->place, number, status_name(status));
    if (status != STATUS_DENIED && status != STATUS_EXISTS && status != STATUS_NOT_FOUND)
        save->renamed = ledger->saves[save->partner].renamed = true;
    if (status == STATUS_OK)
        world_probe(world, PROBE_ADOPTED);
    world_mend(world);
    if (world_ok(world))
        ledger_look(ledger, &world->fleet, event->place, &world->report->finding);
}
