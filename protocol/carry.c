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
#include "common/pack.h"
#include "common/replica.h"
#include "protocol/bundle.h"

#define PATH_BYTES 4096
#define PIECE_BYTES 65536
#define UNIT_BYTES 7000
#define FILE_BYTES_MAX (2LL << 30) /* a stick with FAT32 takes 4 GiB */
#define COMMIT_BYTES (1u << 20)
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

/* ---- receipts ---- */

/* What this replica holds of what `reader` may read (0: all), signed. */
static enum status seal_own_receipt(struct replica *replica, uint32_t reader, struct buffer *sealed,
                                    struct error *err)
{
    const struct frontier *all = replica_frontier(replica);
    const struct identity *self = replica_identity(replica);
    struct frontier held = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < all->count && status == STATUS_OK; i++) {
        const struct feed_id *feed = &all->rows[i].feed;
        uint64_t number = replica_claim(replica, feed);
        bool told = reader == 0 || feed->device == reader ||
                    registry_may_read(replica_registry(replica), reader, feed->scope);
        if (told && number > 0)
            status = frontier_raise(&held, feed, number, err);
    }
    struct receipt receipt = {.device = self->device,
                              .lineage = replica_lineage(replica),
                              .beacon = replica_entry_head(replica).beacon,
                              .held = held};
    if (status == STATUS_OK)
        status = receipt_seal(&receipt, replica_network(replica), &self->sign, sealed, err);
    frontier_release(&held);
    return status;
}

/* A receipt that its device signed, as far as we know the device. */
static enum status open_receipt(struct replica *replica, struct bytes sealed,
                                struct receipt *receipt, struct error *err)
{
    TRY(receipt_peek(receipt, sealed, err));
    const uint8_t *key = registry_device_key(replica_registry(replica), receipt->device);
    if (!key)
        return error_set(err, STATUS_UNKNOWN, "device %u is not known yet", receipt->device);
    return receipt_open(receipt, replica_network(replica), sealed, key, err);
}

static enum status remember_receipt(struct replica *replica, const struct receipt *receipt,
                                    struct error *err)
{
    struct frontier told = {0}, held = {0};
    enum status status = replica_peer_load(replica, receipt->device, &told, &held, err);
    if (status == STATUS_OK)
        status = frontier_merge(&held, &receipt->held, err);
    if (status == STATUS_OK)
        status = replica_peer_save(replica, receipt->device, &told, &held, err);
    frontier_release(&told);
    frontier_release(&held);
    return status;
}

/* Of another life of the hub it proves nothing: that hub may have lost what it held then. */
static enum status take_receipt(struct replica *replica, struct bytes sealed, struct error *err)
{
    struct receipt receipt = {0};
    struct error problem = {0};
    enum status status = open_receipt(replica, sealed, &receipt, &problem);
    if (status == STATUS_OK && receipt.device != replica_identity(replica)->device &&
        (receipt.device != DEVICE_HUB || receipt.lineage == replica_lineage(replica)))
        status = remember_receipt(replica, &receipt, err);
    else if (status != STATUS_NO_MEMORY)
        status = STATUS_OK;
    receipt_release(&receipt);
    return status;
}

/* ---- frontier files ---- */

