#include "tests/support/crash_disk.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/chance.h"

#define SECTOR 512
#define FILES_MAX 8
#define NAME_BYTES 200
#define REGIONS_MAX 64

struct image {
    uint8_t *bytes;
    size_t size, capacity;
};
struct disk_file {
    char name[NAME_BYTES]; /* "": free */
    struct image now, platter;
    bool *dirty; /* by sector */
    size_t dirty_capacity;
    void *regions[REGIONS_MAX]; /* shared memory of the WAL index; gone with the power */
    int regions_count;
};
/* What SQLite holds. */
struct handle {
    sqlite3_file base;
    struct disk_file *file;
};

static struct disk_file files[FILES_MAX];
static unsigned long calls, off_at; /* off_at 0: never */
static bool is_off, lies;
static unsigned writes_left, hits_left, refused; /* of the writes that find the disk full */

/* ---- the power ---- */

/* True when the call still happens. */
static bool powered(void)
{
    calls++;
    if (off_at && calls >= off_at)
        is_off = true;
    return !is_off;
}

void crash_disk_fill(unsigned ahead, unsigned hits)
{
    writes_left = ahead;
    hits_left = hits;
    refused = 0;
}

unsigned crash_disk_refused(void)
{
    return refused;
}

static bool has_room(void)
{
    if (writes_left > 0)
        writes_left--;
    if (writes_left > 0 || hits_left == 0)
        return true;
    hits_left--;
    refused++;
    return false;
}

void crash_disk_arm(unsigned ahead)
{
    off_at = calls + ahead;
}

bool crash_disk_is_off(void)
{
    return is_off;
}

unsigned long crash_disk_calls(void)
{
    return calls;
}

void crash_disk_lie(bool lying)
{
    lies = lying;
}

/* ---- images ---- */

static void grow(struct image *image, size_t size)
{
    if (size > image->capacity) {
        size_t capacity = size * 2 + SECTOR;
        image->bytes = realloc(image->bytes, capacity);
        assert(image->bytes);
        memset(image->bytes + image->capacity, 0, capacity - image->capacity);
        image->capacity = capacity;
    }
    if (size > image->size)
        image->size = size;
}

static void shrink(struct image *image, size_t size)
{
    if (size < image->size) {
        memset(image->bytes + size, 0, image->size - size);
        image->size = size;
    }
}

static void mark(struct disk_file *file, size_t from, size_t to)
{
    size_t last = (to + SECTOR - 1) / SECTOR;
    if (last > file->dirty_capacity) {
        file->dirty = realloc(file->dirty, 2 * last * sizeof *file->dirty);
        assert(file->dirty);
        memset(file->dirty + file->dirty_capacity, 0,
               (2 * last - file->dirty_capacity) * sizeof *file->dirty);
        file->dirty_capacity = 2 * last;
    }
    for (size_t i = from / SECTOR; i < last; i++)
        file->dirty[i] = true;
}

/* One sector's bytes in the image; zeros behind its end. */
static void sector_of(const struct image *image, size_t sector, uint8_t out[SECTOR])
{
    size_t at = sector * SECTOR;
    size_t size = at < image->size ? image->size - at : 0;
    memset(out, 0, SECTOR);
    if (size > 0)
        memcpy(out, image->bytes + at, size < SECTOR ? size : SECTOR);
}

static void forget_regions(struct disk_file *file)
{
    for (int i = 0; i < file->regions_count; i++)
        free(file->regions[i]);
    file->regions_count = 0;
}

static void drop(struct disk_file *file)
{
    free(file->now.bytes);
    free(file->platter.bytes);
    free(file->dirty);
    forget_regions(file);
    *file = (struct disk_file){0};
}

void crash_disk_clear(void)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        drop(&files[i]);
    off_at = 0;
    is_off = false;
    hits_left = 0;
}

static struct disk_file *find(const char *name)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    return NULL;
}

/* ---- after a cut ---- */

static void settle_sector(struct disk_file *file, size_t sector, struct chance *chance, bool flash)
{
    uint8_t old[SECTOR], new[SECTOR];
    sector_of(&file->platter, sector, old);
    sector_of(&file->now, sector, new);
    uint64_t fate = chance_below(chance, 10);
    if (fate < 4)
        memcpy(old, new, SECTOR);
    else if (fate < 6) {
        size_t torn = chance_below(chance, SECTOR);
        memcpy(old, new, torn);
        for (size_t i = torn; flash && fate == 5 && i < SECTOR; i++)
            old[i] = (uint8_t)chance_number(chance);
    }
    grow(&file->platter, (sector + 1) * SECTOR);
    memcpy(file->platter.bytes + sector * SECTOR, old, SECTOR);
}

