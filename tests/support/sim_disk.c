#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/chance.h"
#include "tests/support/sim_disk_state.h"

#define SECTORS(size) (((size) + DISK_SECTOR_BYTES - 1) / DISK_SECTOR_BYTES)
#define LOST_THAT_TEAR 30    /* percent */
#define TORN_WITH_RUBBISH 30 /* percent */

static struct sim_disk *disks;

/* ---- contents ---- */

void *disk_must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void disk_resize(struct disk_content *content, size_t size)
{
    if (size > content->capacity) {
        size_t capacity = content->capacity ? content->capacity : 65536;
        while (capacity < size)
            capacity *= 2;
        content->bytes = disk_must(realloc(content->bytes, capacity));
        content->capacity = capacity;
    }
    if (size > content->size)
        memset(content->bytes + content->size, 0, size - content->size);
    content->size = size;
}

static void content_copy(struct disk_content *to, const struct disk_content *from)
{
    to->size = 0;
    disk_resize(to, from->size);
    if (from->size > 0)
        memcpy(to->bytes, from->bytes, from->size);
    to->exists = from->exists;
}

void disk_mark(struct disk_file *file, size_t from, size_t to)
{
    size_t sectors = SECTORS(to);
    if (sectors > file->dirty_capacity) {
        size_t capacity = file->dirty_capacity ? file->dirty_capacity : 256;
        while (capacity < sectors)
            capacity *= 2;
        file->dirty = disk_must(realloc(file->dirty, capacity));
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

void disk_keep(struct disk_file *file)
{
    assert(!file->renamed);
    disk_resize(&file->kept, file->now.size);
    size_t sectors = SECTORS(file->now.size);
    for (size_t i = 0; i < sectors && i < file->dirty_capacity; i++)
        if (file->dirty[i])
            memcpy(file->kept.bytes + i * DISK_SECTOR_BYTES,
                   file->now.bytes + i * DISK_SECTOR_BYTES, sector_bytes(&file->now, i));
    file->kept.exists = file->now.exists;
    clean(file);
}

void disk_forget_shared(struct disk_file *file)
{
    for (size_t i = 0; i < file->shared_count; i++)
        free(file->shared[i]);
    free(file->shared);
    file->shared = NULL;
    file->shared_count = 0;
}

/* ---- disks ---- */

struct sim_disk *disk_of(const char *path)
{
    for (struct sim_disk *disk = disks; disk; disk = disk->next)
        if (strncmp(path, disk->folder, strlen(disk->folder)) == 0)
            return disk;
    return NULL;
}

struct disk_file *disk_file_of(struct sim_disk *disk, const char *path, bool make)
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

static void file_release(struct disk_file *file)
{
    disk_forget_shared(file);
    free(file->now.bytes);
    free(file->kept.bytes);
    free(file->moved.bytes);
    free(file->dirty);
    *file = (struct disk_file){0};
}

void disk_release(struct sim_disk *disk)
{
    for (size_t i = 0; i < DISK_FILES_MAX; i++)
        file_release(&disk->files[i]);
}

void disk_rename(struct disk_file *from, struct disk_file *to)
{
    content_copy(&to->now, &from->now);
    content_copy(&to->moved, &from->kept);
    free(to->dirty);
    to->dirty = from->dirty;
    to->dirty_capacity = from->dirty_capacity;
    to->renamed = true;
    from->dirty = NULL;
    file_release(from);
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
        struct disk_file *file = disk_file_of(to, path, true);
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

void disk_settle_name(struct disk_file *file)
{
    if (!file->renamed)
        return;
    content_copy(&file->kept, &file->moved);
    file->renamed = false;
}

static void cut_file(struct disk_file *file, bool flash, struct chance *chance)
{
    if (file->renamed && chance_below(chance, 2)) {
        /* What the name stood for before. */
        content_copy(&file->now, &file->kept);
        clean(file);
        file->renamed = false;
    }
    disk_settle_name(file);
    size_t arrive = chance_below(chance, 101);
    if (file->now.exists != file->kept.exists && chance_below(chance, 2))
        file->kept.exists = file->now.exists;
    if (file->now.size != file->kept.size && chance_below(chance, 2))
        disk_resize(&file->kept, file->now.size);
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
        disk_resize(&file->kept, 0);
    content_copy(&file->now, &file->kept);
    clean(file);
}

void disk_restart(struct sim_disk *disk, uint64_t seed)
{
    struct chance chance = {seed};
    for (size_t i = 0; i < DISK_FILES_MAX; i++) {
        struct disk_file *file = &disk->files[i];
        disk_forget_shared(file);
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

enum disk_verdict disk_meet(struct sim_disk *disk, bool writing)
{
    if (disk->dead)
        return DISK_IS_DEAD;
    disk->calls++;
    if (!fault_now(disk))
        return DISK_WORKS;
    if (disk->fault == DISK_FULL && !writing)
        return DISK_WORKS;
    disk->faults_met++;
    disk->hits--;
    if (disk->fault == DISK_FULL)
        return DISK_HAS_NO_ROOM;
    if (disk->fault == DISK_ERROR)
        return DISK_FAILS;
    disk->dead = true;
    disk->cut = disk->fault == DISK_POWER_CUT;
    return DISK_DIES;
}
