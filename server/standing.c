#include "server/standing.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include "common/alarm.h"
#include "server/quota.h"

static uint64_t free_of(struct replica *replica)
{
    struct statvfs disk;
    const char *file = sqlite3_db_filename(replica_database(replica), "main");
    return file && statvfs(file, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize : 0;
}

enum status standing_read(struct replica *replica, struct standing *standing, struct error *err)
{
    struct buffer fault = {0};
    *standing = (struct standing){.alarms = -1,
                                  .devices = registry_devices_count(replica_registry(replica)),
                                  .disk_full = replica_disk_full(replica),
                                  .disk_free = free_of(replica)};
    TRY(quota_count_held(replica, &standing->over_quota, err));
    TRY(replica_counts(replica, &standing->counts, err));
    TRY(replica_meta_get(replica, META_SCRUB_FAULT, &fault, err));
    standing->damaged = fault.size > 0;
    buffer_release(&fault);
    return STATUS_OK;
}

void standing_count_alarms(struct replica *replica, struct standing *standing)
{
    json_t *list = NULL;
    if (alarm_recent(replica, &list, NULL) == STATUS_OK)
        standing->alarms = (int64_t)json_array_size(list);
    json_decref(list);
}

json_t *standing_json(const struct standing *standing)
{
    const struct replica_counts *counts = &standing->counts;
    return json_pack("{sI sI sI sI sI sI sI sI sI sb sb sI}", "entries",
                     (json_int_t)counts->entries, "rows", (json_int_t)counts->rows, "devices",
                     (json_int_t)standing->devices, "conflicts", (json_int_t)counts->conflicts,
                     "rejected", (json_int_t)counts->set_aside, "over_quota",
                     (json_int_t)standing->over_quota, "missing", (json_int_t)counts->missing,
                     "staged", (json_int_t)counts->staged, "alarms", (json_int_t)standing->alarms,
                     "damaged", standing->damaged, "disk_full", standing->disk_full, "disk_free",
                     (json_int_t)standing->disk_free);
}
