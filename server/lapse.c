#include "server/lapse.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>

#include "server/roster.h"

#define META_DAYS "lapse_days"
#define DAY_MS 86400000ll

static enum status days_of(struct hub *hub, int64_t *days, struct error *err)
{
    uint64_t set;
    TRY(replica_meta_number(hub->replica, META_DAYS, &set, err));
    *days = set ? (int64_t)set : LAPSE_DAYS;
    return STATUS_OK;
}

/* When it was last here, or else when it was admitted; 0: nobody knows. */
static enum status last_heard(struct hub *hub, const struct device *device, int64_t *heard_ms,
                              bool *seen, struct error *err)
{
    sqlite3_stmt *read = NULL;
    enum status status = STATUS_OK;
    *heard_ms = 0;
    *seen = false;
    TRY(replica_prepare(hub->replica,
                        "SELECT (SELECT seen_ms FROM _device_seen WHERE device = ?1), "
                        "(SELECT at_ms FROM _beacon WHERE number <= ?2 ORDER BY number DESC "
                        "LIMIT 1)",
                        &read, err));
    sqlite3_bind_int64(read, 1, device->certificate.device);
    sqlite3_bind_int64(read, 2, (int64_t)device->certificate.beacon);
    if (replica_step(hub->replica, read, &status, err)) {
        *seen = sqlite3_column_type(read, 0) != SQLITE_NULL;
        *heard_ms = sqlite3_column_int64(read, *seen ? 0 : 1);
    }
    sqlite3_finalize(read);
    return status;
}

static bool may_lapse(const struct registry *registry, const struct device *device)
{
    return device->certificate.role != ROLE_HUB && !device->lapsed &&
           registry_device_state(registry, device) == DEVICE_ACTIVE;
}

enum status lapse_follow(struct hub *hub, struct error *err)
{
    const struct registry *registry = replica_registry(hub->replica);
    int64_t now_ms = clock_wall_ms(replica_clock(hub->replica)), days, heard_ms;
    bool seen;
    unsigned written = 0;
    TRY(days_of(hub, &days, err));
    for (size_t i = 0; i < registry_devices_count(registry) && written < LAPSE_MOST; i++) {
        const struct device device = *registry_device_at(registry, i);
        if (!may_lapse(registry, &device))
            continue;
        TRY(last_heard(hub, &device, &heard_ms, &seen, err));
        if (heard_ms == 0 || now_ms - heard_ms < days * DAY_MS)
            continue;
        TRY(roster_write_lapse(hub->replica, &device, true, err));
        written++;
    }
    return STATUS_OK;
}

static enum status write_one(struct hub *hub, const struct device *device, bool lapsed,
                             struct error *err)
{
    const struct device copy = *device; /* the registry's own changes under way */
    TRY(roster_write_lapse(hub->replica, &copy, lapsed, err));
    return hub_raise_beacon(hub, err);
}

enum status lapse_end_seen(struct hub *hub, uint32_t device, struct error *err)
{
    const struct device *known = registry_device(replica_registry(hub->replica), device);
    return known && known->lapsed ? write_one(hub, known, false, err) : STATUS_OK;
}

enum status lapse_set(struct hub *hub, const struct device *device, bool lapsed, struct error *err)
{
    if (device->certificate.role == ROLE_HUB)
        return error_set(err, STATUS_DENIED, "the hub is never silent");
    if (device->lapsed == lapsed)
        return error_set(err, STATUS_EXISTS,
                         lapsed ? "this device has lapsed already" : "this device has not lapsed");
    TRY(replica_begin(hub->replica, err));
    enum status status = write_one(hub, device, lapsed, err);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}

enum status lapse_set_days(struct hub *hub, int64_t days, struct error *err)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, days);
    TRY(replica_begin(hub->replica, err));
    enum status status = replica_meta_set(hub->replica, META_DAYS, bytes_text(text), err);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}

static enum status add_item(struct hub *hub, const struct device *device, json_t *list,
                            struct error *err)
{
    const struct org *org = registry_org(replica_registry(hub->replica), device->certificate.org);
    char id[ID_TEXT_BYTES], time[32];
    int64_t heard_ms;
    bool seen;
    TRY(last_heard(hub, device, &heard_ms, &seen, err));
    id_format(&device->id, id);
    time_format(heard_ms, time);
    json_array_append_new(list, json_pack("{ss ss ss? ss?}", "device", id, "person",
                                          device->certificate.person_name, "org",
                                          org ? org->name : NULL, "last_seen", seen ? time : NULL));
    return STATUS_OK;
}

enum status lapse_list(struct hub *hub, json_t **list, struct error *err)
{
    const struct registry *registry = replica_registry(hub->replica);
    enum status status = STATUS_OK;
    *list = json_array();
    for (size_t i = 0; i < registry_devices_count(registry) && status == STATUS_OK; i++)
        if (registry_device_at(registry, i)->lapsed)
            status = add_item(hub, registry_device_at(registry, i), *list, err);
    if (status == STATUS_OK)
        return status;
    json_decref(*list);
    *list = NULL;
    return status;
}
