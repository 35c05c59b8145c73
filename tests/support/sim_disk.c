#include "tests/support/sim_disk.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/chance.h"

#define SECTORS(size) (((size) + DISK_SECTOR_BYTES - 1) / DISK_SECTOR_BYTES)
#define LOST_THAT_TEAR 30    /* percent */
#define TORN_WITH_RUBBISH 30 /* percent */

static struct sim_disk *disks;

/* ---- contents ---- */

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void content_resize(struct disk_content *content, size_t size)
{
    if (size > content->capacity) {
        size_t capacity = content->capacity ? content->capacity : 65536;
        while (capacity < size)
            capacity *= 2;
        content->bytes = must(realloc(content->bytes, capacity));
        content->capacity = capacity;
    }
    if (size > content->size)
        memset(content->bytes + content->size, 0, size - content->size);
    content->size = size;
}

static void content_copy(struct disk_content *to, const struct disk_content *from)
{
    to->size = 0;
    content_resize(to, from->size);
    if (from->size > 0)
        memcpy(to->bytes, from->bytes, from->size);
    to->exists = from->exists;
}

static void mark_dirty(struct disk_file *file, size_t from, size_t to)
{
    size_t sectors = SECTORS(to);
    if (sectors > file->dirty_capacity) {
        size_t capacity = file->dirty_capacity ? file->dirty_capacity : 256;
        while (capacity < sectors)
            capacity *= 2;
        file->dirty = must(realloc(file->dirty, capacity));
        memset(file->dirty + file->dirty_capacity, 0, capacity - file->dirty_capacity);
        file->dirty_capacity = capacity;
    }
    if (from < to)
        memset(file->dirty + from / DISK_SECTOR_BYTES, 1, sectors - from / DISK_SECTOR_BYTES);
}

static void clean(struct disk_file *file)
{
    if (file->dirty_capacity > 0)
        memset(file->dirty, 0, file->dirty_capacity);
}

static size_t sector_bytes(const struct disk_content *content, size_t sector)
{
    size_t from = sector * DISK_SECTOR_BYTES;
    if (from >= content->size)
        return 0;
    return content->size - from < DISK_SECTOR_BYTES ? content->size - from : DISK_SECTOR_BYTES;
}

static void keep(struct disk_file *file)
{
    content_resize(&file->kept, file->now.size);
    size_t sectors = SECTORS(file->now.size);
    for (size_t i = 0; i < sectors && i < file->dirty_capacity; i++)
        if (file->dirty[i])
            memcpy(file->kept.bytes + i * DISK_SECTOR_BYTES,
                   file->now.bytes + i * DISK_SECTOR_BYTES, sector_bytes(&file->now, i));
    file->kept.exists = file->now.exists;
    clean(file);
}

static void forget_shared(struct disk_file *file)
{
    for (size_t i = 0; i < file->shared_count; i++)
        free(file->shared[i]);
    free(file->shared);
    file->shared = NULL;
    file->shared_count = 0;
}

/* ---- disks ---- */

static struct sim_disk *disk_of(const char *path)
{
    for (struct sim_disk *disk = disks; disk; disk = disk->next)
        if (strncmp(path, disk->folder, strlen(disk->folder)) == 0)
            return disk;
    return NULL;
}

static struct disk_file *file_of(struct sim_disk *disk, const char *path, bool make)
{
    struct disk_file *free_one = NULL;
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_file *file = &disk->files[i];
        if (strcmp(file->path, path) == 0)
            return file;
        if (!free_one && file->path[0] == '\0')
            free_one = file;
    }
    if (!make)
        return NULL;
    assert(free_one && strlen(path) < DISK_PATH_BYTES);
    strcpy(free_one->path, path);
    return free_one;
}

void disk_attach(struct sim_disk *disk)
{
    disk->next = disks;
    disks = disk;
}

void disk_detach(struct sim_disk *disk)
{
    struct sim_disk **at = &disks;
    while (*at && *at != disk)
        at = &(*at)->next;
    if (*at)
        *at = disk->next;
}

void disk_release(struct sim_disk *disk)
{
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_file *file = &disk->files[i];
        forget_shared(file);
        free(file->now.bytes);
        free(file->kept.bytes);
        free(file->dirty);
        *file = (struct disk_file){0};
    }
}

void disk_arm(struct sim_disk *disk, enum disk_fault fault, uint64_t calls, uint64_t hits)
{
    disk->fault = fault;
    disk->fault_at = disk->calls + calls;
    disk->hits = hits;
}

void disk_cut_now(struct sim_disk *disk)
{
    disk->dead = disk->cut = true;
}

void disk_copy(struct sim_disk *to, const struct sim_disk *from)
{
    disk_release(to);
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        const struct disk_file *source = &from->files[i];
        if (!source->now.exists)
            continue;
        char path[2 * DISK_PATH_BYTES];
        assert(strncmp(source->path, from->folder, strlen(from->folder)) == 0);
        strcpy(path, to->folder);
        strcat(path, source->path + strlen(from->folder));
        struct disk_file *file = file_of(to, path, true);
        content_copy(&file->now, &source->now);
        content_copy(&file->kept, &source->now);
    }
}

bool disk_holds(const struct sim_disk *disk, const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        const struct disk_content *now = &disk->files[i].now;
        for (size_t at = 0; at + length <= now->size; at++)
            if (memcmp(now->bytes + at, text, length) == 0)
                return true;
    }
    return false;
}

