/* Key slots on simulated disks: whole small files, which are written, synced and renamed. */

#include <errno.h>
#include <string.h>

#include "tests/support/sim_disk_state.h"

static struct disk system_disk;

/* NULL: a real file. */
static struct sim_disk *slots_disk(const char *path)
{
    const char *name = strrchr(path, '/');
    return name && strncmp(name, "/slots.", 7) == 0 ? disk_of(path) : NULL;
}

static int meet(struct sim_disk *disk, bool writing)
{
    switch (disk_meet(disk, writing)) {
    case DISK_WORKS:
        return 0;
    case DISK_HAS_NO_ROOM:
        return ENOSPC;
    default:
        return EIO;
    }
}

static int slots_read(void *context, const char *path, uint8_t *bytes, size_t max, size_t *size)
{
    struct sim_disk *disk = slots_disk(path);
    *size = 0;
    if (!disk)
        return system_disk.read(context, path, bytes, max, size);
    const struct disk_file *file = disk_file_of(disk, path, false);
    if (disk->dead)
        return EIO;
    if (!file || !file->now.exists)
        return ENOENT;
    if (file->now.size > max)
        return EFBIG;
    if (file->now.size > 0)
        memcpy(bytes, file->now.bytes, file->now.size);
    *size = file->now.size;
    return 0;
}

static void put(struct disk_file *file, struct bytes bytes)
{
    size_t old = file->now.size;
    disk_resize(&file->now, bytes.size);
    memcpy(file->now.bytes, bytes.data, bytes.size);
    file->now.exists = true;
    disk_mark(file, 0, old > bytes.size ? old : bytes.size);
}

static int slots_write(void *context, const char *path, struct bytes bytes)
{
    struct sim_disk *disk = slots_disk(path);
    if (!disk)
        return system_disk.write(context, path, bytes);
    bool was_dead = disk->dead;
    int code = meet(disk, true);
    /* The call that the cut hits has begun. */
    if (code == 0 || (!was_dead && disk->dead))
        put(disk_file_of(disk, path, true), bytes);
    return code;
}

static int slots_sync(void *context, const char *path)
{
    struct sim_disk *disk = slots_disk(path);
    if (!disk)
        return system_disk.sync(context, path);
    int code = meet(disk, false);
    if (code == 0 && !disk->lying)
        disk_keep(disk_file_of(disk, path, true));
    return code;
}

static int slots_blank(void *context, const char *path)
{
    struct sim_disk *disk = slots_disk(path);
    if (!disk)
        return system_disk.blank(context, path);
    int code = meet(disk, false);
    struct disk_file *file = disk_file_of(disk, path, true);
    if (code == 0 && file->now.size > 0) {
        memset(file->now.bytes, 0, file->now.size);
        disk_mark(file, 0, file->now.size);
    }
    return code;
}

static int slots_rename(void *context, const char *from, const char *to)
{
    struct sim_disk *disk = slots_disk(from);
    if (!disk)
        return system_disk.rename(context, from, to);
    int code = meet(disk, false);
    struct disk_file *file = disk_file_of(disk, from, false);
    if (code == 0 && !file)
        code = ENOENT;
    if (code == 0)
        disk_rename(file, disk_file_of(disk, to, true));
    return code;
}

static int slots_sync_folder(void *context, const char *folder)
{
    char path[DISK_PATH_BYTES];
    size_t length = strlen(folder);
    if (length + 2 > sizeof path)
        return system_disk.sync_folder(context, folder);
    memcpy(path, folder, length);
    memcpy(path + length, "/", 2);
    struct sim_disk *disk = disk_of(path);
    if (!disk)
        return system_disk.sync_folder(context, folder);
    int code = meet(disk, false);
    for (size_t i = 0; i < DISK_FILES_MAX && code == 0 && !disk->lying; i++)
        disk_settle_name(&disk->files[i]);
    return code;
}

struct disk disk_for_slots(struct disk real)
{
    system_disk = real;
    return (struct disk){.read = slots_read,
                         .write = slots_write,
                         .sync = slots_sync,
                         .blank = slots_blank,
                         .rename = slots_rename,
                         .sync_folder = slots_sync_folder,
                         .context = real.context};
}
