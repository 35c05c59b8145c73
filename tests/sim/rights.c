#include "tests/sim/rights.h"

#include <assert.h>
#include <stdlib.h>

#define ID_NUMBER 25 /* the one field of the ledger that volunteers may not write */

void rights_init(struct rights *rights, const struct fleet *fleet, size_t at)
{
    const struct place *place = &fleet->places[at];
    *rights = (struct rights){.serial = 1, .count = 1};
    rights->list[0] = (struct right){.role = place->role, .org = place->org};
}

void rights_release(struct rights *rights)
{
    for (size_t i = 0; i < rights->count; i++)
        frontier_release(&rights->list[i].held);
    frontier_release(&rights->cut);
    *rights = (struct rights){0};
}

static void keep(struct frontier *to, const struct frontier *held)
{
    if (frontier_copy(to, held, NULL) != STATUS_OK)
        abort();
}

void rights_follow(struct rights *rights, const struct fleet *fleet, size_t at,
                   const struct frontier *held)
{
    const struct registry *registry = replica_registry(fleet->places[0].replica);
    uint32_t index = fleet->places[at].device;
    const struct certificate *certificate = &registry_device(registry, index)->certificate;
    uint32_t cut_serial = registry_cut_serial(registry, index);
    if (certificate->serial < rights->serial || cut_serial < rights->cut_serial)
        rights->unsure = true;
    if (certificate->serial > rights->serial) {
        assert(rights->count < RIGHTS_MAX);
        struct right *right = &rights->list[rights->count++];
        *right = (struct right){.role = certificate->role, .org = certificate->org};
        keep(&right->held, held);
        rights->serial = certificate->serial;
    }
    if (cut_serial > rights->cut_serial) {
        rights->cut_serial = cut_serial;
        rights->revoked = true;
        keep(&rights->cut, held);
    }
}

bool rights_known(const struct rights *rights, const struct replica *replica, uint32_t device)
{
    const struct registry *registry = replica_registry(replica);
    const struct device *known = registry_device(registry, device);
    return !rights->unsure && known && known->certificate.serial == rights->serial &&
           registry_cut_serial(registry, device) == rights->cut_serial;
}

bool rights_allow(const struct rights *rights, const struct fleet *fleet, const struct dot *dot,
                  uint16_t field)
{
    size_t at = rights->count - 1;
    if (rights->revoked && !frontier_covers(&rights->cut, dot))
        return false;
    while (at > 0 && frontier_covers(&rights->list[at].held, dot))
        at--;
    const struct right *right = &rights->list[at];
    uint32_t org = SCOPE_ORG(dot->feed.scope);
    return (right->org == org || right->org == fleet->township) &&
           (right->role != ROLE_VOLUNTEER || field != ID_NUMBER);
}
