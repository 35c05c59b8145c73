/* Rows that may be one, and making them one or two again. */

#include "client/api.h"
#include "client/merge.h"

enum status api_duplicates(struct api_call *call, struct error *err)
{
    json_t *groups, *items = json_array();
    enum status status = view_duplicates(call->replica, NULL, &groups, err);
    if (status == STATUS_OK)
        call->answer = json_pack("{so}", "duplicates", groups);
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i), *rows = json_object_get(group, "rows");
        for (size_t r = 0; r < json_array_size(rows); r++)
            json_array_append_new(items,
                                  json_pack("{sO sO}", "table", json_object_get(group, "table"),
                                            "id", json_object_get(json_array_get(rows, r), "id")));
    }
    if (status == STATUS_OK)
        status = api_add_rows(call, items, err);
    json_decref(items);
    return status;
}

static enum status answer(struct api_call *call, enum status status, struct merged *merged)
{
    if (status == STATUS_OK)
        call->answer = merged_json(merged);
    json_decref(merged->differs);
    return status;
}

enum status api_merge(struct api_call *call, struct error *err)
{
    const char *ids[2];
    TRY(api_text(call, "id", false, &ids[0], err));
    TRY(api_text(call, "other", false, &ids[1], err));
    struct merged merged = {.differs = json_array()};
    return answer(call, merge_rows(call->replica, ids, &merged, err), &merged);
}

enum status api_unmerge(struct api_call *call, struct error *err)
{
    const char *id;
    TRY(api_text(call, "id", false, &id, err));
    struct merged merged = {.differs = json_array()};
    return answer(call, merge_undo(call->replica, id, &merged, err), &merged);
}
