/* The schemas that this replica was given, one after the other, out of the registry's log. */

#include "common/registry_state.h"
#include "common/registry_value.h"
#include "common/view.h"

#define FIELD_EPOCH 1
#define FIELD_FRAME 2

static enum status add_schema(struct replica *replica, const struct dot *dot,
                              const struct entry_view *view, json_t *list, struct error *err)
{
    const struct op *op = &view->ops[0];
    struct buffer text = {0};
    struct bytes frame;
    uint64_t epoch;
    json_t *item = NULL;
    if (!registry_value_uint(view, op, FIELD_EPOCH, UINT32_MAX, &epoch) ||
        !registry_value_bin(view, op, FIELD_FRAME, &frame))
        return STATUS_OK;
    enum status status = registry_unpack_schema(frame, &text, err);
    if (status == STATUS_OK) {
        item = json_pack("{sI so*}", "epoch", (json_int_t)epoch, "schema",
                         json_loadb((const char *)text.data, text.size, 0, NULL));
        status = view_origin(replica, item, dot, &view->head.person, view->head.time_ms, err);
        json_array_append_new(list, item);
    }
    buffer_release(&text);
    return status;
}

static enum status look_at(struct replica *replica, const struct dot *dot, struct buffer *body,
                           json_t *list, struct error *err)
{
    struct entry_view view = {0};
    buffer_clear(body);
    TRY(replica_aside_body(replica, dot, body, err));
    enum status status = STATUS_OK;
    if (entry_decode(&view, &dot->feed, buffer_bytes(body), NULL) == STATUS_OK &&
        view.ops_count == 1 && view.ops[0].table == REGISTRY_SCHEMA)
        status = add_schema(replica, dot, &view, list, err);
    entry_view_release(&view);
    return status;
}

enum status view_schemas(struct replica *replica, json_t **list, struct error *err)
{
    const struct frontier *all = replica_frontier(replica);
    struct buffer body = {0};
    enum status status = STATUS_OK;
    *list = json_array();
    for (size_t i = 0; i < all->count; i++) {
        const struct frontier_row *row = &all->rows[i];
        if (row->feed.scope != SCOPE_REGISTRY(ORG_ROOT))
            continue;
        for (uint64_t number = 1; number <= row->number && status == STATUS_OK; number++) {
            struct dot dot = {row->feed, number};
            status = look_at(replica, &dot, &body, *list, err);
        }
    }
    buffer_release(&body);
    if (status != STATUS_OK) {
        json_decref(*list);
        *list = NULL;
    }
    return status;
}
