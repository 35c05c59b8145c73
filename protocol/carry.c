#include "protocol/carry.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mutant.h"
#include "protocol/parcel.h"

#define PATH_BYTES 4096
#define PIECE_BYTES 65536
#define FILE_BYTES_MAX (2LL << 30) /* a stick with FAT32 takes 4 GiB */
#define FRONTIER_MAGIC "JQFRONT1"
#define MAGIC_BYTES 8
#define FRONTIER_BYTES_MAX (4u << 20)

/* ---- files ---- */

static enum status status_of(int code)
{
    return code == ENOENT                     ? STATUS_NOT_FOUND
           : code == ENOSPC || code == EDQUOT ? STATUS_DISK_FULL
                                              : STATUS_STORAGE;
}

/* Nothing but a plain file: a pipe or a device on a stick must not hold us up. */
static enum status open_plain(const char *path, int *fd, struct error *err)
{
    struct stat found;
    bool any = MUTANT("t10-any-file-opened");
    *fd = open(path, O_RDONLY | O_CLOEXEC | (any ? 0 : O_NOFOLLOW | O_NONBLOCK));
    if (*fd < 0)
        return error_set(err, status_of(errno), "cannot open '%.120s': %s", path, strerror(errno));
    if (any ||
        (fstat(*fd, &found) == 0 && S_ISREG(found.st_mode) && found.st_size <= FILE_BYTES_MAX))
        return STATUS_OK;
    close(*fd);
    return error_set(err, STATUS_BAD_INPUT, "'%.120s' is not a plain file of at most 2 GiB", path);
}

/* A file in the making; it gets its name when it is whole and durable. */
struct draft {
    const char *path;
    char part[PATH_BYTES];
    int fd;
    uint64_t bytes;
};

