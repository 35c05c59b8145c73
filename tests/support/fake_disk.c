#include "tests/support/fake_disk.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "tests/support/chance.h"

static struct fake_name *find(struct fake_name names[FAKE_NAMES_MAX], const char *path)
{
    for (size_t i = 0; i < FAKE_NAMES_MAX; i++)
        if (strcmp(names[i].path, path) == 0)
            return &names[i];
    return NULL;
}

static void put_name(struct fake_name names[FAKE_NAMES_MAX], const char *path, int file)
{
    struct fake_name *name = find(names, path);
    if (!name)
        name = find(names, "");
    assert(name && strlen(path) < FAKE_PATH_MAX);
    strcpy(name->path, path);
    name->file = file;
}

static void drop_name(struct fake_name names[FAKE_NAMES_MAX], const char *path, int file)
{
    struct fake_name *name = find(names, path);
    if (name && name->file == file)
        name->path[0] = '\0';
}

static void note_change(struct fake_disk *fake, const char *from, const char *to, int file)
{
    struct fake_change *change = &fake->changes[fake->changes_count++];
    assert(fake->changes_count <= FAKE_CHANGES_MAX);
    strcpy(change->from, from);
    strcpy(change->to, to);
    change->file = file;
}

static bool fails(struct fake_disk *fake)
{
    fake->calls++;
    return fake->fail_at &&
           (fake->calls == fake->fail_at || (fake->dead && fake->calls > fake->fail_at));
}

struct fake_content *fake_disk_file(struct fake_disk *fake, const char *path)
{
    struct fake_name *name = *path ? find(fake->now, path) : NULL;
    return name ? &fake->files[name->file].now : NULL;
}

static int fake_read(void *context, const char *path, uint8_t *bytes, size_t max, size_t *size)
{
    const struct fake_content *content = fake_disk_file(context, path);
    *size = 0;
    if (!content)
        return ENOENT;
    if (content->size > max)
        return EFBIG;
    memcpy(bytes, content->bytes, content->size);
    *size = content->size;
    return 0;
}

/* A failing write has begun the file and leaves half of it. */
static int fake_write(void *context, const char *path, struct bytes bytes)
{
    struct fake_disk *fake = context;
    struct fake_name *name = find(fake->now, path);
    int file = name ? name->file : (int)fake->files_count;
    bool failing = fails(fake);
    if (!name) {
        assert(fake->files_count < FAKE_FILES_MAX);
        fake->files[fake->files_count++] = (struct fake_file){0};
        put_name(fake->now, path, file);
        note_change(fake, "", path, file);
    }
    struct fake_content *now = &fake->files[file].now;
    now->size = failing ? bytes.size / 2 : bytes.size;
    assert(bytes.size <= FAKE_BYTES_MAX);
    memcpy(now->bytes, bytes.data, now->size);
    fake->files[file].dirty = true;
    return failing ? fake->code : 0;
}

static int fake_sync(void *context, const char *path)
{
    struct fake_disk *fake = context;
    struct fake_name *name = find(fake->now, path);
    if (fails(fake))
        return fake->code;
    if (!name)
        return ENOENT;
    fake->files[name->file].platter = fake->files[name->file].now;
    fake->files[name->file].dirty = false;
    return 0;
}

/* A failing one has done half of it. */
static int fake_blank(void *context, const char *path)
{
    struct fake_disk *fake = context;
    struct fake_name *name = find(fake->now, path);
    bool failing = fails(fake);
    if (!name)
        return failing ? fake->code : ENOENT;
    struct fake_content *now = &fake->files[name->file].now;
    memset(now->bytes, 0, failing ? now->size / 2 : now->size);
    fake->files[name->file].dirty = true;
    return failing ? fake->code : 0;
}

static int fake_rename(void *context, const char *from, const char *to)
{
    struct fake_disk *fake = context;
    struct fake_name *name = find(fake->now, from);
    if (fails(fake))
        return fake->code;
    if (!name)
        return ENOENT;
    int file = name->file;
    drop_name(fake->now, from, file);
    put_name(fake->now, to, file);
    note_change(fake, from, to, file);
    return 0;
}

static int fake_sync_folder(void *context, const char *folder)
{
    struct fake_disk *fake = context;
    (void)folder;
    if (fails(fake))
        return fake->code;
    memcpy(fake->platter, fake->now, sizeof fake->now);
    fake->changes_count = 0;
    return 0;
}

struct disk fake_disk(struct fake_disk *fake)
{
    return (struct disk){.read = fake_read,
                         .write = fake_write,
                         .sync = fake_sync,
                         .blank = fake_blank,
                         .rename = fake_rename,
                         .sync_folder = fake_sync_folder,
                         .context = fake};
}

/* Old, new, a part of the new with rubbish behind it, or nothing. */
static void cut_content(struct fake_file *file, struct chance *chance)
{
    size_t choice = chance_below(chance, 4);
    size_t kept = chance_below(chance, file->now.size + 1);
    if (choice == 0)
        file->now = file->platter;
    else if (choice == 1)
        file->now.size = 0;
    else if (choice == 2)
        for (size_t i = kept; i < file->now.size; i++)
            file->now.bytes[i] = (uint8_t)chance_number(chance);
    file->platter = file->now;
    file->dirty = false;
}

void fake_disk_cut(struct fake_disk *fake, uint64_t seed)
{
    struct chance chance = {seed};
    for (size_t i = 0; i < fake->changes_count; i++) {
        const struct fake_change *change = &fake->changes[i];
        if (chance_below(&chance, 2))
            continue;
        drop_name(fake->platter, change->from, change->file);
        put_name(fake->platter, change->to, change->file);
    }
    memcpy(fake->now, fake->platter, sizeof fake->now);
    fake->changes_count = 0;
    for (size_t i = 0; i < fake->files_count; i++)
        if (fake->files[i].dirty)
            cut_content(&fake->files[i], &chance);
    fake->fail_at = 0;
    fake->calls = 0;
}
