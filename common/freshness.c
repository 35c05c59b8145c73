#include "common/freshness.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/mutant.h"

#define META_WHOLE "beacon_whole"
#define META_WHOLE_MS "beacon_whole_ms"

static enum status set_number(struct replica *replica, const char *name, uint64_t number,
                              struct error *err)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    return replica_meta_set(replica, name, bytes_text(text), err);
}

enum status freshness_note(struct replica *replica, struct error *err)
{
    uint64_t newest = replica_entry_head(replica).beacon, whole, time_ms;
    TRY(replica_meta_number(replica, META_WHOLE, &whole, err));
    if (whole == newest)
        return STATUS_OK; /* a write costs a sync of the disk */
    TRY(replica_meta_number(replica, "beacon_time_ms", &time_ms, err));
    TRY(set_number(replica, META_WHOLE_MS, time_ms, err));
    return set_number(replica, META_WHOLE, newest, err);
}

enum status freshness_as_of(struct replica *replica, uint64_t *time_ms, struct error *err)
{
    return replica_meta_number(replica, META_WHOLE_MS, time_ms, err);
}

enum status freshness_behind(struct replica *replica, uint64_t *beacons, struct error *err)
{
    uint64_t newest = replica_entry_head(replica).beacon, whole;
    *beacons = 0;
    if (replica_identity(replica)->device == DEVICE_HUB)
        return STATUS_OK;
    TRY(replica_meta_number(replica, META_WHOLE, &whole, err));
    *beacons = newest > whole ? newest - whole : 0;
    return STATUS_OK;
}

enum status freshness_check(struct replica *replica, struct error *err)
{
    uint64_t behind;
    TRY(freshness_behind(replica, &behind, err));
    if (behind <= FRESHNESS_BEACONS || MUTANT("t6-stale-rights-will-do"))
        return STATUS_OK;
    return error_set(
        err, STATUS_DENIED,
        "what this device knows of everybody's rights is out of date by %llu notices of "
        "the hub: sync with it first",
        (unsigned long long)behind);
}
