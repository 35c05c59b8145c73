/* Lapses: devices that were silent for so long that nothing waits for them (table 10, registry.h).
 * No right and no judgement depends on them. */

#include "common/registry_state.h"
#include "common/registry_value.h"

enum status registry_apply_lapse(struct registry *registry, const struct entry_view *entry,
                                 const struct op *op, struct error *err)
{
    uint64_t device, serial, state;
    if (op->fields_count != 3 || !registry_value_uint(entry, op, 1, UINT32_MAX, &device) ||
        !registry_value_uint(entry, op, 2, UINT32_MAX, &serial) || serial == 0 ||
        !registry_value_uint(entry, op, 3, 1, &state))
        return registry_broken(err, "lapse");
    struct device_record *record = registry_record(registry, (uint32_t)device);
    if (!record)
        return error_set(err, STATUS_UNKNOWN, "device %u is not known yet", (uint32_t)device);
    if (!id_equal(&record->device.id, &op->row))
        return error_set(err, STATUS_FORGED, "a lapse stands under another device's id");
    /* A hub that was restored may have given a serial twice; who is waited for loses nothing. */
    if (serial == record->lapse_serial)
        record->device.lapsed &= state == 1;
    else if (serial > record->lapse_serial)
        record->device.lapsed = state == 1;
    if (serial > record->lapse_serial)
        record->lapse_serial = (uint32_t)serial;
    return STATUS_OK;
}

uint32_t registry_lapse_serial(const struct registry *registry, uint32_t device)
{
    const struct device_record *record = registry_record(registry, device);
    return record ? record->lapse_serial : 0;
}
