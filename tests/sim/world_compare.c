/* What people are shown of a row is the same everywhere once the world is at rest, and so is the
 * list of conflicts; also where a scope came as a snapshot, of which the ledger can't tell what
 * stood there before. */

#include <string.h>

#include "common/view.h"
#include "tests/sim/world_state.h"

#define ROWS (LEDGER_ROWS + WORLD_MEMBERS)

/* What one place shows; of one that shows nothing all are NULL. */
struct sight {
    json_t *rows[ROWS], *bases[ROWS]; /* NULL: there is none */
    json_t *conflicts;
};

static void sight_release(struct sight *sight)
{
    for (size_t i = 0; i < ROWS; i++) {
        json_decref(sight->rows[i]);
        json_decref(sight->bases[i]);
    }
    json_decref(sight->conflicts);
}

static unsigned rows_count(const struct world *world)
{
    return world->deeds_count > 0 ? ROWS : LEDGER_ROWS;
}

static void name_row(const struct world *world, unsigned which, char text[ID_TEXT_BYTES])
{
    struct id id =
        which < LEDGER_ROWS ? world->ledger.rows[which] : world_member(world, which - LEDGER_ROWS);
    id_format(&id, text);
}

static enum status read_row(struct world *world, size_t at, unsigned which, struct sight *sight,
                            struct error *err)
{
    struct replica *replica = world->fleet.places[at].replica;
    char id[ID_TEXT_BYTES];
    name_row(world, which, id);
    enum status status = view_row(replica, "person", id, &sight->rows[which], err);
    if (status == STATUS_OK)
        status = view_bases(replica, "person", id, &sight->bases[which], err);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void see(struct world *world, size_t at, struct sight *sight)
{
    struct replica *replica = world->fleet.places[at].replica;
    struct error err = {0};
    enum status status = view_begin(replica, &err);
    for (unsigned i = 0; i < rows_count(world) && status == STATUS_OK; i++)
        status = read_row(world, at, i, sight, &err);
    if (status == STATUS_OK)
        status = view_conflicts(replica, &sight->conflicts, &err);
    view_end(replica);
    if (status != STATUS_OK)
        finding_set(&world->report->finding, "read", "place %zu can't show its rows: %s", at,
                    err.text);
}

/* Who hasn't the key sees that something is there. */
static bool is_hidden(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && strcmp(text, SEALED_TEXT) == 0;
}

static bool are_alike(const json_t *a, const json_t *b)
{
    return json_equal(a, b) || is_hidden(a) || is_hidden(b);
}

/* The name of the first field in which two objects differ; NULL: in none. */
static const char *first_difference(json_t *a, json_t *b)
{
    const char *name;
    json_t *value;
    json_object_foreach(a, name, value)
    {
        if (!are_alike(value, json_object_get(b, name)))
            return name;
    }
    json_object_foreach(b, name, value)
    {
        if (!json_object_get(a, name))
            return name;
    }
    return NULL;
}

/* The values that wait in one field of a row, with their names. */
static json_t *heads_of(const json_t *conflicts, const char *id, const char *field)
{
    size_t i;
    const json_t *conflict;
    json_array_foreach(conflicts, i, conflict)
    {
        if (strcmp(json_string_value(json_object_get(conflict, "id")), id) == 0 &&
            strcmp(json_string_value(json_object_get(conflict, "field")), field) == 0)
            return json_object_get(conflict, "heads");
    }
    return NULL;
}

static bool same_heads(const json_t *ours, const json_t *hubs)
{
    size_t i;
    const json_t *head;
    if (!ours || !hubs || json_array_size(ours) != json_array_size(hubs))
        return false;
    json_array_foreach(ours, i, head)
    {
        const json_t *other = json_array_get(hubs, i);
        if (!json_equal(json_object_get(head, "dot"), json_object_get(other, "dot")) ||
            !are_alike(json_object_get(head, "value"), json_object_get(other, "value")))
            return false;
    }
    return true;
}

/* A row names its conflicts: each is in the list, with the same values. */
static const char *first_conflict(const struct sight *ours, const struct sight *hubs,
                                  unsigned which, const char *id)
{
    size_t i;
    const json_t *name;
    json_array_foreach(json_object_get(ours->rows[which], "_conflicts"), i, name)
    {
        const char *field = json_string_value(name);
        if (!same_heads(heads_of(ours->conflicts, id, field), heads_of(hubs->conflicts, id, field)))
            return field;
    }
    return NULL;
}

static void compare(struct world *world, size_t at, unsigned which, const struct sight *ours,
                    const struct sight *hubs)
{
    struct finding *finding = &world->report->finding;
    const char *field = first_difference(ours->rows[which], hubs->rows[which]);
    char id[ID_TEXT_BYTES];
    name_row(world, which, id);
    if (!ours->rows[which] != !hubs->rows[which])
        finding_set(finding, "O6", "only one of place %zu and the hub shows row %u", at, which);
    if (field)
        finding_set(finding, "O6", "place %zu shows another %s in row %u than the hub", at, field,
                    which);
    if (ours->bases[which] && !json_equal(ours->bases[which], hubs->bases[which]))
        finding_set(finding, "O6", "place %zu has other heads in row %u than the hub", at, which);
    field = first_conflict(ours, hubs, which, id);
    if (field)
        finding_set(finding, "O6", "place %zu lists another conflict about %s in row %u", at, field,
                    which);
}

/* Of a member who may be in one org or the other: who reads but one of the two sees there what is
 * no more. */
static bool may_compare(const struct world *world, size_t at, unsigned which)
{
    uint32_t org = which < LEDGER_ROWS ? world->ledger.orgs[which] : world->fleet.township;
    return fleet_reads(&world->fleet, at, org);
}

void world_compare_rows(struct world *world)
{
    struct sight hubs = {.conflicts = NULL};
    see(world, 0, &hubs);
    for (size_t at = 1; at < world->fleet.count && world_ok(world); at++) {
        struct sight ours = {.conflicts = NULL};
        if (!world->fleet.places[at].revoked)
            see(world, at, &ours);
        for (unsigned i = 0; i < rows_count(world) && world_ok(world) && ours.conflicts; i++)
            if (may_compare(world, at, i))
                compare(world, at, i, &ours, &hubs);
        sight_release(&ours);
    }
    sight_release(&hubs);
}
