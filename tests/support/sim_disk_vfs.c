/* SQLite's files on simulated disks. */

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/sim_disk_state.h"

/* `code`: what a call that fails says. */
static int meet(struct sim_disk *disk, bool writing, int code)
{
    switch (disk_meet(disk, writing)) {
    case DISK_WORKS:
        return SQLITE_OK;
    case DISK_HAS_NO_ROOM:
        return SQLITE_FULL;
    case DISK_FAILS:
        return code;
    default:
        return SQLITE_IOERR;
    }
}

/* ---- files ---- */

struct handle {
    sqlite3_file base;
    struct sim_disk *disk;
    struct disk_file *file;
};

#define HANDLE(base) ((struct handle *)(void *)(base))

static int file_close(sqlite3_file *base)
{
    (void)base;
    return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *out, int amount, sqlite3_int64 offset)
{
    struct handle *handle = HANDLE(base);
    const struct disk_content *now = &handle->file->now;
    if (handle->disk->dead)
        return SQLITE_IOERR_READ;
    size_t from = (size_t)offset, size = (size_t)amount;
    size_t there = from < now->size ? now->size - from : 0;
    if (there > size)
        there = size;
    if (there > 0)
        memcpy(out, now->bytes + from, there);
    memset((char *)out + there, 0, size - there);
    return there == size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *in, int amount, sqlite3_int64 offset)
{
    struct handle *handle = HANDLE(base);
    struct disk_file *file = handle->file;
    size_t from = (size_t)offset, to = from + (size_t)amount;
    bool was_dead = handle->disk->dead;
    int code = meet(handle->disk, true, SQLITE_IOERR_WRITE);
    /* The call that the cut hits has begun: its sectors are in danger like all others. */
    if (code != SQLITE_OK && (was_dead || !handle->disk->dead))
        return code;
    size_t old = file->now.size;
    if (to > old)
        disk_resize(&file->now, to);
    memcpy(file->now.bytes + from, in, (size_t)amount);
    disk_mark(file, old < from ? old : from, to);
    return code;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct handle *handle = HANDLE(base);
    int code = meet(handle->disk, false, SQLITE_IOERR_TRUNCATE);
    if (code != SQLITE_OK)
        return code;
    size_t old = handle->file->now.size;
    disk_resize(&handle->file->now, (size_t)size);
    if (handle->file->now.size < old)
        disk_mark(handle->file, handle->file->now.size, old);
    return SQLITE_OK;
}

/* What was deleted in the folder stays deleted. */
static void keep_names(struct sim_disk *disk)
{
    for (size_t i = 0; i < DISK_FILES_MAX; i++)
        if (disk->files[i].path[0] && !disk->files[i].now.exists)
            disk_keep(&disk->files[i]);
}

/* As the unix VFS does it, the first sync of a new file syncs its folder, too. */
static int file_sync(sqlite3_file *base, int flags)
{
    struct handle *handle = HANDLE(base);
    (void)flags;
    int code = meet(handle->disk, false, SQLITE_IOERR_FSYNC);
    if (code != SQLITE_OK || handle->disk->lying)
        return code;
    if (!handle->file->kept.exists)
        keep_names(handle->disk);
    disk_keep(handle->file);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    struct handle *handle = HANDLE(base);
    *size = (sqlite3_int64)handle->file->now.size;
    return handle->disk->dead ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

/* A replica has one connection in the simulation: nobody else holds a lock. */
static int file_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *base, int *reserved)
{
    (void)base;
    *reserved = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int operation, void *argument)
{
    (void)base;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096; /* as the unix VFS says */
}

