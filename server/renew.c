#include "server/renew.h"

/* From where on the new certificate counts: behind what the hub holds of the device. */
static enum status begin_behind(const struct frontier *held, uint32_t device, struct frontier *from,
                                struct error *err)
{
    for (size_t i = 0; i < held->count; i++) {
        const struct frontier_row *row = &held->rows[i];
        if (row->feed.device == device)
            TRY(frontier_raise(from, &row->feed, row->number + 1, err));
    }
    return STATUS_OK;
}

static enum status write_renewal(struct hub *hub, uint32_t device, const struct renewal *renewal,
                                 struct error *err)
{
    struct certificate next = registry_device(replica_registry(hub->replica), device)->certificate;
    next.serial++;
    next.role = renewal->role;
    next.org = renewal->org;
    next.lot = next.lot_count = 0;
    hub_give_lot(hub, &next);
    next.beacon = replica_entry_head(hub->replica).beacon;
    next.from = (struct frontier){0};
    enum status status = begin_behind(replica_frontier(hub->replica), device, &next.from, err);
    if (status == STATUS_OK)
        status = hub_certify(hub, &next, err);
    certificate_release(&next);
    return status;
}

enum status hub_renew_device(struct hub *hub, const struct device *device,
                             const struct renewal *renewal, struct error *err)
{
    uint32_t index = device->certificate.device;
    if (index == DEVICE_HUB)
        return error_set(err, STATUS_DENIED, "the hub's own certificate can't be changed");
    TRY(replica_begin(hub->replica, err));
    enum status status = write_renewal(hub, index, renewal, err);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}
