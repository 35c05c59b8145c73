/* Members who go from one org to the other while people write in them: letters are offered,
 * answered and crossed, and the hub moves rows whenever it was met. Nothing that was written is
 * lost, and in the end each member is in one place. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "common/transfer.h"
#include "tests/sim/world_state.h"
#include "tests/support/letters.h"

#define PAIRS_MAX 7
#define PHONE 10 /* field of person */

/* ---- writing ---- */

struct id world_member(const struct world *world, unsigned member)
{
    struct chance chance = {world->plan->seed ^ (0x6d656d62u + member)};
    struct id id;
    for (size_t i = 0; i < ID_BYTES; i++)
        id.bytes[i] = (uint8_t)chance_number(&chance);
    return id;
}

static uint32_t org_of(const struct world *world, unsigned which)
{
    return which % 2 ? world->fleet.branch : world->fleet.township;
}

struct pair { /* as people type it, ascending by field */
    const char *field, *text;
};

static enum status save(struct replica *replica, struct change change, const struct pair *pairs,
                        struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    const struct schema_table *table = schema_table(schema, change.table);
    struct buffer values[PAIRS_MAX] = {{0}};
    struct change_field fields[PAIRS_MAX] = {{0}};
    struct saved saved;
    size_t entries, failed;
    enum status status = STATUS_OK;
    for (; status == STATUS_OK && pairs->field; pairs++) {
        size_t at = change.fields_count++;
        const struct schema_field *field = table_field_named(table, pairs->field);
        status = field_parse(schema, field, pairs->text, &values[at], err);
        fields[at] =
            (struct change_field){.field = field->number, .value = buffer_bytes(&values[at])};
    }
    change.fields = fields;
    if (status == STATUS_OK)
        status = replica_save(replica, &change, 1, &saved, &entries, &failed, err);
    for (size_t i = 0; i < PAIRS_MAX; i++)
        buffer_release(&values[i]);
    return status;
}

/* What the place knows of the member. */
static enum status presence(struct replica *replica, const struct id *id, uint32_t scope,
                            bool *known, enum row_presence *where, struct error *err)
{
    struct row row = {0};
    TRY(replica_row(replica, LEDGER_TABLE, id, scope, &row, known, err));
    *where = row_presence(&row);
    row_release(&row);
    return STATUS_OK;
}

static enum status write_phone(const struct world *world, struct replica *replica, unsigned member,
                               struct error *err)
{
    char phone[16];
    struct change change = {.kind = CHANGE_SET, .table = LEDGER_TABLE};
    const struct pair pairs[] = {{"name", "示例党员壹"}, {"phone", phone}, {NULL, NULL}};
    enum row_presence where;
    bool known;
    change.id = world_member(world, member);
    snprintf(phone, sizeof phone, "%zu", world->deeds_count + 1);
    TRY(presence(replica, &change.id, 0, &known, &where, err));
    if (known && where != ROW_HERE)
        return error_set(err, STATUS_NOT_FOUND, "it isn't here any more");
    if (!known) {
        change.kind = CHANGE_ADD;
        change.scope = SCOPE_RECORDS(org_of(world, member));
    }
    return save(replica, change, known ? pairs + 1 : pairs, err);
}

/* To the org where it isn't. The day makes each letter another one. */
static enum status offer(const struct world *world, struct replica *replica, unsigned member,
                         struct error *err)
{
    char person[ID_TEXT_BYTES], org[ID_TEXT_BYTES], day[16];
    enum row_presence where;
    bool known;
    struct id id = world_member(world, member);
    const struct registry *registry = replica_registry(replica);
    const struct schema_table *table = schema_table_named(replica_schema(replica), "affiliation");
    TRY(presence(replica, &id, SCOPE_RECORDS(world->fleet.branch), &known, &where, err));
    bool in_branch = known && where == ROW_HERE;
    const struct org *target =
        registry_org(registry, in_branch ? world->fleet.township : world->fleet.branch);
    const struct pair pairs[] = {{"person_id", person}, {"org_id", org},     {"kind", "member"},
                                 {"start_on", day},     {"state", "issued"}, {NULL, NULL}};
    if (!target)
        return error_set(err, STATUS_NOT_FOUND, "no such org");
    id_format(&id, person);
    id_format(&target->id, org);
    snprintf(day, sizeof day, "20%02zu-01-01", world->deeds_count % 100);
    struct change change = {.kind = CHANGE_ADD, .table = table->number};
    return save(replica, change, pairs, err);
}

/* Each open letter that lies where it goes, and few that don't yet: nothing comes of those. A third
 * go back. */
static enum status answer(struct replica *replica, struct chance *chance, struct error *err)
{
    const struct schema_table *table = schema_table_named(replica_schema(replica), "affiliation");
    struct letters letters;
    TRY(letters_open(replica, &letters, err));
    for (size_t i = 0; i < letters.count; i++) {
        struct change change = {
            .kind = CHANGE_SET, .table = table->number, .id = letters.items[i].id};
        const struct pair pairs[] = {{"state", chance_below(chance, 3) ? "received" : "returned#2"},
                                     {NULL, NULL}};
        if (letters.items[i].arrived || chance_below(chance, 8) == 0)
            TRY(save(replica, change, pairs, err));
    }
    return STATUS_OK;
}

