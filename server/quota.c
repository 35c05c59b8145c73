#include "server/quota.h"

#include <sqlite3.h>

#include "server/log.h"

#define DAY_MS 86400000

struct usage {
    int64_t day;
    bool held; /* something had to wait on that day */
    struct quota_limits used, own;
};

static int64_t today(const struct replica *replica)
{
    return clock_wall_ms(replica_clock(replica)) / DAY_MS;
}

/* Columns: day, held, entries, bytes, entries_max, bytes_max. What was used on another day is
 * over. */
static struct usage usage_of(sqlite3_stmt *row, int first, int64_t day)
{
    struct usage usage = {.day = day};
    usage.own.entries = (uint64_t)sqlite3_column_int64(row, first + 4);
    usage.own.bytes = (uint64_t)sqlite3_column_int64(row, first + 5);
    if (sqlite3_column_int64(row, first) != day)
        return usage;
    usage.held = sqlite3_column_int(row, first + 1) != 0;
    usage.used.entries = (uint64_t)sqlite3_column_int64(row, first + 2);
    usage.used.bytes = (uint64_t)sqlite3_column_int64(row, first + 3);
    return usage;
}

static struct quota_limits limits_of(const struct hub *hub, const struct usage *usage)
{
    struct quota_limits limits = usage->own;
    if (limits.entries == 0)
        limits.entries = hub->quota.entries ? hub->quota.entries : QUOTA_ENTRIES;
    if (limits.bytes == 0)
        limits.bytes = hub->quota.bytes ? hub->quota.bytes : QUOTA_BYTES;
    return limits;
}

static enum status usage_load(struct replica *replica, uint32_t device, struct usage *usage,
                              struct error *err)
{
    sqlite3_stmt *get = NULL;
    *usage = (struct usage){.day = today(replica)};
    TRY(replica_prepare(replica,
                        "SELECT day, held, entries, bytes, entries_max, bytes_max FROM _quota "
                        "WHERE device = ?",
                        &get, err));
    sqlite3_bind_int64(get, 1, device);
    enum status status = STATUS_OK;
    if (replica_step(replica, get, &status, err))
        *usage = usage_of(get, 0, usage->day);
    sqlite3_finalize(get);
    return status;
}

static enum status usage_save(struct replica *replica, uint32_t device, const struct usage *usage,
                              struct error *err)
{
    sqlite3_stmt *put = NULL;
    TRY(replica_prepare(replica, "INSERT OR REPLACE INTO _quota VALUES(?, ?, ?, ?, ?, ?, ?)", &put,
                        err));
    sqlite3_bind_int64(put, 1, device);
    sqlite3_bind_int64(put, 2, usage->day);
    sqlite3_bind_int(put, 3, usage->held);
    sqlite3_bind_int64(put, 4, (int64_t)usage->used.entries);
    sqlite3_bind_int64(put, 5, (int64_t)usage->used.bytes);
    sqlite3_bind_int64(put, 6, (int64_t)usage->own.entries);
    sqlite3_bind_int64(put, 7, (int64_t)usage->own.bytes);
    return replica_run_once(replica, put, err);
}

enum status quota_admit(void *context, struct replica *replica,
                        const struct storage_arrival *arrival, enum session_code *hold,
                        struct error *err)
{
    const struct hub *hub = context;
    struct usage usage;
    TRY(usage_load(replica, arrival->peer, &usage, err));
    struct quota_limits limits = limits_of(hub, &usage);
    if (usage.used.entries >= limits.entries || usage.used.bytes >= limits.bytes) {
        *hold = SESSION_OVER_QUOTA;
        if (usage.held)
            return STATUS_OK;
        usage.held = true;
        log_event("quota", "device=%u entries=%llu bytes=%llu", arrival->peer,
                  (unsigned long long)usage.used.entries, (unsigned long long)usage.used.bytes);
        return usage_save(replica, arrival->peer, &usage, err);
    }
    usage.used.entries += arrival->entries;
    usage.used.bytes += arrival->bytes;
    return usage_save(replica, arrival->peer, &usage, err);
}

enum status quota_set(struct hub *hub, uint32_t device, struct quota_limits limits,
                      struct error *err)
{
    struct usage usage;
    TRY(replica_begin(hub->replica, err));
    enum status status = usage_load(hub->replica, device, &usage, err);
    usage.own = limits;
    usage.held = false;
    if (status == STATUS_OK)
        status = usage_save(hub->replica, device, &usage, err);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}

static json_t *usage_json(const struct hub *hub, uint32_t number, const struct usage *usage)
{
    const struct device *device = registry_device(replica_registry(hub->replica), number);
    struct quota_limits limits = limits_of(hub, usage);
    char id[ID_TEXT_BYTES] = "";
    if (device)
        id_format(&device->id, id);
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:b}", "device", id, "person",
                     device ? device->certificate.person_name : "", "entries",
                     (json_int_t)usage->used.entries, "bytes", (json_int_t)usage->used.bytes,
                     "entries_max", (json_int_t)limits.entries, "bytes_max",
                     (json_int_t)limits.bytes, "held", usage->held);
}

enum status quota_list(struct hub *hub, json_t **list, struct error *err)
{
    sqlite3_stmt *rows = NULL;
    enum status status = STATUS_OK;
    *list = json_array();
    TRY(replica_prepare(hub->replica,
                        "SELECT device, day, held, entries, bytes, entries_max, bytes_max "
                        "FROM _quota ORDER BY device",
                        &rows, err));
    while (replica_step(hub->replica, rows, &status, err)) {
        struct usage usage = usage_of(rows, 1, today(hub->replica));
        if (usage.used.entries > 0 || usage.own.entries > 0 || usage.own.bytes > 0)
            json_array_append_new(*list,
                                  usage_json(hub, (uint32_t)sqlite3_column_int64(rows, 0), &usage));
    }
    sqlite3_finalize(rows);
    return status;
}

enum status quota_count_held(struct replica *replica, int64_t *held, struct error *err)
{
    sqlite3_stmt *count = NULL;
    enum status status = STATUS_OK;
    *held = 0;
    TRY(replica_prepare(replica, "SELECT count(*) FROM _quota WHERE day = ? AND held <> 0", &count,
                        err));
    sqlite3_bind_int64(count, 1, today(replica));
    if (replica_step(replica, count, &status, err))
        *held = sqlite3_column_int64(count, 0);
    sqlite3_finalize(count);
    return status;
}
