#include "common/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/replica_attachment.h"
#include "common/wal_check.h"

#define ASIDE_MAX 10000
#define COPY_BYTES 65536

/* ---- aside ---- */

static bool copy_bytes(int from, int to)
{
    char *part = malloc(COPY_BYTES);
    ssize_t size = 0;
    bool good = part != NULL;
    while (good && (size = read(from, part, COPY_BYTES)) > 0)
        good = write(to, part, (size_t)size) == size;
    free(part);
    return good && size == 0 && fsync(to) == 0;
}

/* A file that isn't there is copied already. */
static enum status copy_file(const char *path, const char *as, struct error *err)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return errno == ENOENT ? STATUS_OK : file_cannot_write(path, err);
    int to = open(as, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum status status = STATUS_OK;
    if (to < 0 || !copy_bytes(from, to))
        status = file_cannot_write(as, err);
    close(from);
    if (to >= 0)
        close(to);
    return status;
}

static enum status path_with(char out[REPAIR_PATH_MAX], const char *path, const char *end,
                             struct error *err)
{
    int size = snprintf(out, REPAIR_PATH_MAX, "%s%s", path, end);
    if (size < 0 || size >= REPAIR_PATH_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the path '%.100s' is too long", path);
    return STATUS_OK;
}

enum status repair_copy_aside(const char *path, char aside[REPAIR_PATH_MAX], struct error *err)
{
    char end[32], log[REPAIR_PATH_MAX], log_aside[REPAIR_PATH_MAX];
    int number = 0;
    do {
        snprintf(end, sizeof end, ".damaged-%d", ++number);
        TRY(path_with(aside, path, end, err));
        TRY(path_with(log_aside, aside, "-wal", err));
    } while (number < ASIDE_MAX && (access(aside, F_OK) == 0 || access(log_aside, F_OK) == 0));
    TRY(path_with(log, path, "-wal", err));
    TRY(copy_file(path, aside, err));
    return copy_file(log, log_aside, err);
}

/* ---- in its place ---- */

static enum status sync_folder_of(const char *path, struct error *err)
{
    char copy[REPAIR_PATH_MAX];
    TRY(path_with(copy, path, "", err));
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    enum status status = synced ? STATUS_OK : file_cannot_write(path, err);
    if (fd >= 0)
        close(fd);
    return status;
}

static void remove_with(const char *path, const char *end)
{
    char name[REPAIR_PATH_MAX];
    if (path_with(name, path, end, NULL) == STATUS_OK)
        unlink(name);
}

/* What SQLite leaves beside a file that was only read. */
static void forget_reading(const char *aside)
{
    char log[REPAIR_PATH_MAX];
    struct stat found;
    remove_with(aside, "-shm");
    if (path_with(log, aside, "-wal", NULL) == STATUS_OK && stat(log, &found) == 0 &&
        found.st_size == 0)
        unlink(log);
}

static enum status rename_synced(const char *made, const char *path, struct error *err)
{
    TRY(sync_folder_of(path, err));
    if (rename(made, path) != 0)
        return file_cannot_write(path, err);
    return STATUS_OK;
}

/* The old log must be gone before the new file is there: SQLite would write it into that. But the
 * old file needs it, should the new one not get there. */
static enum status put_in_place(const char *made, const char *path, struct error *err)
{
    char log[REPAIR_PATH_MAX], beside[REPAIR_PATH_MAX];
    TRY(path_with(log, path, "-wal", err));
    TRY(path_with(beside, made, "-old-wal", err));
    if (rename(log, beside) != 0 && errno != ENOENT)
        return file_cannot_write(log, err);
    remove_with(path, "-shm");
    enum status status = rename_synced(made, path, err);
    if (status != STATUS_OK) {
        rename(beside, log);
        return status;
    }
    unlink(beside);
    return sync_folder_of(path, err);
}

/* Closing moves the log into the file. What a failing disk left in the log isn't in the file. */
static enum status check_closed(const char *made, struct error *err)
{
    char log[REPAIR_PATH_MAX];
    struct stat found;
    TRY(path_with(log, made, "-wal", err));
    if (stat(log, &found) != 0 || found.st_size == 0)
        return STATUS_OK;
    errno = EIO;
    return file_cannot_write(made, err);
}

static void remove_made(const char *made)
{
    remove_with(made, "");
    remove_with(made, "-wal");
    remove_with(made, "-shm");
}

static enum status make_new(const struct replica_options *options, const char *made,
                            struct repaired *repaired, struct error *err)
{
    struct replica *replica = NULL;
    struct replica_options with = *options;
    with.path = made;
    with.read_only = false;
    enum status status = replica_salvage(&replica, &with, repaired->aside, repaired, err);
    replica_close(replica);
    return status == STATUS_OK ? check_closed(made, err) : status;
}

enum status repair_file(const struct replica_options *options, struct repaired *repaired,
                        struct error *err)
{
    char made[REPAIR_PATH_MAX];
    *repaired = (struct repaired){0};
    TRY(path_with(made, options->path, ".new", err));
    if (access(options->path, F_OK) != 0)
        return error_set(err, STATUS_NOT_FOUND, "'%s' is not there", options->path);
    int lock = database_lock(options->path);
    if (lock < 0)
        return error_set(err, STATUS_BUSY, "another program is using '%s': stop it first",
                         options->path);
    enum status status = repair_copy_aside(options->path, repaired->aside, err);
    remove_made(made);
    if (status == STATUS_OK)
        status = make_new(options, made, repaired, err);
    forget_reading(repaired->aside);
    if (status == STATUS_OK)
        status = put_in_place(made, options->path, err);
    if (status != STATUS_OK)
        remove_made(made);
    close(lock);
    return status;
}

/* ---- check and mend ---- */

struct counting {
    struct mending *mending;
    uint64_t faults;
};

static void count_fault(void *context, const char *what)
{
    struct counting *counting = context;
    counting->faults++;
    if (counting->mending->report)
        counting->mending->report(counting->mending->context, what);
}

static enum status check(struct mending *mending, struct replica *replica, bool *sound,
                         struct error *err)
{
    struct counting counting = {mending, 0};
    enum status status = replica_verify(replica, count_fault, &counting, &mending->entries, err);
    *sound = status == STATUS_OK && counting.faults == 0;
    return status;
}

/* As far as the tables alone are concerned. *sound false: the file itself is damaged. */
static enum status mend_tables(const struct replica_options *options, struct mending *mending,
                               bool *sound, struct error *err)
{
    struct replica *replica = NULL;
    struct error why = {0};
    *sound = false;
    enum status status = replica_open(&replica, options, &why);
    if (status == STATUS_OK)
        status = check(mending, replica, sound, &why);
    if (status == STATUS_OK && !*sound &&
        replica_attachments_mend(replica, &mending->attachments_lost, &why) == STATUS_OK &&
        replica_refold(replica, &why) == STATUS_OK) {
        status = check(mending, replica, sound, &why);
        if (*sound)
            mending->mended = MENDED_TABLES;
    }
    if (*sound)
        replica_meta_set(replica, META_SCRUB_FAULT, (struct bytes){0}, NULL);
    replica_close(replica);
    if (status == STATUS_OK || status == STATUS_STORAGE || status == STATUS_BAD_INPUT) {
        if (status != STATUS_OK && mending->report)
            mending->report(mending->context, why.text);
        return STATUS_OK;
    }
    if (err)
        *err = why;
    return status;
}

enum status replica_mend(const struct replica_options *options, struct mending *mending,
                         struct error *err)
{
    struct replica *replica = NULL;
    bool sound;
    mending->mended = MENDED_NOTHING;
    TRY(mend_tables(options, mending, &sound, err));
    if (sound)
        return STATUS_OK;
    TRY(repair_file(options, &mending->repaired, err));
    mending->mended = MENDED_FILE;
    mending->attachments_lost = mending->repaired.attachments_lost;
    TRY(replica_open(&replica, options, err));
    enum status status = check(mending, replica, &sound, err);
    replica_close(replica);
    if (status == STATUS_OK && !sound)
        return error_set(err, STATUS_STORAGE, "'%s' is damaged still", options->path);
    return status;
}
