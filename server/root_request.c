#include "server/root_request.h"

#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/pack.h"

#define MAGIC "JQROOT"
#define FILE_BYTES_MAX (ROOT_REQUEST_ITEMS_MAX * (ROOT_OBJECT_BYTES_MAX + 16) + 64)

void root_request_release(struct root_request *request)
{
    for (size_t i = 0; i < request->count; i++)
        buffer_release(&request->items[i].sealed);
    *request = (struct root_request){0};
}

enum tag root_request_tag(enum root_request_kind kind)
{
    switch (kind) {
    case ROOT_ASKS_SET:
        return TAG_ROOT_SET;
    case ROOT_ASKS_AUTHORITY:
        return TAG_AUTHORITY;
    case ROOT_ASKS_CERTIFICATE:
        break;
    }
    return TAG_CERTIFICATE;
}

enum status root_request_add(struct root_request *request, enum root_request_kind kind,
                             struct bytes sealed, struct error *err)
{
    if (request->count == ROOT_REQUEST_ITEMS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the root is asked for more than %d things",
                         ROOT_REQUEST_ITEMS_MAX);
    struct buffer *item = &request->items[request->count].sealed;
    *item = (struct buffer){0};
    if (buffer_append_bytes(item, sealed) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    request->items[request->count++].kind = kind;
    return STATUS_OK;
}

/* ---- the file ---- */

static enum status encode(const struct root_request *request, struct buffer *out)
{
    TRY(pack_array(out, 4));
    TRY(pack_str(out, bytes_text(MAGIC)));
    TRY(pack_uint(out, 1));
    TRY(pack_bin(out, bytes_of(request->network.id, NETWORK_BYTES)));
    TRY(pack_array(out, (uint32_t)request->count));
    for (size_t i = 0; i < request->count; i++) {
        TRY(pack_array(out, 2));
        TRY(pack_uint(out, request->items[i].kind));
        TRY(pack_bin(out, buffer_bytes(&request->items[i].sealed)));
    }
    return STATUS_OK;
}

enum status root_request_write(const struct root_request *request, const char *path,
                               struct error *err)
{
    struct buffer content = {0};
    enum status status = encode(request, &content);
    if (status != STATUS_OK)
        error_set(err, status, "out of memory");
    else
        status = file_replace(path, FILE_PRIVATE, buffer_bytes(&content), err);
    buffer_release(&content);
    return status;
}

static bool take_item(struct unpack *in, uint64_t *kind, struct bytes *sealed)
{
    uint32_t parts;
    return unpack_array(in, &parts) && parts == 2 &&
           unpack_uint_max(in, ROOT_ASKS_CERTIFICATE, kind) && *kind >= ROOT_ASKS_SET &&
           unpack_bin(in, sealed);
}

static enum status decode(struct root_request *request, struct bytes content, struct error *err)
{
    struct unpack in = unpack_of(content);
    struct bytes magic, sealed;
    uint32_t parts, count;
    uint64_t version, kind;
    bool good = unpack_array(&in, &parts) && parts == 4 && unpack_str(&in, &magic) &&
                bytes_equal(magic, bytes_text(MAGIC)) && unpack_uint(&in, &version) &&
                version == 1 && unpack_bin_exact(&in, request->network.id, NETWORK_BYTES) &&
                unpack_array(&in, &count) && count <= ROOT_REQUEST_ITEMS_MAX;
    for (uint32_t i = 0; good && i < count; i++) {
        good = take_item(&in, &kind, &sealed);
        if (good)
            TRY(root_request_add(request, (enum root_request_kind)kind, sealed, err));
    }
    return good && unpack_done(&in)
               ? STATUS_OK
               : error_set(err, STATUS_BAD_INPUT, "this is no request to the root");
}

enum status root_request_read(struct root_request *request, const char *path, struct error *err)
{
    struct buffer content = {0};
    *request = (struct root_request){0};
    enum status status = file_read_all(path, FILE_BYTES_MAX, &content, err);
    if (status == STATUS_OK)
        status = decode(request, buffer_bytes(&content), err);
    buffer_release(&content);
    return status == STATUS_OK ? status : error_wrap(err, "'%.60s'", path);
}

enum status root_request_sign(struct root_request *request, const struct signing_key *key,
                              struct error *err)
{
    for (size_t i = 0; i < request->count; i++) {
        struct buffer signed_now = {0};
        struct root_object object = {root_request_tag(request->items[i].kind), &request->network,
                                     buffer_bytes(&request->items[i].sealed)};
        enum status status = root_object_sign(&object, key, &signed_now, err);
        if (status == STATUS_OK) {
            buffer_release(&request->items[i].sealed);
            request->items[i].sealed = signed_now;
        } else if (status != STATUS_EXISTS) {
            return status;
        }
    }
    return STATUS_OK;
}
