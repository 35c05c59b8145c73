/* A stick, by way of the browser: a bundle to keep, and one to take in (protocol/parcel.h). */

#include "client/api.h"
#include "protocol/parcel.h"

static enum status put(void *context, struct bytes bytes, struct error *err)
{
    return buffer_append_bytes(context, bytes) == STATUS_OK
               ? STATUS_OK
               : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

enum status api_make_bundle(struct api_call *call, struct buffer *bundle, struct error *err)
{
    struct parcel_wish wish = {.sink = put, .context = bundle};
    struct parcel_written written;
    if (replica_identity(call->replica)->device == 0)
        return error_set(err, STATUS_DENIED,
                         "this device has no keys: it was revoked or never joined");
    return parcel_write(call->replica, &wish, &written, err);
}

enum status api_bundle_write(struct api_call *call, struct error *err)
{
    TRY(api_make_bundle(call, &call->file, err));
    call->file_type = WEB_FILE_TYPE;
    return STATUS_OK;
}

/* What was taken in before a fault stays, so that it is told beside the fault. */
enum status api_take_bundle(struct api_call *call, struct bytes bundle, struct error *err)
{
    struct parcel parcel;
    TRY(parcel_open(&parcel, call->replica, err));
    enum status status = parcel_feed(&parcel, bundle, err);
    status = parcel_close(&parcel, status, err);
    const struct received *received = &parcel.received;
    uint64_t taken = received->applied + received->known + received->early;
    if (status != STATUS_OK && (status != STATUS_BAD_INPUT || taken == 0))
        return status;
    call->answer = json_pack("{sI sI sI sI ss?}", "applied", (json_int_t)received->applied, "known",
                             (json_int_t)received->known, "early", (json_int_t)received->early,
                             "rejected", (json_int_t)(received->refused + received->aside), "fault",
                             status == STATUS_OK ? NULL : err->text);
    call->wrote = received->applied > 0;
    return STATUS_OK;
}

enum status api_bundle_read(struct api_call *call, struct error *err)
{
    return api_take_bundle(call, buffer_bytes(&call->request->body), err);
}
