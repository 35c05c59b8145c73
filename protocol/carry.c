#include "protocol/carry.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "protocol/carry_pictures.h"
#include "protocol/parcel.h"

#define PIECE_BYTES 65536
#define FRONTIER_MAGIC "JQFRONT1"
#define MAGIC_BYTES 8
#define FRONTIER_BYTES_MAX (4u << 20)

/* ---- frontier files ---- */

static enum status write_frontier(struct replica *replica, const char *path, struct error *err)
{
    struct file_draft draft = {.fd = -1};
    struct buffer sealed = {0};
    enum status status = parcel_receipt(replica, 0, &sealed, err);
    if (status == STATUS_OK)
        status = file_draft_open(&draft, path, FILE_PRIVATE, err);
    if (status == STATUS_OK)
        status = file_draft_put(&draft, bytes_of(FRONTIER_MAGIC, MAGIC_BYTES), err);
    if (status == STATUS_OK)
        status = file_draft_put(&draft, bytes_of(replica_network(replica)->id, NETWORK_BYTES), err);
    if (status == STATUS_OK)
        status = file_draft_put(&draft, buffer_bytes(&sealed), err);
    buffer_release(&sealed);
    return file_draft_close(&draft, status, err);
}

static enum status read_frontier(struct replica *replica, const char *path, struct receipt *receipt,
                                 struct error *err)
{
    struct buffer content = {0};
    enum status status = file_read_all(path, FRONTIER_BYTES_MAX, &content, err);
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
    unsigned pictures;
};

static enum status write_file(struct replica *replica, struct parcel_wish *wish, const char *path,
                              struct carried *written, struct error *err)
{
    struct file_draft draft;
    TRY(file_draft_open(&draft, path, FILE_PRIVATE, err));
    wish->sink = file_draft_put;
    wish->context = &draft;
    enum status status = parcel_write(replica, wish, &written->content, err);
    written->bytes = draft.bytes;
    return file_draft_close(&draft, status, err);
}

static enum status put_bytes(void *context, struct bytes bytes, struct error *err)
{
    bool fits = buffer_append_bytes(context, bytes) == STATUS_OK;
    return fits ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status write_pictures(struct replica *replica, struct parcel_wish *wish,
                                  const char *folder, struct carried *written, struct error *err)
{
    struct buffer bundle = {0};
    wish->sink = put_bytes;
    wish->context = &bundle;
    enum status status = parcel_write(replica, wish, &written->content, err);
    written->bytes = bundle.size;
    if (status == STATUS_OK)
        status = carry_pictures_write(folder, buffer_bytes(&bundle), &written->pictures, err);
    buffer_release(&bundle);
    return status;
}

static enum status write_bundle(struct replica *replica, struct cli *cli, struct carried *written,
                                struct error *err)
{
    struct receipt receipt = {0};
    const char *frontier = cli_value(cli, "--for"), *folder = cli_value(cli, "--qr");
    struct parcel_wish wish = {.receiver = frontier ? &receipt : NULL,
                               .files_bytes = written->files_bytes};
    enum status status = frontier ? read_frontier(replica, frontier, &receipt, err) : STATUS_OK;
    if (status == STATUS_OK)
        status = folder ? write_pictures(replica, &wish, folder, written, err)
                        : write_file(replica, &wish, cli->arguments[0], written, err);
    receipt_release(&receipt);
    return status;
}

static int command_write(struct cli *cli)
{
    struct error err = {0};
    struct replica *replica = NULL;
    struct carried written = {0};
    const char *frontier = cli_value(cli, "--for");
    enum status status = cli_size(cli, "--attachments", &written.files_bytes, &err);
    if (status == STATUS_OK && (cli->arguments_count > 0) == (cli_value(cli, "--qr") != NULL))
        status = error_set(&err, STATUS_USAGE, "either FILE or --qr DIR is needed");
    if (status == STATUS_OK)
        status = cli->program->open(cli, false, &replica, &err);
    uint32_t self = status == STATUS_OK ? replica_identity(replica)->device : 0;
    if (status == STATUS_OK && self == 0)
        status = error_set(&err, STATUS_DENIED,
                           "this device has no keys: it was revoked or never joined");
    if (status == STATUS_OK && self == DEVICE_HUB && !frontier)
        status = error_set(&err, STATUS_USAGE, "'%s' is needed", "--for");
    if (status == STATUS_OK)
        status = write_bundle(replica, cli, &written, &err);
    replica_close(replica);
    if (status != STATUS_OK)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(
            cli, json_pack("{sI sI sI sI}", "entries", (json_int_t)written.content.entries, "bytes",
                           (json_int_t)written.bytes, "parts", (json_int_t)written.content.units,
                           "pictures", (json_int_t)written.pictures));
    cli_say(cli, "%llu entries, %llu bytes", (unsigned long long)written.content.entries,
            (unsigned long long)written.bytes);
    if (written.pictures > 0)
        cli_say(cli, "pictures: %u", written.pictures);
    return CLI_DONE;
}

/* ---- reading ---- */

static enum status feed_file(struct parcel *parcel, int fd, const char *path, struct error *err)
{
    static uint8_t piece[PIECE_BYTES];
    size_t got;
    do {
        TRY(file_read(fd, path, piece, sizeof piece, &got, err));
        TRY(parcel_feed(parcel, bytes_of(piece, got), err));
    } while (got > 0);
    return STATUS_OK;
}

/* Pictures are read when all of them are there, a file as far as it is whole. */
static enum status read_pictures(struct replica *replica, struct cli *cli,
                                 struct received *received, struct error *err)
{
    struct buffer bundle = {0};
    struct parcel parcel;
    enum status status = carry_pictures_read(cli->arguments, cli->arguments_count, &bundle, err);
    if (status == STATUS_OK)
        status = parcel_open(&parcel, replica, err);
    if (status == STATUS_OK) {
        status = parcel_feed(&parcel, buffer_bytes(&bundle), err);
        status = parcel_close(&parcel, status, err);
        *received = parcel.received;
    }
    buffer_release(&bundle);
    return status;
}

static enum status read_bundle(struct replica *replica, const char *path, struct received *received,
                               struct error *err)
{
    struct parcel parcel;
    int fd;
    TRY(file_open(path, &fd, err));
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
    bool pictures = cli->arguments_count > 1 || carry_is_picture(cli->arguments[0]);
    if (status == STATUS_OK && pictures)
        status = read_pictures(replica, cli, &received, &err);
    else if (status == STATUS_OK)
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
    {"--qr",
     "DIR",
     {"as QR pictures in this folder, in place of FILE; for a small bundle",
      "写成此文件夹中的二维码图片，代替 FILE；适于小包"},
     false},
    {0}};

const struct cli_command carry_commands[] = {
    {"bundle write",
     "[FILE]",
     {"carry entries on a stick", "写出随身包"},
     write_flags,
     "bundle write /media/usb/villages.jqb",
     0,
     1,
     command_write},
    {"bundle read",
     "FILE|PICTURE…",
     {"take entries from a stick, or from QR pictures (PNG, JPEG) in any order",
      "读入随身包，或二维码图片（PNG、JPEG，次序不限）"},
     NULL,
     "bundle read /media/usb/villages.jqb",
     1,
     -1,
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
