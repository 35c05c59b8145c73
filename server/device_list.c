#include "server/device_list.h"

#include <sqlite3.h>
#include <stdlib.h>

static void last_seen(struct replica *replica, uint32_t device, char text[32])
{
    sqlite3_stmt *statement = NULL;
    text[0] = '\0';
    sqlite3_prepare_v2(replica_database(replica),
                       "SELECT seen_ms FROM _device_seen WHERE device = ?", -1, &statement, NULL);
    sqlite3_bind_int64(statement, 1, device);
    if (sqlite3_step(statement) == SQLITE_ROW)
        time_format(sqlite3_column_int64(statement, 0), text);
    sqlite3_finalize(statement);
}

/* Entries that contradict others of the same number are the proof that a device lives twice. */
static bool has_fork(struct replica *replica, uint32_t device)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(replica_database(replica),
                       "SELECT 1 FROM _set_aside WHERE device = ? AND status = ? LIMIT 1", -1,
                       &statement, NULL);
    sqlite3_bind_int64(statement, 1, device);
    sqlite3_bind_int(statement, 2, STATUS_FORKED);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return found;
}

static enum device_state state_shown(struct replica *replica, const struct device *device)
{
    enum device_state state = registry_device_state(replica_registry(replica), device);
    bool forked = state == DEVICE_ACTIVE && has_fork(replica, device->certificate.device);
    return forked ? DEVICE_FORKED : state;
}

static json_t *device_json(struct replica *replica, const struct device *device)
{
    char id[ID_TEXT_BYTES], org[ID_TEXT_BYTES], seen[32];
    const struct org *node = registry_org(replica_registry(replica), device->certificate.org);
    id_format(&device->id, id);
    if (node)
        id_format(&node->id, org);
    last_seen(replica, device->certificate.device, seen);
    return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s?, s:i}", "id", id, "person",
                     device->certificate.person_name, "role", role_name(device->certificate.role),
                     "org", node ? org : NULL, "state",
                     device_state_name(state_shown(replica, device)), "last_seen",
                     seen[0] ? seen : NULL, "index", (int)device->certificate.device);
}

json_t *device_list(struct replica *replica)
{
    const struct registry *registry = replica_registry(replica);
    json_t *list = json_array();
    for (size_t i = 0; i < registry_devices_count(registry); i++)
        json_array_append_new(list, device_json(replica, registry_device_at(registry, i)));
    return list;
}

/* ---- what the log says ---- */

struct logged {
    uint64_t entries;
    int64_t clock_ms;
};

/* With max() SQLite takes the other columns from the row that has the maximum
 * (lang_select.html#bareagg). */
static enum status read_clocks(struct replica *replica, struct logged *logged, uint32_t most,
                               struct error *err)
{
    sqlite3_stmt *rows = NULL;
    struct buffer body = {0};
    struct entry_head head;
    if (sqlite3_prepare_v2(replica_database(replica),
                           "SELECT device, scope, incarnation, number, max(at_ms) FROM _arrival "
                           "GROUP BY device",
                           -1, &rows, NULL) != SQLITE_OK)
        return replica_failed(replica, "the arrivals", err);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        uint32_t device = (uint32_t)sqlite3_column_int64(rows, 0);
        struct dot dot = {{(uint32_t)sqlite3_column_int64(rows, 1), device,
                           (uint32_t)sqlite3_column_int64(rows, 2)},
                          (uint64_t)sqlite3_column_int64(rows, 3)};
        buffer_clear(&body);
        if (device > most || replica_aside_body(replica, &dot, &body, NULL) != STATUS_OK ||
            entry_decode_head(&head, buffer_bytes(&body), NULL) != STATUS_OK)
            continue;
        int64_t arrived = sqlite3_column_int64(rows, 4);
        logged[device].clock_ms = head.time_ms > arrived ? head.time_ms - arrived : 0;
    }
    sqlite3_finalize(rows);
    buffer_release(&body);
    return STATUS_OK;
}

enum status device_list_add_log(struct replica *replica, json_t *list, struct error *err)
{
    const struct frontier *all = replica_frontier(replica);
    uint32_t most = 0;
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        uint32_t index = (uint32_t)json_integer_value(json_object_get(item, "index"));
        most = index > most ? index : most;
    }
    struct logged *logged = calloc((size_t)most + 1, sizeof *logged);
    if (!logged)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t r = 0; r < all->count; r++)
        if (all->rows[r].feed.device <= most)
            logged[all->rows[r].feed.device].entries += all->rows[r].number;
    enum status status = read_clocks(replica, logged, most, err);
    json_array_foreach(list, i, item)
    {
        const struct logged *of = &logged[json_integer_value(json_object_get(item, "index"))];
        json_object_set_new(item, "entries", json_integer((json_int_t)of->entries));
        json_object_set_new(item, "clock_ms", json_integer(of->clock_ms));
    }
    free(logged);
    return status;
}
