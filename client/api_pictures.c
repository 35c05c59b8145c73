/* A small bundle as a series of QR pictures on the screen, and one taken in from photographs or
 * from what a camera sees (protocol/bundle_parts.h).
 *
 * Nothing is kept between the calls: the page collects what the pictures say, and hands it in when
 * all of it is there. */

#include "client/api.h"
#include "common/qr.h"
#include "common/qr_read.h"
#include "protocol/bundle_parts.h"

/* ---- showing ---- */

static enum status add_picture(struct bytes bundle, unsigned index, unsigned total,
                               json_t *pictures, struct error *err)
{
    char text[PART_TEXT_MAX + 1];
    struct buffer modules = {0};
    bundle_parts_text(bundle, index, total, text);
    enum status status = qr_modules(text, &modules, err);
    if (status == STATUS_OK)
        json_array_append_new(pictures, json_stringn((const char *)modules.data, modules.size));
    buffer_release(&modules);
    return status;
}

enum status api_bundle_pictures(struct api_call *call, struct error *err)
{
    struct buffer bundle = {0};
    unsigned total = 0;
    json_t *pictures = json_array();
    enum status status = api_make_bundle(call, &bundle, err);
    if (status == STATUS_OK)
        status = bundle_parts_count(buffer_bytes(&bundle), &total, err);
    for (unsigned i = 1; i <= total && status == STATUS_OK; i++)
        status = add_picture(buffer_bytes(&bundle), i, total, pictures, err);
    call->answer = json_pack("{so sI}", "pictures", pictures, "bytes", (json_int_t)bundle.size);
    buffer_release(&bundle);
    return status;
}

/* ---- looking ---- */

struct looking {
    json_t *parts;
    unsigned others; /* codes that are about something else */
};

static enum status take_text(void *context, struct bytes text, struct error *err)
{
    struct looking *looking = context;
    struct bundle_part part;
    char id[2 * BUNDLE_ID_BYTES + 1];
    (void)err;
    if (bundle_part_look(text, &part, NULL) != STATUS_OK) {
        looking->others++;
        return STATUS_OK;
    }
    hex_encode(bytes_of(part.id, sizeof part.id), id);
    json_array_append_new(looking->parts,
                          json_pack("{ss sI sI ss%}", "bundle", id, "index", (json_int_t)part.index,
                                    "total", (json_int_t)part.total, "text",
                                    (const char *)text.data, text.size));
    return STATUS_OK;
}

/* A picture without any code is the usual thing before a camera. */
enum status api_bundle_look(struct api_call *call, struct error *err)
{
    struct looking looking = {.parts = json_array()};
    enum status status = qr_read(buffer_bytes(&call->request->body), take_text, &looking, err);
    call->answer =
        json_pack("{so sI}", "parts", looking.parts, "others", (json_int_t)looking.others);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* ---- taking in ---- */

static enum status take_parts(const json_t *texts, struct bundle_parts *parts, struct error *err)
{
    size_t i;
    const json_t *text;
    json_array_foreach(texts, i, text)
    {
        if (!json_is_string(text))
            return error_set(err, STATUS_BAD_INPUT, "'%s' is not a text", "parts");
        TRY(bundle_parts_take(parts, bytes_of(json_string_value(text), json_string_length(text)),
                              err));
    }
    return STATUS_OK;
}

enum status api_bundle_join(struct api_call *call, struct error *err)
{
    const json_t *texts = json_object_get(call->body, "parts");
    struct bundle_parts parts = {0};
    struct buffer bundle = {0};
    if (json_array_size(texts) == 0)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a list", "parts");
    enum status status = take_parts(texts, &parts, err);
    if (status == STATUS_OK)
        status = bundle_parts_join(&parts, &bundle, err);
    if (status == STATUS_OK)
        status = api_take_bundle(call, buffer_bytes(&bundle), err);
    bundle_parts_release(&parts);
    buffer_release(&bundle);
    return status;
}
