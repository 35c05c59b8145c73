#include "server/erase.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/doubles.h"
#include "common/replica_seal.h"
#include "common/view.h"

#define ORGS_OF_A_ROW_MAX 64 /* that it moved through */

struct ids {
    struct id *items;
    size_t count, capacity;
};

static enum status add_id(struct ids *ids, const struct id *id, struct error *err)
{
    struct id *items = array_grow(ids->items, ids->count, &ids->capacity, sizeof *items);
    if (!items)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    ids->items = items;
    items[ids->count++] = *id;
    return STATUS_OK;
}

static enum status prepare(struct replica *replica, const char *sql, const struct id *id,
                           sqlite3_stmt **statement, struct error *err)
{
    TRY(replica_prepare(replica, sql, statement, err));
    sqlite3_bind_blob(*statement, 1, id->bytes, ID_BYTES, SQLITE_STATIC);
    return STATUS_OK;
}

/* The row that stands for `id`, and all that were merged into it: what is sealed stays with the row
 * where it was written. */
static enum status list_merged(struct replica *replica, const struct id *id, struct ids *ids,
                               struct error *err)
{
    struct id root;
    bool any;
    sqlite3_stmt *list = NULL;
    TRY(doubles_root(replica, id, &root, err));
    TRY(add_id(ids, &root, err));
    TRY(doubles_follow(replica, &any, err));
    if (!any)
        return STATUS_OK;
    enum status status = prepare(replica,
                                 "SELECT ref FROM temp._double WHERE root = ? AND "
                                 "typeof(ref) = 'blob' AND length(ref) = 16",
                                 &root, &list, err);
    while (status == STATUS_OK && replica_step(replica, list, &status, err)) {
        struct id merged;
        memcpy(merged.bytes, sqlite3_column_blob(list, 0), ID_BYTES);
        status = add_id(ids, &merged, err);
    }
    sqlite3_finalize(list);
    return status;
}

/* In every org where the row stands or once stood: it may have moved. */
static enum status erase_row(struct replica *replica, const struct schema_table *table,
                             const struct id *id, uint32_t year, struct error *err)
{
    char sql[160];
    uint32_t orgs[ORGS_OF_A_ROW_MAX];
    size_t count = 0;
    sqlite3_stmt *list = NULL;
    snprintf(sql, sizeof sql, "SELECT _scope FROM main.\"%s\" WHERE id = ? ORDER BY _scope",
             table->name);
    TRY(prepare(replica, sql, id, &list, err));
    enum status status = STATUS_OK;
    while (count < ORGS_OF_A_ROW_MAX && replica_step(replica, list, &status, err))
        orgs[count++] = SCOPE_ORG((uint32_t)sqlite3_column_int64(list, 0));
    sqlite3_finalize(list);
    if (status != STATUS_OK)
        return status;
    if (count == 0)
        return error_set(err, STATUS_NOT_FOUND, "there is no such row in table '%s'", table->name);
    for (size_t i = 0; i < count; i++)
        TRY(replica_erase(replica, orgs[i], id, year, err));
    return STATUS_OK;
}

static enum status erase(struct hub *hub, const char *name, const struct id *id, uint32_t year,
                         struct error *err)
{
    const struct schema_table *table;
    struct ids ids = {0};
    TRY(view_table(hub->replica, name, &table, err));
    enum status status = list_merged(hub->replica, id, &ids, err);
    for (size_t i = 0; i < ids.count && status == STATUS_OK; i++)
        status = erase_row(hub->replica, table, &ids.items[i], year, err);
    free(ids.items);
    return status == STATUS_OK ? hub_raise_beacon(hub, err) : status;
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