void live_member(struct world *world, const struct event *event)
{
    static const char *const names[] = {"writes", "offers", "answers"};
    struct replica *replica = world->fleet.places[event->place].replica;
    static const unsigned often[] = {0, 0, 1, 2, 2, 2};
    unsigned what = often[event->a % 6], member = (unsigned)(event->b % WORLD_MEMBERS);
    struct chance chance = {event->seed};
    struct error err = {0};
    enum status status;
    if (world->deeds_count == WORLD_DEEDS || event->place == 0)
        return;
    if (what == 0)
        status = write_phone(world, replica, member, &err);
    else if (what == 1)
        status = offer(world, replica, member, &err);
    else
        status = answer(replica, &chance, &err);
    world_note(world, "place %u %s, member %u, deed %zu: %s", event->place, names[what], member,
               world->deeds_count, status_name(status));
    /* What the disk refused may stand there all the same: then the number must not come again. */
    world->deeds[world->deeds_count++] =
        (struct deed){.author = event->place,
                      .member = member,
                      .phone = what == 0 && status == STATUS_OK,
                      .doubtful = world_apart(world, event->place, event->place)};
    world_mend(world);
    if (world_ok(world))
        ledger_look(&world->ledger, &world->fleet, event->place, &world->report->finding);
}

void world_doubt_deeds(struct world *world, size_t author)
{
    for (size_t i = 0; i < world->deeds_count; i++)
        world->deeds[i].doubtful |= world->deeds[i].author == author;
}

/* ---- moving ---- */

static void tell(void *context, const struct error *err)
{
    world_note(context, "not moved: %s", err->text);
}

/* In how many orgs the hub has a live row of the member; *home: the last of them. */
static unsigned homes(struct world *world, unsigned member, uint32_t *home)
{
    struct id id = world_member(world, member);
    unsigned count = 0;
    *home = 0;
    for (unsigned which = 0; which < 2; which++) {
        enum row_presence where;
        bool known;
        struct error err = {0};
        if (presence(world->fleet.places[0].replica, &id, SCOPE_RECORDS(org_of(world, which)),
                     &known, &where, &err) != STATUS_OK)
            finding_set(&world->report->finding, "read", "the hub can't read a member: %s",
                        err.text);
        else if (known && where == ROW_HERE) {
            *home = org_of(world, which);
            count++;
        }
    }
    return count;
}

/* What came after its member had gone is carried after it; that is no new home. */
static void note_homes(struct world *world, const uint32_t before[WORLD_MEMBERS])
{
    uint32_t home;
    bool moved = false;
    for (unsigned i = 0; i < WORLD_MEMBERS && world_ok(world); i++) {
        homes(world, i, &home);
        moved |= before[i] != 0 && home != 0 && home != before[i];
    }
    world_probe(world, moved ? PROBE_MOVED : PROBE_CARRIED_AFTER);
}

bool world_move_members(struct world *world)
{
    struct replica *hub = world->fleet.places[0].replica;
    uint32_t before[WORLD_MEMBERS];
    uint64_t moved = 0;
    struct error err = {0};
    if (world->deeds_count == 0 || !world_ok(world))
        return false;
    for (unsigned i = 0; i < WORLD_MEMBERS; i++)
        homes(world, i, &before[i]);
    enum status status = transfer_run(hub, tell, world, &moved, &err);
    if (moved > 0 || status != STATUS_OK)
        world_note(world, "the hub writes %llu entries to move rows: %s", (unsigned long long)moved,
                   status_name(status));
    world_mend(world);
    if (moved > 0 && world_ok(world))
        note_homes(world, before);
    if (world_ok(world))
        ledger_look(&world->ledger, &world->fleet, 0, &world->report->finding);
    return moved > 0;
}

/* ---- looking ---- */

/* Who lived twice or lost rights may have written what doesn't count. */
static bool is_sure(const struct world *world, const struct deed *deed)
{
    const struct rights *rights = &world->ledger.rights[deed->author];
    return !deed->doubtful && !rights->revoked && !rights->unsure && rights->count == 1;
}

struct seen {
    bool phones[WORLD_DEEDS];
};

static enum status see(void *context, const struct history_item *item, struct error *err)
{
    struct seen *seen = context;
    struct unpack in = unpack_of(item->value);
    struct bytes text;
    char digits[16] = "";
    (void)err;
    if (item->field != PHONE || !unpack_str(&in, &text) || text.size >= sizeof digits)
        return STATUS_OK;
    memcpy(digits, text.data, text.size);
    size_t deed = strtoul(digits, NULL, 10) - 1;
    if (deed < WORLD_DEEDS)
        seen->phones[deed] = true;
    return STATUS_OK;
}

static void look_at_member(struct world *world, unsigned member)
{
    struct finding *finding = &world->report->finding;
    struct seen seen = {{false}};
    struct error err = {0};
    struct id id = world_member(world, member);
    uint32_t home;
    bool sure = true, written = false;
    for (size_t i = 0; i < world->deeds_count; i++)
        if (world->deeds[i].member == member) {
            sure &= is_sure(world, &world->deeds[i]);
            written |= world->deeds[i].phone;
        }
    if (!sure || !written)
        return;
    unsigned count = homes(world, member, &home);
    if (count != 1)
        finding_set(finding, "O16", "member %u is in %u places", member, count);
    if (replica_row_history(world->fleet.places[0].replica, LEDGER_TABLE, &id, see, &seen, &err) !=
        STATUS_OK)
        finding_set(finding, "read", "the hub can't read a member's history: %s", err.text);
    for (size_t i = 0; i < world->deeds_count && world_ok(world); i++)
        if (world->deeds[i].member == member && world->deeds[i].phone && !seen.phones[i])
            finding_set(finding, "O1", "deed %zu of place %u isn't where member %u lives", i,
                        world->deeds[i].author, member);
}

void world_look_at_members(struct world *world)
{
    for (unsigned i = 0; i < WORLD_MEMBERS && world_ok(world); i++)
        look_at_member(world, i);
}
