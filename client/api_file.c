/* Files of rows for the pages: added before the save that names them, listed, handed out, asked
 * for. What is handed out is opaque bytes; nothing here looks into a picture. */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "client/api.h"
#include "common/view_attachment.h"

/* ---- adding ---- */

/* What the field is to be set to: "upload:" and the root, which edit_value.c resolves. */
static enum status tell_upload(struct api_call *call, struct bytes plain, struct error *err)
{
    struct attachment_description described;
    struct attachment_head head;
    char value[8 + 2 * HASH_BYTES] = "upload:";
    if (!attachment_plain_read(&head, &described, plain))
        return error_set(err, STATUS_STORAGE, "the attachment is not what its value says");
    hex_encode(bytes_of(head.file.root, HASH_BYTES), value + 7);
    sodium_memzero(&described, sizeof described);
    call->answer = json_pack("{ss sI}", "value", value, "bytes", (json_int_t)head.file.bytes);
    return STATUS_OK;
}

/* How many of the body's first bytes are the thumbnail. */
static enum status thumbnail_size(const struct api_call *call, size_t *size, struct error *err)
{
    const char *text = web_request_parameter(call->request, "thumbnail", 0);
    char *end = NULL;
    *size = text ? strtoul(text, &end, 10) : 0;
    if (text && (end == text || *end || *size > call->request->body.size))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a number of bytes of the file",
                         "thumbnail");
    return STATUS_OK;
}

enum status api_attach(struct api_call *call, struct error *err)
{
    const char *name = web_request_parameter(call->request, "name", 0);
    const char *type = web_request_parameter(call->request, "type", 0);
    struct bytes body = buffer_bytes(&call->request->body);
    struct buffer plain = {0};
    size_t small;
    TRY(thumbnail_size(call, &small, err));
    struct attachment_file file = {bytes_text(name ? name : ""), bytes_text(type ? type : ""),
                                   bytes_of(body.data + small, body.size - small),
                                   bytes_of(body.data, small)};
    enum status status = replica_attach(call->replica, &file, &plain, err);
    if (status == STATUS_OK)
        status = tell_upload(call, buffer_bytes(&plain), err);
    buffer_release(&plain);
    return status;
}

/* ---- reading ---- */

enum status api_files(struct api_call *call, struct error *err)
{
    struct view_attachment_query query = {call->parts[0], call->parts[1]};
    json_t *list;
    TRY(view_attachments(call->replica, &query, &list, err));
    call->answer = json_pack("{so}", "files", list);
    return STATUS_OK;
}

static enum status collect(void *context, struct bytes part, struct error *err)
{
    return buffer_append_bytes(context, part) == STATUS_OK
               ? STATUS_OK
               : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status find(struct api_call *call, struct buffer *plain, struct error *err)
{
    struct view_attachment_place place = {call->parts[0], call->parts[1], call->parts[2]};
    return view_attachment(call->replica, &place, plain, err);
}

enum status api_file(struct api_call *call, struct error *err)
{
    struct attachment_description described;
    struct attachment_head head;
    struct buffer plain = {0};
    bool thumbnail = web_request_parameter(call->request, "thumbnail", 0) != NULL;
    enum status status = find(call, &plain, err);
    struct attachment_reading reading = {buffer_bytes(&plain), thumbnail, collect, &call->file};
    if (status == STATUS_OK)
        status = replica_attachment_read(call->replica, &reading, err);
    if (status == STATUS_OK && attachment_plain_read(&head, &described, buffer_bytes(&plain)))
        snprintf(call->file_name, sizeof call->file_name, "%.*s", (int)described.name.size,
                 (const char *)described.name.data);
    call->file_type = "application/octet-stream";
    buffer_release(&plain);
    return status;
}

/* It is fetched when there is a line: the syncing in the background sees that something changed. */
enum status api_file_want(struct api_call *call, struct error *err)
{
    struct attachment_description described;
    struct attachment_head head = {0};
    struct buffer plain = {0};
    enum status status = find(call, &plain, err);
    if (status == STATUS_OK)
        attachment_plain_read(&head, &described, buffer_bytes(&plain));
    if (status == STATUS_OK)
        status = replica_attachment_want(call->replica, &head.file, err);
    buffer_release(&plain);
    call->answer = json_object();
    return status;
}
