#include "server/device_list.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "server/device_note.h"

struct noted {
    int64_t seen_ms; /* 0: never */
    bool forked;
};

/* Entries that contradict others of the same number are the proof that a device lives twice. */
static enum status read_notes(struct replica *replica, uint32_t device, struct noted *noted,
                              struct error *err)
{
    sqlite3_stmt *statement;
    enum status status = STATUS_OK;
    *noted = (struct noted){0};
    TRY(replica_prepare(replica,
                        "SELECT (SELECT seen_ms FROM _device_seen WHERE device = ?1), "
                        "EXISTS(SELECT 1 FROM _set_aside WHERE device = ?1 AND status = ?2)",
                        &statement, err));
    sqlite3_bind_int64(statement, 1, device);
    sqlite3_bind_int(statement, 2, STATUS_FORKED);
    if (replica_step(replica, statement, &status, err))
        *noted = (struct noted){sqlite3_column_int64(statement, 0),
                                sqlite3_column_int(statement, 1) != 0};
    sqlite3_finalize(statement);
    return status;
}

static json_t *device_json(struct replica *replica, const struct device *device,
                           const struct noted *noted)
{
    enum device_state state = registry_device_state(replica_registry(replica), device);
    char id[ID_TEXT_BYTES], org[ID_TEXT_BYTES], seen[32];
    const struct org *node = registry_org(replica_registry(replica), device->certificate.org);
    id_format(&device->id, id);
    if (node)
        id_format(&node->id, org);
    if (noted->seen_ms)
        time_format(noted->seen_ms, seen);
    if (noted->forked && state == DEVICE_ACTIVE)
        state = DEVICE_FORKED;
    return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s?, s:i, s:b}", "id", id, "person",
                     device->certificate.person_name, "role", role_name(device->certificate.role),
                     "org", node ? org : NULL, "state", device_state_name(state), "last_seen",
                     noted->seen_ms ? seen : NULL, "index", (int)device->certificate.device,
                     "lapsed", device->lapsed);
}

enum status device_list(struct replica *replica, json_t **list, struct error *err)
{
    const struct registry *registry = replica_registry(replica);
    enum status status = STATUS_OK;
    *list = json_array();
    for (size_t i = 0; i < registry_devices_count(registry) && status == STATUS_OK; i++) {
        const struct device *device = registry_device_at(registry, i);
        struct noted noted;
        status = read_notes(replica, device->certificate.device, &noted, err);
        json_array_append_new(*list, device_json(replica, device, &noted));
    }
    return status;
}

/* ---- what the log says ---- */

struct logged {
    uint64_t entries;
    int64_t clock_ms;
};

/* What the device had of its own, when it last told, beyond what is here. */
static enum status count_waiting(struct replica *replica, uint32_t device, uint64_t *waiting,
                                 struct error *err)
{
    struct frontier told = {0}, held = {0};
    enum status status = replica_peer_load(replica, device, &told, &held, err);
    *waiting = 0;
    for (size_t i = 0; i < told.count; i++) {
        const struct feed_id *feed = &told.rows[i].feed;
        uint64_t here = frontier_get(replica_frontier(replica), feed);
        if (feed->device == device && told.rows[i].number > here)
            *waiting += told.rows[i].number - here;
    }
    frontier_release(&told);
    frontier_release(&held);
    return status;
}

/* What it told of itself, and what waits there. */
static enum status add_told(struct replica *replica, uint32_t device, json_t *item,
                            struct error *err)
{
    struct device_note note;
    uint64_t waiting;
    char told[32];
    TRY(device_note_load(replica, device, &note, err));
    TRY(count_waiting(replica, device, &waiting, err));
    time_format(note.told_ms, told);
    json_t *more = note.told_ms ? json_pack("{ss ss sI}", "told", told, "program", note.program,
                                            "clock_ahead_ms", (json_int_t)note.ahead_ms)
                                : json_pack("{sn sn sn}", "told", "program", "clock_ahead_ms");
    json_object_set_new(more, "waiting", json_integer((json_int_t)waiting));
    json_object_update_new(item, more);
    return STATUS_OK;
}

/* With max() SQLite takes the other columns from the row that has the maximum
 * (lang_select.html#bareagg). */
static enum status read_clocks(struct replica *replica, struct logged *logged, uint32_t most,
                               struct error *err)
{
    sqlite3_stmt *rows = NULL;
    struct buffer body = {0};
    struct entry_head head;
    TRY(replica_prepare(replica,
                        "SELECT device, scope, incarnation, number, max(at_ms) FROM _arrival "
                        "GROUP BY device",
                        &rows, err));
    enum status status = STATUS_OK;
    while (replica_step(replica, rows, &status, err)) {
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
    return status;
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
        uint32_t index = (uint32_t)json_integer_value(json_object_get(item, "index"));
        const struct logged *of = &logged[index];
        if (status == STATUS_OK)
            status = add_told(replica, index, item, err);
        json_object_set_new(item, "entries", json_integer((json_int_t)of->entries));
        json_object_set_new(item, "clock_ms", json_integer(of->clock_ms));
    }
    free(logged);
    return status;
}
