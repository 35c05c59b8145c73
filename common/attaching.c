#include "common/attaching.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/reading_print.h"
#include "common/view_attachment.h"

static const char *argument(const struct cli *cli, size_t index)
{
    return index < cli->arguments_count ? cli->arguments[index] : NULL;
}

/* ---- list ---- */

static enum status step_list(struct cli *cli, struct replica *replica, int *code, struct error *err)
{
    static const struct reading_column columns[] = {{"table", {"table", "表"}},
                                                    {"id", {"id", "编号"}},
                                                    {"field", {"field", "字段"}},
                                                    {"name", {"file", "文件"}},
                                                    {"bytes", {"bytes", "字节"}},
                                                    {"held", {"parts here", "本机已有块"}},
                                                    {"units", {"of parts", "总块数"}},
                                                    {"sent", {"sent", "已送达"}},
                                                    {0}};
    struct view_attachment_query query = {argument(cli, 0), argument(cli, 1)};
    json_t *list;
    (void)code;
    TRY(view_attachments(replica, &query, &list, err));
    return reading_list(cli, list, columns, err);
}

static int command_list(struct cli *cli)
{
    return reading_run(cli, step_list);
}

/* ---- get ---- */

static enum status write_part(void *context, struct bytes part, struct error *err)
{
    if (fwrite(part.data, 1, part.size, context) == part.size)
        return STATUS_OK;
    return error_set(err, STATUS_STORAGE, "cannot write the file: %s", strerror(errno));
}

static enum status write_all(struct cli *cli, struct replica *replica, struct bytes plain,
                             FILE *file, struct error *err)
{
    struct attachment_reading reading = {plain, cli_has(cli, "--thumbnail"), write_part, file};
    TRY(replica_attachment_read(replica, &reading, err));
    if (fflush(file) != 0)
        return error_set(err, STATUS_STORAGE, "cannot write the file: %s", strerror(errno));
    return STATUS_OK;
}

/* A file that isn't whole doesn't stay. */
static enum status write_file(struct cli *cli, struct replica *replica, struct bytes plain,
                              const char *path, struct error *err)
{
    FILE *file = fopen(path, "wbx");
    if (!file)
        return file_cannot_write(path, err);
    enum status status = write_all(cli, replica, plain, file, err);
    if (fclose(file) != 0 && status == STATUS_OK)
        status = file_cannot_write(path, err);
    if (status != STATUS_OK)
        unlink(path);
    return status;
}

static enum status step_get(struct cli *cli, struct replica *replica, int *code, struct error *err)
{
    bool named = cli->arguments_count == 4;
    struct view_attachment_place place = {argument(cli, 0), argument(cli, 1),
                                          named ? argument(cli, 2) : NULL};
    const char *path = argument(cli, named ? 3 : 2);
    struct buffer plain = {0};
    (void)code;
    TRY(view_attachment(replica, &place, &plain, err));
    enum status status = strcmp(path, "-") == 0
                             ? write_all(cli, replica, buffer_bytes(&plain), stdout, err)
                             : write_file(cli, replica, buffer_bytes(&plain), path, err);
    buffer_release(&plain);
    return status;
}

static int command_get(struct cli *cli)
{
    return reading_run(cli, step_get);
}

/* clang-format off */
static const struct cli_flag get_flags[] = {
    {"--thumbnail", NULL, {"the small picture of it", "只取缩略图"}, false},
    {0}};

const struct cli_command attaching_commands[] = {
    {"attachment list", "[TABLE [ID]]", {"the files that rows have, and what of them is here",
                                         "各行的附件，以及本机已有多少"}, NULL,
     "attachment list visit --json", 0, 2, command_list},
    {"attachment get", "TABLE ID [FIELD] FILE|-", {"write an attachment to a file",
                                                   "把附件写入文件"}, get_flags,
     "attachment get visit 0190b6f2a1c47d2e8f00112233445566 photo.jpg", 3, 4, command_get},
    {0}};
/* clang-format on */
