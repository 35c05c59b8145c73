#include "common/registry_draft.h"

#include "common/pack.h"

enum status registry_draft_start(struct registry_draft *draft, struct replica *replica,
                                 uint32_t scope, struct error *err)
{
    *draft = (struct registry_draft){.replica = replica, .scope = scope};
    const struct identity *self = replica_identity(replica);
    struct feed_id feed = {scope, self->device, self->incarnation};
    struct entry_head head = replica_entry_head(replica);
    return entry_writer_start(&draft->writer, &feed, &head, err);
}

enum status registry_draft_field(struct registry_draft *draft, uint16_t field, enum status packed,
                                 struct error *err)
{
    if (packed != STATUS_OK)
        return error_set(err, packed, "out of memory");
    enum status status =
        entry_writer_field(&draft->writer, field, buffer_bytes(&draft->value), NULL, 0, err);
    buffer_clear(&draft->value);
    return status;
}

enum status registry_draft_device(struct registry_draft *draft,
                                  const struct certificate *certificate, struct bytes sealed,
                                  struct error *err)
{
    struct id row = device_id(replica_network(draft->replica), certificate->sign_key);
    TRY(entry_writer_op(&draft->writer, REGISTRY_DEVICE, &row, err));
    return registry_draft_field(draft, 1, pack_bin(&draft->value, sealed), err);
}

enum status registry_draft_finish(struct registry_draft *draft, enum status so_far,
                                  struct error *err)
{
    enum status status = so_far;
    struct dot dot;
    if (status == STATUS_OK)
        status = entry_writer_finish(&draft->writer, &draft->body, err);
    if (status == STATUS_OK)
        status =
            replica_append(draft->replica, draft->scope, buffer_bytes(&draft->body), &dot, err);
    entry_writer_release(&draft->writer);
    buffer_release(&draft->value);
    buffer_release(&draft->body);
    return status;
}
