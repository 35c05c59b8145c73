/* What the hub does: devices and the schema, erasures, and its own misfortune. */

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "server/backup.h"
#include "server/erase.h"
#include "server/renew.h"
#include "server/revoke.h"
#include "server/roster.h"
#include "tests/sim/world_state.h"

#define EPOCHS_MAX 3

static struct frontier held_by_hub(struct world *world)
{
    struct frontier held = {0};
    if (frontier_copy(&held, replica_frontier(world->fleet.places[0].replica), NULL) != STATUS_OK)
        abort();
    return held;
}

/* Refused by the disk it may stand there all the same. Takes `held`. */
static void conclude(struct world *world, struct frontier *held, enum status status,
                     const char *what)
{
    world_note(world, "%s: %s", what, status_name(status));
    world_mend(world);
    world_follow(world, held);
    frontier_release(held);
}

/* ---- devices ---- */

static size_t still_active(const struct world *world)
{
    size_t count = 0;
    for (size_t at = 1; at < world->fleet.count; at++)
        count += !world->fleet.places[at].revoked;
    return count;
}

void live_revoke(struct world *world, const struct event *event)
{
    struct place *place = &world->fleet.places[event->place];
    struct hub *hub = &world->fleet.places[0].hub;
    struct error err = {0};
    if (event->place == 0 || place->revoked || still_active(world) < 3)
        return;
    uint32_t index = replica_identity(place->replica)->device;
    const struct device *device = registry_device(replica_registry(hub->replica), index);
    struct frontier held = held_by_hub(world);
    enum status status = device ? hub_revoke(hub, device, UINT64_MAX, &err) : STATUS_NOT_FOUND;
    conclude(world, &held, status, "revocation");
    device = world_ok(world) ? registry_device(replica_registry(hub->replica), index) : NULL;
    place->revoked = device && device->state != DEVICE_ACTIVE;
}

void live_renew(struct world *world, const struct event *event)
{
    struct place *place = &world->fleet.places[event->place];
    struct hub *hub = &world->fleet.places[0].hub;
    const struct fleet *fleet = &world->fleet;
    struct renewal renewal = {event->a % 3 ? ROLE_SECRETARY : ROLE_VOLUNTEER,
                              event->b % 2 ? fleet->branch : fleet->township};
    struct error err = {0};
    if (event->place == 0 || place->revoked ||
        world->ledger.rights[event->place].count == RIGHTS_MAX)
        return;
    struct frontier held = held_by_hub(world);
    const struct device *device = registry_device(replica_registry(hub->replica), place->device);
    enum status status = hub_renew_device(hub, device, &renewal, &err);
    if (status == STATUS_OK)
        world_probe(world, PROBE_RENEWED);
    conclude(world, &held, status, "renewal");
}

/* ---- the schema ---- */

static int number_of(json_t *object)
{
    return (int)json_integer_value(json_object_get(object, "number"));
}

/* Fields stand in the order of their numbers. */
static void add_field(json_t *table, uint32_t epoch)
{
    char name[32];
    int number = LEDGER_NEWER_FIELD + (int)epoch - 2;
    json_t *fields = json_object_get(table, "fields");
    size_t at = 0;
    while (at < json_array_size(fields) && number_of(json_array_get(fields, at)) < number)
        at++;
    snprintf(name, sizeof name, "of_epoch_%u", epoch);
    json_array_insert_new(fields, at,
                          json_pack("{si ss ss ss ss ss si}", "number", number, "name", name, "zh",
                                    name, "en", name, "type", "text", "merge", "register", "bytes",
                                    100));
}

/* The schema in force with one field more. */
static struct schema *next_schema(const struct schema *schema)
{
    struct schema *next = NULL;
    struct error err = {0};
    json_t *root = json_loadb(schema->text, schema->text_size, 0, NULL);
    uint32_t epoch = schema->epoch + 1;
    json_object_set_new(root, "epoch", json_integer(epoch));
    json_t *tables = json_object_get(root, "tables");
    for (size_t i = 0; i < json_array_size(tables); i++)
        if (number_of(json_array_get(tables, i)) == LEDGER_TABLE)
            add_field(json_array_get(tables, i), epoch);
    char *text = json_dumps(root, JSON_COMPACT);
    if (!text || schema_load(&next, bytes_text(text), &err) != STATUS_OK) {
        fprintf(stderr, "the next schema: %s\n", err.text);
        abort();
    }
    free(text);
    json_decref(root);
    return next;
}

static enum status publish(struct hub *hub, const struct schema *schema, struct error *err)
{
    TRY(replica_begin(hub->replica, err));
    enum status status = roster_write_schema(hub->replica, schema, err);
    if (status == STATUS_OK)
        status = hub_raise_beacon(hub, err);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}

void live_schema(struct world *world, const struct event *event)
{
    struct hub *hub = &world->fleet.places[0].hub;
    const struct schema *schema = replica_schema(hub->replica);
    struct error err = {0};
    (void)event;
    if (schema->epoch >= EPOCHS_MAX)
        return;
    struct frontier held = held_by_hub(world);
    struct schema *next = next_schema(schema);
    enum status status = publish(hub, next, &err);
    schema_free(next);
    if (status == STATUS_OK)
        world_probe(world, PROBE_EPOCH);
    conclude(world, &held, status, "schema");
}

/* ---- erasing ---- */

void live_erase(struct world *world, const struct event *event)
{
    unsigned row = (unsigned)(event->a % LEDGER_ROWS);
    struct hub *hub = &world->fleet.places[0].hub;
    struct error err = {0};
    struct frontier held = held_by_hub(world);
    enum status status = hub_erase(hub, "person", &world->ledger.rows[row], 0, &err);
    if (status != STATUS_NOT_FOUND)
        world->ledger.erased[row] = true;
    if (status == STATUS_OK)
        world_probe(world, PROBE_ERASED);
    conclude(world, &held, status, "erasure");
    if (world_ok(world))
        ledger_look(&world->ledger, &world->fleet, 0, &world->report->finding);
}

/* ---- another life of the hub ---- */

/* The hub's disk dies and an older copy is put back, as `jinqiud restore` does it. What it lost
 * must be with the clients, who keep their own. */
void live_revive(struct world *world, const struct event *event)
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
    world_stop(world, 0);
    disk_copy(&hub->disk, &hub->images[slot].disk);
    hub->disk.fault = DISK_SOUND; /* it is another disk */
    hub->passphrase = hub->images[slot].passphrase;
    world->ledger.places[0] = *account;
    world_start(world, 0);
    if (!world_ok(world))
        return;
    if (replica_begin(hub->replica, &err) != STATUS_OK ||
        hub_begin_anew(&hub->hub, &err) != STATUS_OK ||
        replica_commit(hub->replica, &err) != STATUS_OK)
        finding_set(&world->report->finding, "reopen", "the hub can't begin anew: %s", err.text);
    struct frontier held = held_by_hub(world);
    world_follow(world, &held);
    frontier_release(&held);
}
