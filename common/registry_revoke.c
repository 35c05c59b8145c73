/* Revocations: from where on the entries of a device don't count (table 6, registry.h). */

#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "common/registry_state.h"
#include "common/registry_value.h"

/* What one revocation says; release `cut`. */
struct revocation {
    uint64_t device, serial, state;
    struct frontier cut;
    struct bytes hashes; /* empty: it names none */
};

static enum status read_revocation(const struct entry_view *entry, const struct op *op,
                                   struct revocation *revocation, struct error *err)
{
    struct bytes cut;
    if (op->fields_count < 4 || op->fields_count > 5 ||
        !registry_value_uint(entry, op, 1, UINT32_MAX, &revocation->device) ||
        !registry_value_uint(entry, op, 2, UINT32_MAX, &revocation->serial) ||
        revocation->serial == 0 ||
        !registry_value_uint(entry, op, 3, DEVICE_FORKED, &revocation->state) ||
        !registry_value_bin(entry, op, 4, &cut) ||
        (op->fields_count == 5 && !registry_value_bin(entry, op, 5, &revocation->hashes)))
        return registry_broken(err, "revocation");
    TRY(frontier_decode(&revocation->cut, cut, err));
    if (op->fields_count == 5 && revocation->hashes.size != revocation->cut.count * HASH_BYTES)
        return registry_broken(err, "revocation");
    return STATUS_OK;
}

static int compare_hashes(const struct device_record *record, const struct revocation *revocation)
{
    bool ours = record->cut_ends != NULL, theirs = revocation->hashes.size > 0;
    int order = ours - theirs;
    for (size_t i = 0; i < record->cut.count && ours && theirs && order == 0; i++)
        order = memcmp(record->cut_ends[i].hash.bytes, revocation->hashes.data + i * HASH_BYTES,
                       HASH_BYTES);
    return order;
}

/* Serials rise; should a hub that was restored have given one twice, the greater digest of the cut
 * decides, or else the greater hashes, so that all replicas take the same one. */
static bool is_newer(const struct device_record *record, const struct revocation *revocation)
{
    struct hash ours = {{0}}, theirs = {{0}};
    if (MUTANT("t34-last-revocation-counts"))
        return true;
    if (revocation->serial != record->cut_serial)
        return revocation->serial > record->cut_serial;
    frontier_digest(&record->cut, &ours, NULL);
    frontier_digest(&revocation->cut, &theirs, NULL);
    int order = memcmp(theirs.bytes, ours.bytes, HASH_BYTES);
    return order > 0 || (order == 0 && compare_hashes(record, revocation) < 0);
}

static enum status take_hashes(struct device_record *record, struct bytes hashes, struct error *err)
{
    size_t count = hashes.size / HASH_BYTES;
    struct cut_end *ends = count > 0 ? calloc(count, sizeof *ends) : NULL;
    if (count > 0 && !ends)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        memcpy(ends[i].hash.bytes, hashes.data + i * HASH_BYTES, HASH_BYTES);
    free(record->cut_ends);
    record->cut_ends = ends;
    return STATUS_OK;
}

/* The same revocation stands in each part of the registry that holds a certificate of the device,
 * and they come in any order, perhaps before the certificate. */
static enum status take_revocation(struct registry *registry, const struct op *op,
                                   struct revocation *revocation, struct error *err)
{
    struct device_record *record = registry_record(registry, (uint32_t)revocation->device);
    struct frontier cut = {0};
    if (!record)
        return error_set(err, STATUS_UNKNOWN, "device %u is not known yet",
                         (uint32_t)revocation->device);
    if (!id_equal(&record->device.id, &op->row))
        return error_set(err, STATUS_FORGED, "a revocation stands under another device's id");
    if (record->device.certificate.role == ROLE_HUB)
        return error_set(err, STATUS_DENIED, "the hub can't be revoked");
    if (!is_newer(record, revocation))
        return STATUS_OK;
    TRY(take_hashes(record, revocation->hashes, err));
    cut = record->cut;
    record->cut = revocation->cut;
    revocation->cut = cut;
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

/* ---- cuts ---- */

/* Where the feed stands in the cut of its device; NULL unless that names a hash for it. */
static struct cut_end *end_of(const struct device_record *record, const struct feed_id *feed)
{
    if (!record || !record->cut_ends || record->device.state == DEVICE_ACTIVE)
        return NULL;
    for (size_t i = 0; i < record->cut.count; i++)
        if (feed_compare(&record->cut.rows[i].feed, feed) == 0)
            return &record->cut_ends[i];
    return NULL;
}

bool registry_cut_of(const struct registry *registry, const struct feed_id *feed, struct cut *cut)
{
    const struct device_record *record = registry_record(registry, feed->device);
    const struct cut_end *end = end_of(record, feed);
    if (end)
        *cut = (struct cut){*feed, frontier_get(&record->cut, feed), end->hash};
    return end != NULL;
}

bool registry_cut_next(const struct registry *registry, size_t *walk, struct cut *cut)
{
    size_t at = *walk;
    for (size_t i = 0; i < registry->devices_count; i++) {
        const struct device_record *record = registry->devices[i];
        if (!record->cut_ends || record->device.state == DEVICE_ACTIVE)
            continue;
        if (at >= record->cut.count) {
            at -= record->cut.count;
            continue;
        }
        const struct frontier_row *row = &record->cut.rows[at];
        *cut = (struct cut){row->feed, row->number, record->cut_ends[at].hash};
        (*walk)++;
        return true;
    }
    return false;
}

void registry_cut_note(struct registry *registry, const struct feed_id *feed, enum cut_chain chain)
{
    struct cut_end *end = end_of(registry_record(registry, feed->device), feed);
    if (end)
        end->chain = chain;
}

enum cut_chain registry_cut_chain(const struct registry *registry, const struct feed_id *feed)
{
    const struct cut_end *end = end_of(registry_record(registry, feed->device), feed);
    return end ? end->chain : CUT_FITS;
}

enum standing device_standing(const struct device_record *record, const struct dot *dot)
{
    if (record->device.state == DEVICE_ACTIVE)
        return STANDS;
    if (dot->number > frontier_get(&record->cut, &dot->feed) + MUTANT("t12-cut-one-too-late"))
        return STANDS_BEYOND;
    const struct cut_end *end = end_of(record, &dot->feed);
    if (!end || end->chain == CUT_FITS || end->chain == CUT_OUT_OF_REACH ||
        MUTANT("t12-hash-of-cut-unchecked"))
        return STANDS;
    return end->chain == CUT_DIFFERS ? STANDS_ELSEWHERE : STANDS_WAITING;
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
