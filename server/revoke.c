#include "server/revoke.h"

#include "server/roster.h"

/* What the hub holds of the device, whom it admitted included, at most `last_good` of each feed. */
static enum status make_cut(struct hub *hub, uint32_t device, uint64_t last_good,
                            struct frontier *cut, struct error *err)
{
    const struct frontier *all = replica_frontier(hub->replica);
    for (size_t i = 0; i < all->count; i++) {
        const struct frontier_row *row = &all->rows[i];
        if (row->feed.device != device)
            continue;
        TRY(frontier_raise(cut, &row->feed, row->number < last_good ? row->number : last_good,
                           err));
    }
    return STATUS_OK;
}

static enum status write_all(struct hub *hub, const struct device *device,
                             const struct frontier *cut, enum device_state state, struct error *err)
{
    const struct registry *registry = replica_registry(hub->replica);
    uint32_t orgs[ROSTER_ORGS_MAX], index = device->certificate.device;
    struct roster_revocation revocation = {.device = index,
                                           .row = device->id,
                                           .serial = registry_cut_serial(registry, index) + 1,
                                           .state = state,
                                           .cut = cut};
    size_t count = registry_device_orgs(registry, index, orgs, ROSTER_ORGS_MAX);
    for (size_t i = 0; i < count; i++)
        TRY(roster_write_revocation(hub->replica, orgs[i], &revocation, err));
    return hub_raise_beacon(hub, err);
}

enum status hub_revoke(struct hub *hub, const struct device *device, uint64_t last_good,
                       struct error *err)
{
    struct frontier cut = {0};
    struct device copy = *device; /* the registry's own changes under way */
    if (device->certificate.role == ROLE_HUB)
        return error_set(err, STATUS_DENIED, "the hub can't be revoked");
    TRY(replica_begin(hub->replica, err));
    enum status status = make_cut(hub, device->certificate.device, last_good, &cut, err);
    if (status == STATUS_OK)
        status = write_all(hub, &copy, &cut, DEVICE_REVOKED, err);
    frontier_release(&cut);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}