static enum status draft_open(struct draft *draft, const char *path, struct error *err)
{
    *draft = (struct draft){.path = path, .fd = -1};
    if ((size_t)snprintf(draft->part, sizeof draft->part, "%s.part", path) >= sizeof draft->part)
        return error_set(err, STATUS_TOO_LARGE, "the path of '%.120s' is too long", path);
    draft->fd = open(draft->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return draft->fd >= 0 ? STATUS_OK
                          : error_set(err, status_of(errno), "cannot make '%.120s': %s", path,
                                      strerror(errno));
}

static enum status draft_put(void *context, struct bytes bytes, struct error *err)
{
    struct draft *draft = context;
    while (bytes.size > 0) {
        ssize_t put = write(draft->fd, bytes.data, bytes.size);
        if (put <= 0)
            return error_set(err, status_of(errno), "cannot write '%.120s': %s", draft->path,
                             strerror(errno));
        draft->bytes += (uint64_t)put;
        bytes = bytes_of(bytes.data + put, bytes.size - (size_t)put);
    }
    return STATUS_OK;
}

static enum status draft_close(struct draft *draft, enum status so_far, struct error *err)
{
    if (draft->fd < 0)
        return so_far;
    bool synced = so_far == STATUS_OK && fsync(draft->fd) == 0;
    close(draft->fd);
    if (synced && rename(draft->part, draft->path) == 0)
        return STATUS_OK;
    enum status status = so_far == STATUS_OK
                             ? error_set(err, status_of(errno), "cannot write '%.120s': %s",
                                         draft->path, strerror(errno))
                             : so_far;
    unlink(draft->part);
    return status;
}

/* ---- frontier files ---- */

static enum status write_frontier(struct replica *replica, const char *path, struct error *err)
{
    struct draft draft;
    struct buffer sealed = {0};
    enum status status = parcel_receipt(replica, 0, &sealed, err);
    if (status == STATUS_OK)
        status = draft_open(&draft, path, err);
    else
        draft.fd = -1;
    if (status == STATUS_OK)
        status = draft_put(&draft, bytes_of(FRONTIER_MAGIC, MAGIC_BYTES), err);
    if (status == STATUS_OK)
        status = draft_put(&draft, bytes_of(replica_network(replica)->id, NETWORK_BYTES), err);
    if (status == STATUS_OK)
        status = draft_put(&draft, buffer_bytes(&sealed), err);
    buffer_release(&sealed);
    return draft_close(&draft, status, err);
}

static enum status read_all(const char *path, size_t most, struct buffer *content,
                            struct error *err)
{
    uint8_t piece[4096];
    int fd;
    ssize_t got = 0;
    TRY(open_plain(path, &fd, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && content->size <= most &&
           (got = read(fd, piece, sizeof piece)) > 0)
        status = buffer_append(content, piece, (size_t)got);
    if (status != STATUS_OK)
        error_set(err, status, "out of memory");
    else if (got < 0)
        status =
            error_set(err, status_of(errno), "cannot read '%.120s': %s", path, strerror(errno));
    close(fd);
    return status;
}

static enum status read_frontier(struct replica *replica, const char *path, struct receipt *receipt,
                                 struct error *err)
{
    struct buffer content = {0};
    enum status status = read_all(path, FRONTIER_BYTES_MAX, &content, err);
    size_t head = MAGIC_BYTES + NETWORK_BYTES;
    if (status == STATUS_OK && (content.size < head || content.size > FRONTIER_BYTES_MAX ||
                                memcmp(content.data, FRONTIER_MAGIC, MAGIC_BYTES) != 0))
        status = error_set(err, STATUS_BAD_INPUT, "'%.120s' is no frontier file", path);
    else if (status == STATUS_OK &&
             memcmp(content.data + MAGIC_BYTES, replica_network(replica)->id, NETWORK_BYTES) != 0)
        status = error_set(err, STATUS_DENIED, "'%.120s' is of another network", path);
    if (status == STATUS_OK)
        status = parcel_open_receipt(replica, bytes_of(content.data + head, content.size - head),
                                     receipt, err);
    buffer_release(&content);
    return status;
}

static int print_frontier(struct cli *cli, struct replica *replica)
{
    const struct frontier *all = replica_frontier(replica);
    json_t *rows = json_array();
    for (size_t i = 0; i < all->count; i++) {
        const struct frontier_row *row = &all->rows[i];
        if (!cli->json)
            printf("%u.%u.%u %llu\n", row->feed.scope, row->feed.device, row->feed.incarnation,
                   (unsigned long long)row->number);
        json_array_append_new(
            rows, json_pack("{s:I, s:I, s:I, s:I}", "scope", (json_int_t)row->feed.scope, "device",
                            (json_int_t)row->feed.device, "incarnation",
                            (json_int_t)row->feed.incarnation, "number", (json_int_t)row->number));
    }
    if (cli->json)
        return cli_print_json(cli, rows);
    json_decref(rows);
    return CLI_DONE;
}

static int command_frontier(struct cli *cli)
{
    struct replica *replica = NULL;
    struct error err = {0};
    int code = CLI_DONE;
    enum status status = cli->program->open(cli, false, &replica, &err);
    if (status == STATUS_OK && cli->arguments_count == 0)
        code = print_frontier(cli, replica);
    else if (status == STATUS_OK)
        status = write_frontier(replica, cli->arguments[0], &err);
    replica_close(replica);
    return status == STATUS_OK ? code : cli_fail(cli, &err);
}

/* ---- writing ---- */

struct carried {
    struct parcel_written content;
    uint64_t bytes, files_bytes;
};

static enum status write_bundle(struct replica *replica, const char *path, const char *frontier,
                                struct carried *written, struct error *err)
{
    struct receipt receipt = {0};
    struct draft draft = {.fd = -1};
    struct parcel_wish wish = {frontier ? &receipt : NULL, draft_put, &draft, written->files_bytes};
    enum status status = frontier ? read_frontier(replica, frontier, &receipt, err) : STATUS_OK;
    if (status == STATUS_OK)
        status = draft_open(&draft, path, err);
    if (status == STATUS_OK)
        status = parcel_write(replica, &wish, &written->content, err);
    receipt_release(&receipt);
    written->bytes = draft.bytes;
    return draft_close(&draft, status, err);
}

static int command_write(struct cli *cli)
{
    struct error err = {0};
    struct replica *replica = NULL;
    struct carried written = {0};
    const char *frontier = cli_value(cli, "--for");
    enum status status = cli_size(cli, "--attachments", &written.files_bytes, &err);
    if (status == STATUS_OK)
        status = cli->program->open(cli, false, &replica, &err);
    uint32_t self = status == STATUS_OK ? replica_identity(replica)->device : 0;
    if (status == STATUS_OK && self == 0)
        status = error_set(&err, STATUS_DENIED,
                           "this device has no keys: it was revoked or never joined");
    if (status == STATUS_OK && self == DEVICE_HUB && !frontier)
        status = error_set(&err, STATUS_USAGE, "'%s' is needed", "--for");
    if (status == STATUS_OK)
        status = write_bundle(replica, cli->arguments[0], frontier, &written, &err);
    replica_close(replica);
    if (status != STATUS_OK)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(cli, json_pack("{s:I, s:I, s:I}", "entries",
                                             (json_int_t)written.content.entries, "bytes",
                                             (json_int_t)written.bytes, "parts",
                                             (json_int_t)written.content.units));
    cli_say(cli, "%llu entries, %llu bytes", (unsigned long long)written.content.entries,
            (unsigned long long)written.bytes);
    return CLI_DONE;
}

/* ---- reading ---- */

static enum status feed_file(struct parcel *parcel, int fd, const char *path, struct error *err)
{
    static uint8_t piece[PIECE_BYTES];
    ssize_t got;
    while ((got = read(fd, piece, sizeof piece)) > 0)
        TRY(parcel_feed(parcel, bytes_of(piece, (size_t)got), err));
    if (got < 0)
        return error_set(err, status_of(errno), "cannot read '%.120s': %s", path, strerror(errno));
    return STATUS_OK;
}

static enum status read_bundle(struct replica *replica, const char *path, struct received *received,
                               struct error *err)
{
    struct parcel parcel;
    int fd;
    TRY(open_plain(path, &fd, err));
    enum status status = parcel_open(&parcel, replica, err);
    if (status == STATUS_OK) {
        status = feed_file(&parcel, fd, path, err);
        status = parcel_close(&parcel, status, err);
        *received = parcel.received;
    }
    close(fd);
    return status;
}

static int command_read(struct cli *cli)
{
    struct error err = {0};
    struct replica *replica = NULL;
    struct received received = {0};
    enum status status = cli->program->open(cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = read_bundle(replica, cli->arguments[0], &received, &err);
    uint64_t rejected = received.refused + received.aside;
    uint64_t read = received.applied + received.known + received.early + rejected;
    bool began = status == STATUS_OK || read > 0;
    replica_close(replica);
    if (began && cli->json)
        cli_print_json(cli,
                       json_pack("{sI sI sI sI}", "applied", (json_int_t)received.applied, "known",
                                 (json_int_t)received.known, "early", (json_int_t)received.early,
                                 "rejected", (json_int_t)rejected));
    else if (began)
        cli_say(cli, "taken in: %llu, known: %llu, rejected: %llu",
                (unsigned long long)received.applied, (unsigned long long)received.known,
                (unsigned long long)rejected);
    if (began && !cli->json && received.early > 0)
        cli_say(cli, "kept until what comes before them is here: %llu",
                (unsigned long long)received.early);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}

/* ---- the table ---- */

static const struct cli_flag write_flags[] = {
    {"--for",
     "FRONTIER-FILE",
     {"for the device that wrote this file (see frontier)", "给写出此文件的设备（见 frontier）"},
     false},
    {"--attachments",
     "SIZE",
     {"with files that the hub lacks, up to so much, as 50MB",
      "附带中心尚缺的附件，总量以此为限，如 50MB"},
     false},
    {0}};

const struct cli_command carry_commands[] = {
    {"bundle write",
     "FILE",
     {"carry entries on a stick", "写出随身包"},
     write_flags,
     "bundle write /media/usb/villages.jqb",
     1,
     1,
     command_write},
    {"bundle read",
     "FILE",
     {"take entries from a stick", "读入随身包"},
     NULL,
     "bundle read /media/usb/villages.jqb",
     1,
     1,
     command_read},
    {"frontier",
     "[FILE]",
     {"what this replica holds; as a file for bundle write --for",
      "本副本已有的内容；写成文件供 bundle write --for 使用"},
     NULL,
     "frontier /media/usb/frontier",
     0,
     1,
     command_frontier},
    {0}};
