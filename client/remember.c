#include "client/remember.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/freshness.h"
#include "common/mutant.h"

#define DAY_MS 86400000u

enum status remember_hub(struct replica *replica, const char *address,
                         const uint8_t link_key[DH_KEY_BYTES], struct error *err)
{
    TRY(replica_meta_set(replica, "hub_address", bytes_text(address), err));
    return replica_meta_set(replica, "hub_link_key", bytes_of(link_key, DH_KEY_BYTES), err);
}

enum status recall_hub(struct replica *replica, char address[HUB_ADDRESS_BYTES],
                       uint8_t link_key[DH_KEY_BYTES], struct error *err)
{
    struct buffer value = {0};
    enum status status = replica_meta_get(replica, "hub_address", &value, err);
    bool known = status == STATUS_OK && value.size > 0 && value.size < HUB_ADDRESS_BYTES;
    if (known) {
        memcpy(address, value.data, value.size);
        address[value.size] = '\0';
        status = replica_meta_get(replica, "hub_link_key", &value, err);
        known = status == STATUS_OK && value.size == DH_KEY_BYTES;
    }
    const struct link_key *newest = registry_link_key(replica_registry(replica));
    if (known)
        memcpy(link_key, newest ? newest->dh_key : value.data, DH_KEY_BYTES);
    buffer_release(&value);
    if (status == STATUS_OK && !known)
        status = error_set(err, STATUS_NOT_FOUND, "this replica has not joined a hub");
    return status;
}

static enum status set_number(struct replica *replica, const char *name, int64_t number,
                              struct error *err)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, number);
    return replica_meta_set(replica, name, bytes_text(text), err);
}

uint64_t recall_clock_due_s(struct replica *replica)
{
    uint64_t last_ms = 0;
    int64_t now_ms = clock_wall_ms(replica_clock(replica));
    replica_meta_number(replica, "last_sync", &last_ms, NULL);
    bool told = now_ms > 0 && last_ms / DAY_MS == (uint64_t)now_ms / DAY_MS;
    return now_ms < 1000 || told ? 0 : (uint64_t)now_ms / 1000;
}

enum status remember_sync(struct replica *replica, struct error *err)
{
    TRY(freshness_note(replica, err));
    return set_number(replica, "last_sync", clock_wall_ms(replica_clock(replica)), err);
}

enum status remember_lineage(struct replica *replica, uint64_t lineage, struct error *err)
{
    uint64_t seen;
    TRY(replica_meta_number(replica, META_LINEAGE_SEEN, &seen, err));
    return seen == lineage ? STATUS_OK
                           : set_number(replica, META_LINEAGE_SEEN, (int64_t)lineage, err);
}

static enum status remember_held(struct replica *replica, enum session_code held, struct error *err)
{
    uint64_t known;
    TRY(replica_meta_number(replica, "held", &known, err));
    return known == (uint64_t)held ? STATUS_OK : set_number(replica, "held", held, err);
}

enum status remember_done(struct replica *replica, uint64_t lineage, enum session_code held,
                          struct error *err)
{
    enum status status = remember_lineage(replica, lineage, err);
    if (status == STATUS_OK)
        status = remember_held(replica, held, err);
    return status == STATUS_DISK_FULL ? STATUS_OK : status;
}

enum session_code recall_held(struct replica *replica)
{
    uint64_t held = 0;
    replica_meta_number(replica, "held", &held, NULL);
    return held <= SESSION_CODE_LAST ? (enum session_code)held : SESSION_DONE;
}

enum status remember_beacon(struct replica *replica, struct bytes sealed, struct error *err)
{
    const struct authority *authority = registry_authority(replica_registry(replica));
    struct beacon beacon;
    if (sealed.size == 0 || !authority ||
        beacon_open(&beacon, replica_network(replica), sealed, authority->sign_key, NULL) !=
            STATUS_OK ||
        (beacon.number <= replica_entry_head(replica).beacon && !MUTANT("t6-t7-beacon-goes-back")))
        return STATUS_OK;
    TRY(replica_meta_set(replica, "beacon", sealed, err));
    TRY(set_number(replica, "beacon_number", (int64_t)beacon.number, err));
    TRY(set_number(replica, "beacon_time_ms", beacon.time_ms, err));

    /* A hint only: the hub's clock may be as wrong as ours. */
    return set_number(replica, "clock_offset_ms",
                      clock_wall_ms(replica_clock(replica)) - beacon.time_ms, err);
}