static enum status write_frontier(struct replica *replica, const char *path, struct error *err)
{
    struct draft draft;
    struct buffer sealed = {0};
    enum status status = seal_own_receipt(replica, 0, &sealed, err);
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
        status =
            open_receipt(replica, bytes_of(content.data + head, content.size - head), receipt, err);
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

struct writing {
    struct replica *replica;
    struct bundle_writer *writer;
    uint32_t reader; /* whose rights limit what goes in; 0: everybody's it is for */
    uint64_t entries;
};

static enum status put_run(void *context, const struct run *run, struct error *err)
{
    struct writing *writing = context;
    struct buffer encoded = {0};
    enum status status = run_encode(run, &encoded, err);
    if (status == STATUS_OK)
        status = bundle_put(writing->writer, MESSAGE_RUN, buffer_bytes(&encoded), err);
    buffer_release(&encoded);
    writing->entries += run->count;
    return status;
}

static enum status put_receipt(struct writing *writing, struct error *err)
{
    struct buffer sealed = {0}, message = {0};
    enum status status = seal_own_receipt(writing->replica, writing->reader, &sealed, err);
    if (status == STATUS_OK && pack_array(&message, 1) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status == STATUS_OK && pack_bin(&message, buffer_bytes(&sealed)) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status == STATUS_OK)
        status = bundle_put(writing->writer, MESSAGE_RECEIPT, buffer_bytes(&message), err);
    buffer_release(&sealed);
    buffer_release(&message);
    return status;
}

/* The hub, and who may read all that this device may: those of its org and of the ones above. */
static size_t usual_recipients(const struct replica *replica,
                               uint8_t keys[BUNDLE_RECIPIENTS_MAX][DH_KEY_BYTES])
{
    const struct registry *registry = replica_registry(replica);
    const struct device *self = registry_device(registry, replica_identity(replica)->device);
    size_t count = 0;
    for (size_t i = 0; i < registry_devices_count(registry) && count < BUNDLE_RECIPIENTS_MAX; i++) {
        const struct device *device = registry_device_at(registry, i);
        bool above = registry_within(registry, device->certificate.org, self->certificate.org);
        if (device != self && above && registry_device_state(registry, device) == DEVICE_ACTIVE)
            memcpy(keys[count++], device->certificate.dh_key, DH_KEY_BYTES);
    }
    return count;
}

/* For whom, and what they are known to hold. */
static enum status choose(struct writing *writing, const char *path, struct frontier *known,
                          uint8_t keys[BUNDLE_RECIPIENTS_MAX][DH_KEY_BYTES], size_t *count,
                          struct error *err)
{
    const struct registry *registry = replica_registry(writing->replica);
    struct receipt receipt = {0};
    if (!path) {
        struct frontier told = {0};
        *count = usual_recipients(writing->replica, keys);
        enum status status = replica_peer_load(writing->replica, DEVICE_HUB, &told, known, err);
        frontier_release(&told);
        return status;
    }
    enum status status = read_frontier(writing->replica, path, &receipt, err);
    const struct device *device =
        status == STATUS_OK ? registry_device(registry, receipt.device) : NULL;
    if (device && registry_device_state(registry, device) != DEVICE_ACTIVE)
        status = error_set(err, STATUS_DENIED, "device %u was revoked", receipt.device);
    if (status == STATUS_OK)
        status = frontier_copy(known, &receipt.held, err);
    if (status == STATUS_OK) {
        writing->reader = receipt.device;
        memcpy(keys[0], device->certificate.dh_key, DH_KEY_BYTES);
        *count = 1;
    }
    receipt_release(&receipt);
    return status;
}

static enum status put_content(struct writing *writing, struct frontier *known, bool *more,
                               struct error *err)
{
    struct run_wish wish = {.reader = writing->reader == DEVICE_HUB ? 0 : writing->reader,
                            .unit_bytes = UNIT_BYTES,
                            .budget_bytes = (size_t)FILE_BYTES_MAX / 2,
                            .take = put_run,
                            .context = writing};
    TRY(replica_runs(writing->replica, &wish, known, more, err));
    TRY(put_receipt(writing, err));
    return bundle_finish(writing->writer, err);
}

static enum status write_bundle(struct writing *writing, const char *path, const char *frontier,
                                uint64_t *bytes, struct error *err)
{
    static uint8_t keys[BUNDLE_RECIPIENTS_MAX][DH_KEY_BYTES];
    struct frontier known = {0};
    struct draft draft = {.fd = -1};
    bool more = false;
    struct bundle_options options = {.network = replica_network(writing->replica),
                                     .sender = replica_identity(writing->replica)->device,
                                     .recipients = keys,
                                     .sink = draft_put,
                                     .context = &draft};
    enum status status = choose(writing, frontier, &known, keys, &options.recipients_count, err);
    if (status == STATUS_OK)
        status = draft_open(&draft, path, err);
    if (status == STATUS_OK)
        status = bundle_writer_new(&writing->writer, &options, err);
    if (status == STATUS_OK)
        status = put_content(writing, &known, &more, err);
    bundle_writer_free(writing->writer);
    frontier_release(&known);
    *bytes = draft.bytes;
    return draft_close(&draft, status, err);
}

static int command_write(struct cli *cli)
{
    struct error err = {0};
    struct writing writing = {0};
    uint64_t bytes = 0;
    const char *frontier = cli_value(cli, "--for");
    enum status status = cli->program->open(cli, false, &writing.replica, &err);
    uint32_t self = status == STATUS_OK ? replica_identity(writing.replica)->device : 0;
    if (status == STATUS_OK && self == 0)
        status = error_set(&err, STATUS_DENIED,
                           "this device has no keys: it was revoked or never joined");
    if (status == STATUS_OK && self == DEVICE_HUB && !frontier)
        status = error_set(&err, STATUS_USAGE, "'%s' is needed", "--for");
    if (status == STATUS_OK)
        status = write_bundle(&writing, cli->arguments[0], frontier, &bytes, &err);
    replica_close(writing.replica);
    if (status != STATUS_OK)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(cli, json_pack("{s:I, s:I}", "entries", (json_int_t)writing.entries,
                                             "bytes", (json_int_t)bytes));
    cli_say(cli, "%llu entries, %llu bytes", (unsigned long long)writing.entries,
            (unsigned long long)bytes);
    return CLI_DONE;
}

/* ---- reading ---- */

struct reading {
    struct replica *replica;
    struct received received;
    uint64_t since_commit;
};

static bool may_hold(const struct replica *replica, const struct feed_id *feed)
{
    uint32_t self = replica_identity(replica)->device;
    if (self == DEVICE_HUB && !registry_may_have_written(replica_registry(replica), feed))
        return false;
    return SCOPE_IS_REGISTRY(feed->scope) || feed->device == self || self == DEVICE_HUB ||
           registry_may_read(replica_registry(replica), self, feed->scope);
}

static enum status take_run(struct reading *reading, struct bytes body, struct error *err)
{
    struct run run;
    struct bytes *bodies = NULL;
    enum status status = run_decode(&run, &bodies, body, NULL);
    if (status == STATUS_NO_MEMORY)
        return error_set(err, status, "out of memory");
    if (status != STATUS_OK)
        return error_set(err, STATUS_BAD_INPUT, "the bundle is damaged: %s", "a run");
    if (may_hold(reading->replica, &run.feed))
        status = replica_receive(reading->replica, &run, &reading->received, err);
    else
        reading->received.refused += run.count;
    free(bodies);
    return status;
}

/* What came so far stays, whatever comes next. */
static enum status commit_now(struct reading *reading, struct error *err)
{
    TRY(replica_commit(reading->replica, err));
    reading->since_commit = 0;
    return replica_begin(reading->replica, err);
}

static enum status take_message(void *context, const struct message *message, struct error *err)
{
    struct reading *reading = context;
    struct bytes sealed;
    reading->since_commit += message->body.size;
    if (message->type == MESSAGE_RUN)
        TRY(take_run(reading, message->body, err));
    else if (message->type == MESSAGE_RECEIPT && message_decode_bin(message->body, &sealed))
        TRY(take_receipt(reading->replica, sealed, err));
    return reading->since_commit > COMMIT_BYTES ? commit_now(reading, err) : STATUS_OK;
}

static enum status feed_file(struct bundle_reader *reader, int fd, const char *path,
                             struct error *err)
{
    static uint8_t piece[PIECE_BYTES];
    ssize_t got;
    while ((got = read(fd, piece, sizeof piece)) > 0)
        TRY(bundle_feed(reader, bytes_of(piece, (size_t)got), err));
    if (got < 0)
        return error_set(err, status_of(errno), "cannot read '%.120s': %s", path, strerror(errno));
    return bundle_complete(reader)
               ? STATUS_OK
               : error_set(err, STATUS_BAD_INPUT,
                           "the bundle is cut off: what came before was taken in");
}

static enum status read_bundle(struct reading *reading, const char *path, struct error *err)
{
    struct bundle_reader_options options = {.network = replica_network(reading->replica),
                                            .key = &replica_identity(reading->replica)->dh,
                                            .take = take_message,
                                            .context = reading};
    struct bundle_reader *reader;
    struct error problem = {0};
    int fd;
    TRY(open_plain(path, &fd, err));
    enum status status = bundle_reader_new(&reader, &options, err);
    if (status == STATUS_OK)
        status = replica_begin(reading->replica, err);
    if (status == STATUS_OK) {
        enum status fed = feed_file(reader, fd, path, &problem);
        /* A bundle that is damaged further on takes nothing back; a disk that failed does. */
        bool keep = fed == STATUS_OK || fed == STATUS_BAD_INPUT;
        if (keep)
            status = replica_commit(reading->replica, err);
        else
            replica_rollback(reading->replica);
        if (status == STATUS_OK && fed != STATUS_OK)
            status = error_set(err, fed, "%s", problem.text);
    }
    bundle_reader_free(reader);
    close(fd);
    return status;
}

static int command_read(struct cli *cli)
{
    struct error err = {0};
    struct reading reading = {0};
    enum status status = cli->program->open(cli, false, &reading.replica, &err);
    if (status == STATUS_OK)
        status = read_bundle(&reading, cli->arguments[0], &err);
    const struct received *received = &reading.received;
    uint64_t rejected = received->refused + received->aside;
    bool began = status == STATUS_OK || received->applied + received->known + rejected > 0;
    replica_close(reading.replica);
    if (began && cli->json)
        cli_print_json(cli, json_pack("{s:I, s:I, s:I}", "applied", (json_int_t)received->applied,
                                      "known", (json_int_t)received->known, "rejected",
                                      (json_int_t)rejected));
    else if (began)
        cli_say(cli, "taken in: %llu, known: %llu, rejected: %llu",
                (unsigned long long)received->applied, (unsigned long long)received->known,
                (unsigned long long)rejected);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}

/* ---- the table ---- */

static const struct cli_flag write_flags[] = {
    {"--for",
     "FRONTIER-FILE",
     {"for the device that wrote this file (see frontier)", "给写出此文件的设备（见 frontier）"},
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