static void settle(struct disk_file *file, struct chance *chance, bool flash)
{
    size_t sizes[2] = {file->platter.size, file->now.size};
    size_t size = sizes[chance_below(chance, 2)];
    for (size_t i = 0; i < file->dirty_capacity; i++)
        if (file->dirty[i])
            settle_sector(file, i, chance, flash);
    shrink(&file->platter, size);
    grow(&file->platter, size);
    shrink(&file->now, 0);
    grow(&file->now, file->platter.size);
    if (file->platter.size > 0)
        memcpy(file->now.bytes, file->platter.bytes, file->platter.size);
    if (file->dirty)
        memset(file->dirty, 0, file->dirty_capacity * sizeof *file->dirty);
    forget_regions(file);
}

void crash_disk_restore(uint64_t seed, bool flash)
{
    struct chance chance = {seed};
    for (size_t i = 0; i < FILES_MAX; i++)
        if (files[i].name[0])
            settle(&files[i], &chance, flash);
    off_at = 0;
    is_off = false;
}

bool crash_disk_holds(const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < FILES_MAX; i++)
        for (size_t at = 0; at + length <= files[i].now.size; at++)
            if (memcmp(files[i].now.bytes + at, text, length) == 0)
                return true;
    return false;
}

/* ---- SQLite's file ---- */

static struct disk_file *file_of(sqlite3_file *handle)
{
    return ((struct handle *)handle)->file;
}

static int on_close(sqlite3_file *handle)
{
    (void)handle;
    return SQLITE_OK;
}

static int on_read(sqlite3_file *handle, void *out, int amount, sqlite3_int64 offset)
{
    const struct image *now = &file_of(handle)->now;
    size_t at = (size_t)offset, size = (size_t)amount;
    if (is_off)
        return SQLITE_IOERR_READ;
    size_t there = at < now->size ? now->size - at : 0;
    size_t some = there < size ? there : size;
    if (some > 0)
        memcpy(out, now->bytes + at, some);
    memset((uint8_t *)out + some, 0, size - some);
    return some == size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *handle, const void *in, int amount, sqlite3_int64 offset)
{
    struct disk_file *file = file_of(handle);
    size_t at = (size_t)offset, size = (size_t)amount;
    if (!powered())
        return SQLITE_IOERR_WRITE;
    if (!has_room())
        return SQLITE_FULL;
    grow(&file->now, at + size);
    memcpy(file->now.bytes + at, in, size);
    mark(file, at, at + size);
    return SQLITE_OK;
}

static int on_truncate(sqlite3_file *handle, sqlite3_int64 size)
{
    struct disk_file *file = file_of(handle);
    if (!powered())
        return SQLITE_IOERR_TRUNCATE;
    shrink(&file->now, (size_t)size);
    return SQLITE_OK;
}

static int on_sync(sqlite3_file *handle, int flags)
{
    struct disk_file *file = file_of(handle);
    (void)flags;
    if (!powered())
        return SQLITE_IOERR_FSYNC;
    if (lies)
        return SQLITE_OK;
    for (size_t i = 0; i < file->dirty_capacity; i++)
        if (file->dirty[i]) {
            uint8_t sector[SECTOR];
            sector_of(&file->now, i, sector);
            grow(&file->platter, (i + 1) * SECTOR);
            memcpy(file->platter.bytes + i * SECTOR, sector, SECTOR);
            file->dirty[i] = false;
        }
    shrink(&file->platter, file->now.size);
    grow(&file->platter, file->now.size);
    return SQLITE_OK;
}

static int on_size(sqlite3_file *handle, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)file_of(handle)->now.size;
    return is_off ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

static int on_lock(sqlite3_file *handle, int level)
{
    (void)handle;
    (void)level;
    return SQLITE_OK;
}

