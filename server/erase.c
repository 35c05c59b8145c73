#include "server/erase.h"

#include "common/replica_seal.h"
#include "common/view.h"

static enum status erase(struct hub *hub, const char *name, const struct id *id, uint32_t year,
                         struct error *err)
{
    struct replica *replica = hub->replica;
    const struct schema_table *table;
    struct row row = {0};
    bool found = false;
    TRY(view_table(replica, name, &table, err));
    enum status status = replica_row(replica, table->number, id, 0, &row, &found, err);
    uint32_t org = found ? SCOPE_ORG(row.scope) : 0;
    row_release(&row);
    TRY(status);
    if (!found)
        return error_set(err, STATUS_NOT_FOUND, "there is no such row in table '%s'", name);
    TRY(replica_erase(replica, org, id, year, err));
    return hub_raise_beacon(hub, err);
}

enum status hub_erase(struct hub *hub, const char *table, const struct id *row, uint32_t year,
                      struct error *err)
{
    TRY(replica_begin(hub->replica, err));
    enum status status = erase(hub, table, row, year, err);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}

/* ---- who has answered ---- */

static enum status has_answered(struct hub *hub, uint32_t device, const struct dot *dot,
                                bool *answered, struct error *err)
{
    struct frontier told = {0}, held = {0};
    enum status status = replica_peer_load(hub->replica, device, &told, &held, err);
    *answered = frontier_covers(&held, dot);
    frontier_release(&told);
    frontier_release(&held);
    return status;
}

static enum status list_waiting(struct hub *hub, const struct erasure *erasure, json_t *list,
                                struct error *err)
{
    const struct registry *registry = replica_registry(hub->replica);
    for (size_t i = 0; i < registry_devices_count(registry); i++) {
        const struct device *device = registry_device_at(registry, i);
        uint32_t index = device->certificate.device;
        char id[ID_TEXT_BYTES];
        bool answered;
        if (index == DEVICE_HUB || registry_device_state(registry, device) != DEVICE_ACTIVE ||
            !registry_may_read(registry, index, erasure->dot.feed.scope))
            continue;
        TRY(has_answered(hub, index, &erasure->dot, &answered, err));
        if (answered)
            continue;
        id_format(&device->id, id);
        json_array_append_new(
            list, json_pack("{ss ss}", "device", id, "person", device->certificate.person_name));
    }
    return STATUS_OK;
}

static enum status tell(struct hub *hub, const struct erasure *erasure, json_t *list,
                        struct error *err)
{
    struct buffer body = {0};
    struct entry_head head = {0};
    char id[ID_TEXT_BYTES], subject[ID_TEXT_BYTES], time[32];
    json_t *waiting = json_array();
    enum status status = list_waiting(hub, erasure, waiting, err);
    if (status == STATUS_OK)
        status = replica_aside_body(hub->replica, &erasure->dot, &body, err);
    if (status == STATUS_OK)
        status = entry_decode_head(&head, buffer_bytes(&body), err);
    buffer_release(&body);
    id_format(&erasure->row, id);
    id_format(&erasure->subject, subject);
    time_format(head.time_ms, time);
    json_array_insert_new(list, 0,
                          json_pack("{ss ss so ss so}", "id", id, "subject", subject, "year",
                                    erasure->year ? json_integer(erasure->year) : json_null(),
                                    "time", time, "waiting", waiting));
    return status;
}

enum status hub_erasures(struct hub *hub, json_t **list, struct error *err)
{
    const struct registry_seals *seals = registry_seals(replica_registry(hub->replica));
    enum status status = STATUS_OK;
    *list = json_array();
    for (size_t i = 0; i < seals->erasures_count && status == STATUS_OK; i++)
        status = tell(hub, &seals->erasures[i], *list, err);
    if (status == STATUS_OK)
        return status;
    json_decref(*list);
    *list = NULL;
    return status;
}
