/* Raising the beacon: a statement of where the registry stands (hub_raise_beacon). */

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "common/replica_seal.h"
#include "server/hub.h"
#include "server/late.h"
#include "server/link_keys.h"

/* BLAKE2b over the places and head hashes of all registry feeds, in feed order. */
static enum status registry_digest(struct hub *hub, struct hash *digest, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    struct buffer heads = {0};
    enum status status = STATUS_OK;
    TRY(replica_prepare(hub->replica,
                        "SELECT scope, device, incarnation, number, hash FROM _feed "
                        "WHERE scope & 0x80000001 = 1 ORDER BY scope, device, incarnation",
                        &statement, err));
    while (status == STATUS_OK && replica_step(hub->replica, statement, &status, err)) {
        uint8_t place[20];
        put_u32le(place, (uint32_t)sqlite3_column_int64(statement, 0));
        put_u32le(place + 4, (uint32_t)sqlite3_column_int64(statement, 1));
        put_u32le(place + 8, (uint32_t)sqlite3_column_int64(statement, 2));
        put_u64le(place + 12, (uint64_t)sqlite3_column_int64(statement, 3));
        status = buffer_append(&heads, place, sizeof place);
        if (status == STATUS_OK)
            status = buffer_append(&heads, sqlite3_column_blob(statement, 4),
                                   (size_t)sqlite3_column_bytes(statement, 4));
    }
    sqlite3_finalize(statement);
    hash_object(digest, TAG_DIGEST, replica_network(hub->replica), buffer_bytes(&heads));
    buffer_release(&heads);
    return status == STATUS_NO_MEMORY ? error_set(err, status, "out of memory") : status;
}

enum status hub_raise_beacon(struct hub *hub, struct error *err)
{
    struct replica *replica = hub->replica;
    bool changed;
    TRY(replica_grant_all(replica, err));
    TRY(link_keys_follow(hub, 0, &changed, err));
    hub->links_changed |= changed;
    TRY(hub_take_authority(hub, err));
    struct beacon beacon = {.number = replica_entry_head(replica).beacon + 1,
                            .lineage = replica_lineage(replica),
                            .time_ms = clock_wall_ms(replica_clock(replica))};
    TRY(registry_digest(hub, &beacon.registry, err));
    struct buffer sealed = {0};
    char number[24];
    enum status status =
        beacon_seal(&beacon, replica_network(replica), &hub->authority, &sealed, err);
    if (status == STATUS_OK)
        status = replica_meta_set(replica, "beacon", buffer_bytes(&sealed), err);
    snprintf(number, sizeof number, "%llu", (unsigned long long)beacon.number);
    if (status == STATUS_OK)
        status = replica_meta_set(replica, "beacon_number", bytes_text(number), err);
    if (status == STATUS_OK)
        status = late_note_beacon(hub, &beacon, err);
    buffer_release(&sealed);
    return status;
}