static int on_check_lock(sqlite3_file *handle, int *held)
{
    (void)handle;
    *held = 0;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *handle, int operation, void *argument)
{
    (void)handle;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int on_sector_size(sqlite3_file *handle)
{
    (void)handle;
    return SECTOR;
}

static int on_traits(sqlite3_file *handle)
{
    (void)handle;
    return 0;
}

static int on_shm_map(sqlite3_file *handle, int region, int size, int extend, void volatile **out)
{
    struct disk_file *file = file_of(handle);
    *out = NULL;
    if (is_off || region >= REGIONS_MAX)
        return SQLITE_IOERR_SHMMAP;
    while (extend && file->regions_count <= region) {
        file->regions[file->regions_count] = calloc(1, (size_t)size);
        assert(file->regions[file->regions_count]);
        file->regions_count++;
    }
    if (region < file->regions_count)
        *out = file->regions[region];
    return SQLITE_OK;
}

static int on_shm_lock(sqlite3_file *handle, int offset, int count, int flags)
{
    (void)handle;
    (void)offset;
    (void)count;
    (void)flags;
    return SQLITE_OK;
}

static void on_shm_barrier(sqlite3_file *handle)
{
    (void)handle;
}

static int on_shm_unmap(sqlite3_file *handle, int delete_flag)
{
    if (delete_flag)
        forget_regions(file_of(handle));
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = on_close,
                                           .xRead = on_read,
                                           .xWrite = on_write,
                                           .xTruncate = on_truncate,
                                           .xSync = on_sync,
                                           .xFileSize = on_size,
                                           .xLock = on_lock,
                                           .xUnlock = on_lock,
                                           .xCheckReservedLock = on_check_lock,
                                           .xFileControl = on_control,
                                           .xSectorSize = on_sector_size,
                                           .xDeviceCharacteristics = on_traits,
                                           .xShmMap = on_shm_map,
                                           .xShmLock = on_shm_lock,
                                           .xShmBarrier = on_shm_barrier,
                                           .xShmUnmap = on_shm_unmap};

/* ---- SQLite's folder ---- */

static int on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *handle, int flags,
                   int *out_flags)
{
    struct disk_file *file = find(name ? name : "?");
    (void)vfs;
    handle->pMethods = NULL;
    if (is_off || (!file && !(flags & SQLITE_OPEN_CREATE)))
        return SQLITE_CANTOPEN;
    if (!file) {
        file = find("");
        assert(file && strlen(name) < NAME_BYTES);
        strcpy(file->name, name);
    }
    ((struct handle *)handle)->file = file;
    handle->pMethods = &methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

/* A file that is gone: with the folder's sync, or by chance not yet. We take it as synced, which
 * SQLite asks for where it matters. */
static int on_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    struct disk_file *file = find(name);
    (void)vfs;
    (void)sync;
    if (!powered())
        return SQLITE_IOERR_DELETE;
    if (!file)
        return SQLITE_IOERR_DELETE_NOENT;
    drop(file);
    return SQLITE_OK;
}

static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *there)
{
    const struct disk_file *file = find(name);
    (void)vfs;
    *there = file && (flags != SQLITE_ACCESS_EXISTS || file->now.size > 0);
    return is_off ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int on_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    (void)vfs;
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

static int on_randomness(sqlite3_vfs *vfs, int size, char *out)
{
    static struct chance chance = {77};
    (void)vfs;
    for (int i = 0; i < size; i++)
        out[i] = (char)chance_number(&chance);
    return size;
}

static int on_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int on_time(sqlite3_vfs *vfs, double *julian)
{
    (void)vfs;
    *julian = 2460000.5;
    return SQLITE_OK;
}

static int on_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    if (size > 0)
        out[0] = '\0';
    return 0;
}

void crash_disk_install(void)
{
    static sqlite3_vfs vfs = {.iVersion = 1,
                              .szOsFile = (int)sizeof(struct handle),
                              .mxPathname = NAME_BYTES - 1,
                              .zName = "crash",
                              .xOpen = on_open,
                              .xDelete = on_delete,
                              .xAccess = on_access,
                              .xFullPathname = on_full_path,
                              .xRandomness = on_randomness,
                              .xSleep = on_sleep,
                              .xCurrentTime = on_time,
                              .xGetLastError = on_last_error};
    int code = sqlite3_initialize();
    if (code == SQLITE_OK)
        code = sqlite3_vfs_register(&vfs, 0);
    if (code == SQLITE_OK)
        code = sqlite3mc_vfs_create("crash", 1);
    assert(code == SQLITE_OK);
}
