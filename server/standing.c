#include "server/standing.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

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
    *standing = (struct standing){.devices = registry_devices_count(replica_registry(replica)),
                                  .over_quota = quota_held_count(replica),
                                  .disk_full = replica_disk_full(replica),
                                  .disk_free = free_of(replica)};
    TRY(replica_counts(replica, &standing->counts, err));
    TRY(replica_meta_get(replica, META_SCRUB_FAULT, &fault, err));
    standing->damaged = fault.size > 0;
    buffer_release(&fault);
    return STATUS_OK;
}

json_t *standing_json(const struct standing *standing)
{
    return json_pack(
        "{sI sI sI sI sI sI sI sb sb sI}", "entries", (json_int_t)standing->counts.entries, "rows",
        (json_int_t)standing->counts.rows, "devices", (json_int_t)standing->devices, "conflicts",
        (json_int_t)standing->counts.conflicts, "rejected", (json_int_t)standing->counts.set_aside,
        "over_quota", standing->over_quota, "missing", (json_int_t)standing->counts.missing,
        "damaged", standing->damaged, "disk_full", standing->disk_full, "disk_free",
        (json_int_t)standing->disk_free);
}
