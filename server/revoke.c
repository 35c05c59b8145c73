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

/* So nobody can put another history below the cut. */
static enum status make_hashes(struct hub *hub, const struct frontier *cut, struct buffer *hashes,
                               struct error *err)
{
    for (size_t i = 0; i < cut->count; i++) {
        struct dot dot = {cut->rows[i].feed, cut->rows[i].number};
        struct hash hash;
        TRY(replica_hash_at(hub->replica, &dot, &hash, err));
        if (buffer_append(hashes, hash.bytes, HASH_BYTES) != STATUS_OK)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    return STATUS_OK;
}

static enum status write_all(struct hub *hub, const struct device *device,
                             const struct frontier *cut, struct bytes hashes, struct error *err)
{
    const struct registry *registry = replica_registry(hub->replica);
    uint32_t orgs[ROSTER_ORGS_MAX], index = device->certificate.device;
    struct roster_revocation revocation = {.device = index,
                                           .row = device->id,
                                           .serial = registry_cut_serial(registry, index) + 1,
                                           .state = DEVICE_REVOKED,
                                           .cut = cut,
                                           .hashes = hashes};
    size_t count = registry_device_orgs(registry, index, orgs, ROSTER_ORGS_MAX);
    for (size_t i = 0; i < count; i++)
        TRY(roster_write_revocation(hub->replica, orgs[i], &revocation, err));
    return hub_raise_beacon(hub, err);
}

enum status hub_revoke(struct hub *hub, const struct device *device, uint64_t last_good,
                       struct error *err)
{
    struct frontier cut = {0};
    struct buffer hashes = {0};
    struct device copy = *device; /* the registry's own changes under way */
    if (device->certificate.role == ROLE_HUB)
        return error_set(err, STATUS_DENIED, "the hub can't be revoked");
    TRY(replica_begin(hub->replica, err));
    enum status status = make_cut(hub, device->certificate.device, last_good, &cut, err);
    if (status == STATUS_OK)
        status = make_hashes(hub, &cut, &hashes, err);
    if (status == STATUS_OK)
        status = write_all(hub, &copy, &cut, buffer_bytes(&hashes), err);
    frontier_release(&cut);
    buffer_release(&hashes);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}