static int file_characteristics(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static int shared_map(sqlite3_file *base, int region, int size, int extend, void volatile **out)
{
    struct disk_file *file = HANDLE(base)->file;
    size_t at = (size_t)region;
    *out = NULL;
    if (HANDLE(base)->disk->dead)
        return SQLITE_IOERR_SHMMAP;
    if (at >= file->shared_count) {
        if (!extend)
            return SQLITE_OK;
        file->shared = disk_must(realloc(file->shared, (at + 1) * sizeof *file->shared));
        while (file->shared_count <= at)
            file->shared[file->shared_count++] = disk_must(calloc(1, (size_t)size));
    }
    *out = file->shared[at];
    return SQLITE_OK;
}

static int shared_lock(sqlite3_file *base, int offset, int count, int flags)
{
    (void)base;
    (void)offset;
    (void)count;
    (void)flags;
    return SQLITE_OK;
}

static void shared_barrier(sqlite3_file *base)
{
    (void)base;
}

static int shared_unmap(sqlite3_file *base, int delete_flag)
{
    (void)delete_flag;
    disk_forget_shared(HANDLE(base)->file);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_truncate,
                                           .xSync = file_sync,
                                           .xFileSize = file_size,
                                           .xLock = file_lock,
                                           .xUnlock = file_lock,
                                           .xCheckReservedLock = file_check_reserved,
                                           .xFileControl = file_control,
                                           .xSectorSize = file_sector_size,
                                           .xDeviceCharacteristics = file_characteristics,
                                           .xShmMap = shared_map,
                                           .xShmLock = shared_lock,
                                           .xShmBarrier = shared_barrier,
                                           .xShmUnmap = shared_unmap};

/* ---- names ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *out)
{
    struct handle *handle = HANDLE(base);
    (void)vfs;
    *handle = (struct handle){.disk = path ? disk_of(path) : NULL};
    if (!handle->disk || handle->disk->dead)
        return SQLITE_CANTOPEN;
    handle->file = disk_file_of(handle->disk, path, (flags & SQLITE_OPEN_CREATE) != 0);
    if (!handle->file || (!handle->file->now.exists && !(flags & SQLITE_OPEN_CREATE)))
        return SQLITE_CANTOPEN;
    handle->file->now.exists = true;
    base->pMethods = &methods;
    if (out)
        *out = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    struct sim_disk *disk = disk_of(path);
    struct disk_file *file = disk ? disk_file_of(disk, path, false) : NULL;
    (void)vfs;
    if (!file || !file->now.exists)
        return SQLITE_IOERR_DELETE_NOENT;
    int code = meet(disk, false, SQLITE_IOERR_DELETE);
    if (code != SQLITE_OK)
        return code;
    size_t old = file->now.size;
    disk_resize(&file->now, 0);
    disk_mark(file, 0, old);
    file->now.exists = false;
    if (sync_folder && !disk->lying)
        disk_keep(file);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *result)
{
    struct sim_disk *disk = disk_of(path);
    struct disk_file *file = disk ? disk_file_of(disk, path, false) : NULL;
    (void)vfs;
    (void)flags;
    *result = file && file->now.exists;
    return disk && disk->dead ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
    (void)vfs;
    if (strlen(path) + 1 > (size_t)size)
        return SQLITE_CANTOPEN;
    strcpy(out, path);
    return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    memset(out, 0x5a, (size_t)size); /* the same in every world */
    return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *julian_ms)
{
    (void)vfs;
    *julian_ms = 212633920000000; /* one day of 2026 */
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    (void)size;
    (void)out;
    return 0;
}

void disk_install(void)
{
    static sqlite3_vfs vfs = {.iVersion = 2,
                              .szOsFile = sizeof(struct handle),
                              .mxPathname = DISK_PATH_BYTES,
                              .zName = "sim",
                              .xOpen = vfs_open,
                              .xDelete = vfs_delete,
                              .xAccess = vfs_access,
                              .xFullPathname = vfs_full_pathname,
                              .xRandomness = vfs_randomness,
                              .xSleep = vfs_sleep,
                              .xGetLastError = vfs_last_error,
                              .xCurrentTimeInt64 = vfs_time};
    int code = sqlite3_vfs_register(&vfs, 1);
    assert(code == SQLITE_OK);
}

void disk_install_below_ciphers(void)
{
    disk_install();
    int code = sqlite3mc_vfs_create("sim", 1);
    assert(code == SQLITE_OK);
}
