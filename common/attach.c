#include "common/attach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *attach_type(const char *name)
{
    static const char *const known[][2] = {
        {".jpg", "image/jpeg"},      {".jpeg", "image/jpeg"}, {".png", "image/png"},
        {".webp", "image/webp"},     {".gif", "image/gif"},   {".heic", "image/heic"},
        {".tif", "image/tiff"},      {".tiff", "image/tiff"}, {".pdf", "application/pdf"},
        {".ofd", "application/ofd"}, {".txt", "text/plain"},  {".mp3", "audio/mpeg"},
        {".m4a", "audio/mp4"},       {".mp4", "video/mp4"}};
    const char *end = strrchr(name, '.');
    for (size_t i = 0; end && i < sizeof known / sizeof known[0]; i++)
        if (strcasecmp(end, known[i][0]) == 0)
            return known[i][1];
    return "application/octet-stream";
}

static enum status read_open(FILE *file, const char *path, struct buffer *content,
                             struct error *err)
{
    size_t got = 1;
    while (got > 0 && content->size <= ATTACHMENT_BYTES_MAX) {
        if (buffer_reserve(content, 65536) != STATUS_OK)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        got = fread(content->data + content->size, 1, 65536, file);
        content->size += got;
    }
    if (ferror(file))
        return error_set(err, STATUS_STORAGE, "cannot read '%s': %s", path, strerror(errno));
    return STATUS_OK;
}

static enum status read_file(const char *path, struct buffer *content, struct error *err)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return error_set(err, STATUS_NOT_FOUND, "cannot read '%s': %s", path, strerror(errno));
    enum status status = read_open(file, path, content, err);
    fclose(file);
    return status;
}

enum status attach_file(struct replica *replica, const char *path, const char *thumbnail,
                        struct buffer *plain, struct error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct buffer content = {0}, small = {0};
    enum status status = read_file(path, &content, err);
    if (status == STATUS_OK && thumbnail)
        status = read_file(thumbnail, &small, err);
    if (status == STATUS_OK) {
        struct attachment_file file = {bytes_text(name), bytes_text(attach_type(name)),
                                       buffer_bytes(&content), buffer_bytes(&small)};
        status = replica_attach(replica, &file, plain, err);
        if (status != STATUS_OK && status != STATUS_NO_MEMORY)
            error_wrap(err, "'%s'", path);
    }
    buffer_release(&content);
    buffer_release(&small);
    return status;
}