size_t disk_size(const struct sim_disk *disk)
{
    size_t size = 0;
    for (size_t i = 0; i < DISK_FILES_MAX; i++)
        size += disk->files[i].now.size;
    return size;
}

/* ---- the power goes ---- */

static void cut_sector(struct disk_file *file, size_t sector, bool flash, struct chance *chance)
{
    uint8_t *from = file->now.bytes + sector * DISK_SECTOR_BYTES;
    uint8_t *to = file->kept.bytes + sector * DISK_SECTOR_BYTES;
    size_t size = sector_bytes(&file->kept, sector), had = sector_bytes(&file->now, sector);
    if (chance_below(chance, 100) >= LOST_THAT_TEAR)
        return;
    size_t torn = chance_below(chance, size + 1);
    memcpy(to, from, torn < had ? torn : had);
    if (chance_below(chance, 100) < TORN_WITH_RUBBISH && flash)
        for (size_t i = torn; i < size; i++)
            to[i] = (uint8_t)chance_number(chance);
}

static void cut_file(struct disk_file *file, bool flash, struct chance *chance)
{
    size_t arrive = chance_below(chance, 101);
    if (file->now.exists != file->kept.exists && chance_below(chance, 2))
        file->kept.exists = file->now.exists;
    if (file->now.size != file->kept.size && chance_below(chance, 2))
        content_resize(&file->kept, file->now.size);
    size_t sectors = SECTORS(file->kept.size);
    for (size_t i = 0; i < sectors && i < file->dirty_capacity; i++) {
        if (!file->dirty[i])
            continue;
        size_t size = sector_bytes(&file->kept, i), had = sector_bytes(&file->now, i);
        if (chance_below(chance, 100) >= arrive)
            cut_sector(file, i, flash, chance);
        else
            memcpy(file->kept.bytes + i * DISK_SECTOR_BYTES,
                   file->now.bytes + i * DISK_SECTOR_BYTES, size < had ? size : had);
    }
    if (!file->kept.exists)
        content_resize(&file->kept, 0);
    content_copy(&file->now, &file->kept);
    clean(file);
}

void disk_restart(struct sim_disk *disk, uint64_t seed)
{
    struct chance chance = {seed};
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_file *file = &disk->files[i];
        forget_shared(file);
        if (file->path[0] && disk->cut)
            cut_file(file, disk->flash, &chance);
    }
    disk->dead = disk->cut = false;
    disk->fault = DISK_SOUND;
}

/* ---- what a call meets ---- */

static bool fault_now(const struct sim_disk *disk)
{
    return disk->fault != DISK_SOUND && disk->calls >= disk->fault_at && disk->hits > 0;
}

/* SQLITE_OK: go on. `writing`: the call needs room. */
static int meet(struct sim_disk *disk, bool writing, int code)
{
    if (disk->dead)
        return SQLITE_IOERR;
    disk->calls++;
    if (!fault_now(disk))
        return SQLITE_OK;
    if (disk->fault == DISK_FULL && !writing)
        return SQLITE_OK;
    disk->faults_met++;
    disk->hits--;
    if (disk->fault == DISK_FULL)
        return SQLITE_FULL;
    if (disk->fault == DISK_ERROR)
        return code;
    disk->dead = true;
    disk->cut = disk->fault == DISK_POWER_CUT;
    return SQLITE_IOERR;
}

/* ---- the VFS: files ---- */

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
        content_resize(&file->now, to);
    memcpy(file->now.bytes + from, in, (size_t)amount);
    mark_dirty(file, old < from ? old : from, to);
    return code;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct handle *handle = HANDLE(base);
    int code = meet(handle->disk, false, SQLITE_IOERR_TRUNCATE);
    if (code != SQLITE_OK)
        return code;
    size_t old = handle->file->now.size;
    content_resize(&handle->file->now, (size_t)size);
    if (handle->file->now.size < old)
        mark_dirty(handle->file, handle->file->now.size, old);
    return SQLITE_OK;
}

/* What was deleted in the folder stays deleted. */
static void keep_names(struct sim_disk *disk)
{
    for (size_t i = 0; i < DISK_FILES_MAX; i++)
        if (disk->files[i].path[0] && !disk->files[i].now.exists)
            keep(&disk->files[i]);
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
    keep(handle->file);
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
        file->shared = must(realloc(file->shared, (at + 1) * sizeof *file->shared));
        while (file->shared_count <= at)
            file->shared[file->shared_count++] = must(calloc(1, (size_t)size));
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
    forget_shared(HANDLE(base)->file);
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

/* ---- the VFS: names ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *out)
{
    struct handle *handle = HANDLE(base);
    (void)vfs;
    *handle = (struct handle){.disk = path ? disk_of(path) : NULL};
    if (!handle->disk || handle->disk->dead)
        return SQLITE_CANTOPEN;
    handle->file = file_of(handle->disk, path, (flags & SQLITE_OPEN_CREATE) != 0);
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
    struct disk_file *file = disk ? file_of(disk, path, false) : NULL;
    (void)vfs;
    if (!file || !file->now.exists)
        return SQLITE_IOERR_DELETE_NOENT;
    int code = meet(disk, false, SQLITE_IOERR_DELETE);
    if (code != SQLITE_OK)
        return code;
    size_t old = file->now.size;
    content_resize(&file->now, 0);
    mark_dirty(file, 0, old);
    file->now.exists = false;
    if (sync_folder && !disk->lying)
        keep(file);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *result)
{
    struct sim_disk *disk = disk_of(path);
    struct disk_file *file = disk ? file_of(disk, path, false) : NULL;
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
