/* Revocations: from where on the entries of a device don't count (table 6, registry.h). */

#include <string.h>

#include "common/mutant.h"
#include "common/pack.h"
#include "common/registry_state.h"
#include "common/registry_value.h"

/* What one revocation says; release `cut`. */
struct revocation {
    uint64_t device, serial, state;
    struct frontier cut;
};

static enum status read_revocation(const struct entry_view *entry, const struct op *op,
                                   struct revocation *revocation, struct error *err)
{
    struct bytes cut;
    struct unpack in[4];
    if (op->fields_count != 4)
        return registry_broken(err, "revocation");
    for (uint32_t i = 0; i < 4; i++) {
        const struct op_field *field = &entry->fields[op->fields_at + i];
        in[i] = unpack_of(field->value);
        if (field->number != i + 1)
            return registry_broken(err, "revocation");
    }
    if (!unpack_uint_max(&in[0], UINT32_MAX, &revocation->device) ||
        !unpack_uint_max(&in[1], UINT32_MAX, &revocation->serial) || revocation->serial == 0 ||
        !unpack_uint_max(&in[2], DEVICE_FORKED, &revocation->state) || !unpack_bin(&in[3], &cut))
        return registry_broken(err, "revocation");
    return frontier_decode(&revocation->cut, cut, err);
}

/* Serials rise; should a hub that was restored have given one twice, the greater digest of the cut
 * decides, so that all replicas take the same one. */
static bool is_newer(const struct device_record *record, const struct revocation *revocation)
{
    struct hash ours = {{0}}, theirs = {{0}};
    if (MUTANT("t34-last-revocation-counts"))
        return true;
    if (revocation->serial != record->cut_serial)
        return revocation->serial > record->cut_serial;
    frontier_digest(&record->cut, &ours, NULL);
    frontier_digest(&revocation->cut, &theirs, NULL);
    return memcmp(theirs.bytes, ours.bytes, HASH_BYTES) > 0;
}

/* The same revocation stands in each part of the registry that holds a certificate of the device,
 * and they come in any order, perhaps before the certificate. */
static enum status take_revocation(struct registry *registry, const struct op *op,
                                   struct revocation *revocation, struct error *err)
{
    struct device_record *record = registry_record(registry, (uint32_t)revocation->device);
    if (!record)
        return error_set(err, STATUS_UNKNOWN, "device %u is not known yet",
                         (uint32_t)revocation->device);
    if (!id_equal(&record->device.id, &op->row))
        return error_set(err, STATUS_FORGED, "a revocation stands under another device's id");
    if (record->device.certificate.role == ROLE_HUB)
        return error_set(err, STATUS_DENIED, "the hub can't be revoked");
    if (!is_newer(record, revocation))
        return STATUS_OK;
    TRY(frontier_copy(&record->cut, &revocation->cut, err));
    record->cut_serial = (uint32_t)revocation->serial;
    record->device.state = (enum device_state)revocation->state;
    return STATUS_OK;
}

enum status registry_apply_revocation(struct registry *registry, const struct entry_view *entry,
                                      const struct op *op, struct error *err)
{
    struct revocation revocation = {0};
    enum status status = read_revocation(entry, op, &revocation, err);
    if (status == STATUS_OK)
        status = take_revocation(registry, op, &revocation, err);
    frontier_release(&revocation.cut);
    return status;
}

bool device_cut(const struct device_record *record, const struct dot *dot)
{
    return record->device.state != DEVICE_ACTIVE &&
           dot->number > frontier_get(&record->cut, &dot->feed) + MUTANT("t12-cut-one-too-late");
}

uint32_t registry_cut_serial(const struct registry *registry, uint32_t device)
{
    const struct device_record *record = registry_record(registry, device);
    return record ? record->cut_serial : 0;
}

size_t registry_device_orgs(const struct registry *registry, uint32_t device, uint32_t *orgs,
                            size_t most)
{
    const struct device_record *record = registry_record(registry, device);
    size_t count = 0;
    for (size_t i = 0; record && i <= record->older_count && count < most; i++) {
        uint32_t org = i == 0 ? record->device.certificate.org : record->older[i - 1].org;
        size_t at = 0;
        while (at < count && orgs[at] != org)
            at++;
        if (at == count)
            orgs[count++] = org;
    }
    return count;
}
