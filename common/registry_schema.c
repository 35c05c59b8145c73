/* How a schema stands in the registry: a zstd frame of its JSON, small and safe to open. */

#include "common/pack.h"
#include "common/registry_state.h"
#include "common/registry_value.h"
#include "common/zstd_frame.h"

#define LEVEL 19 /* made once, carried to every device */

enum status registry_pack_schema(const struct schema *schema, struct buffer *out, struct error *err)
{
    struct zstd_room room = {0};
    struct buffer frame = {0};
    enum status status =
        zstd_frame_append(&frame, &room, bytes_of(schema->text, schema->text_size), LEVEL);
    if (status == STATUS_OK)
        status = pack_bin(out, buffer_bytes(&frame));
    zstd_room_release(&room);
    buffer_release(&frame);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

enum status registry_unpack_schema(struct bytes frame, struct buffer *text, struct error *err)
{
    struct zstd_room room = {0};
    enum status status = zstd_frame_open(text, &room, frame, SCHEMA_TEXT_MAX);
    zstd_room_release(&room);
    if (status == STATUS_NO_MEMORY)
        return error_set(err, status, "out of memory");
    return status == STATUS_OK ? status : registry_broken(err, "schema");
}
