/* What is encrypted: passphrases that change, and disks that tell nothing. */

#include <stdio.h>

#include "tests/sim/world_state.h"

/* Does the passphrase of before still open the folder, after another one was acknowledged? */
static void try_old_one(struct world *world, const struct place *place, unsigned passphrase)
{
    char text[FLEET_PASSPHRASE_BYTES];
    struct key_secret secret = fleet_secret(passphrase, text);
    struct vault *vault = NULL;
    enum status status = vault_load(&vault, place->folder, NULL);
    if (status == STATUS_OK)
        status = vault_unlock(vault, &secret, NULL);
    if (status == STATUS_OK)
        finding_set(&world->report->finding, "O13",
                    "a passphrase that was changed opens the folder");
    vault_free(vault);
}

/* Whoever changes it has the folder open. Cut off on the way, either one opens it. */
void live_passphrase(struct world *world, const struct event *event)
{
    struct place *place = &world->fleet.places[event->place];
    char text[FLEET_PASSPHRASE_BYTES];
    struct error err = {0};
    if (!place->vault)
        return;
    struct key_secret secret = fleet_secret(place->passphrase + 1, text);
    enum status status = vault_set(place->vault, &secret, &err);
    world_note(world, "place %u changes its passphrase: %s", event->place, status_name(status));
    if (place->disk.cut)
        world_probe(world, PROBE_CUT_PASSPHRASE);
    if (status == STATUS_OK) {
        world_probe(world, PROBE_PASSPHRASE);
        place->passphrase++;
        try_old_one(world, place, place->passphrase - 1);
    } else if (status != STATUS_STORAGE && status != STATUS_DISK_FULL) {
        finding_set(&world->report->finding, "passphrase", "place %u can't change it: %s",
                    event->place, err.text);
    }
    world_mend(world);
}

void world_search_disk(struct world *world, size_t at)
{
    const struct place *place = &world->fleet.places[at];
    if (!world->fleet.encrypted)
        return;
    world_probe(world, PROBE_ENCRYPTED);
    if (disk_holds(&place->disk, "save "))
        finding_set(&world->report->finding, "O13",
                    "what was saved can be read on place %zu's disk", at);
}
