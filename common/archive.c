#include "common/archive.h"

#include <stdlib.h>
#include <zip.h>

#define SMALL_PART 4096 /* may be as dense as it likes */

struct archive {
    zip_t *zip;
    struct archive_bounds bounds;
    size_t unpacked;
};

static enum status broken(struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "this is not a sound ZIP file");
}

static bool too_dense(const struct archive *archive, uint64_t unpacked, uint64_t packed)
{
    return unpacked > SMALL_PART && unpacked / archive->bounds.ratio_max >= packed;
}

/* By what the file says of itself: a quick no. */
static enum status check_sizes(struct archive *archive, struct error *err)
{
    zip_int64_t count = zip_get_num_entries(archive->zip, 0);
    uint64_t sum = 0;
    if (count < 0 || (uint64_t)count > archive->bounds.entries_max)
        return error_set(err, STATUS_TOO_LARGE, "the file has more than %zu parts",
                         archive->bounds.entries_max);
    for (zip_int64_t i = 0; i < count; i++) {
        zip_stat_t part;
        zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_ENCRYPTION_METHOD;
        if (zip_stat_index(archive->zip, (zip_uint64_t)i, 0, &part) != 0 ||
            (part.valid & needed) != needed)
            return broken(err);
        if (part.encryption_method != ZIP_EM_NONE)
            return error_set(err, STATUS_BAD_INPUT, "the file is encrypted");
        if (part.size > archive->bounds.bytes_max - sum)
            return error_set(err, STATUS_TOO_LARGE, "unpacked, the file has more than %zu bytes",
                             archive->bounds.bytes_max);
        sum += part.size;
        if (too_dense(archive, part.size, part.comp_size))
            return error_set(err, STATUS_TOO_LARGE,
                             "a part of the file unpacks to more than %zu "
                             "times its size",
                             archive->bounds.ratio_max);
    }
    return STATUS_OK;
}

enum status archive_open(struct archive **out, struct bytes in, const struct archive_bounds *bounds,
                         struct error *err)
{
    zip_error_t fault;
    struct archive *archive = calloc(1, sizeof *archive);
    *out = NULL;
    if (!archive)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    archive->bounds = *bounds;
    zip_error_init(&fault);
    zip_source_t *source = zip_source_buffer_create(in.data, in.size, 0, &fault);
    archive->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &fault) : NULL;
    if (source && !archive->zip)
        zip_source_free(source);
    zip_error_fini(&fault);
    enum status status = archive->zip ? check_sizes(archive, err) : broken(err);
    if (status != STATUS_OK) {
        archive_close(archive);
        return status;
    }
    *out = archive;
    return STATUS_OK;
}

void archive_close(struct archive *archive)
{
    if (!archive)
        return;
    if (archive->zip)
        zip_discard(archive->zip);
    free(archive);
}

static enum status unpack_all(struct archive *archive, zip_file_t *part, uint64_t packed,
                              struct buffer *out, struct error *err)
{
    char block[65536];
    zip_int64_t size;
    size_t before = out->size;
    while ((size = zip_fread(part, block, sizeof block)) > 0) {
        archive->unpacked += (size_t)size;
        if (archive->unpacked > archive->bounds.bytes_max ||
            too_dense(archive, out->size - before + (size_t)size, packed))
            return error_set(err, STATUS_TOO_LARGE, "unpacked, the file has more than %zu bytes",
                             archive->bounds.bytes_max);
        if (buffer_append(out, block, (size_t)size) != STATUS_OK)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    return size == 0 ? STATUS_OK : broken(err);
}

enum status archive_read(struct archive *archive, const char *name, struct buffer *out,
                         struct error *err)
{
    zip_stat_t about;
    zip_int64_t at = zip_name_locate(archive->zip, name, 0);
    if (at < 0)
        return error_set(err, STATUS_NOT_FOUND, "the file has no part '%.80s'", name);
    if (zip_stat_index(archive->zip, (zip_uint64_t)at, 0, &about) != 0)
        return broken(err);
    zip_file_t *part = zip_fopen_index(archive->zip, (zip_uint64_t)at, 0);
    if (!part)
        return broken(err);
    enum status status = unpack_all(archive, part, about.comp_size, out, err);
    if (zip_fclose(part) != 0 && status == STATUS_OK)
        status = broken(err);
    return status;
}
