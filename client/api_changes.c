/* Many changes at once, whole or not at all: one entry in each scope that they touch. */

#include <stdlib.h>

#include "client/api.h"
#include "common/edit_change.h"

#define CHANGES_MAX 500

struct changes {
    struct edit *edits;
    struct change *list;
    struct saved *saved;
    size_t count;
};

static void changes_release(struct changes *changes)
{
    for (size_t i = 0; changes->edits && i < changes->count; i++)
        edit_release(&changes->edits[i]);
    free(changes->edits);
    free(changes->list);
    free(changes->saved);
}

static enum status save(struct api_call *call, struct changes *changes, const json_t *list,
                        struct error *err)
{
    size_t entries, failed = 0;
    char id[ID_TEXT_BYTES];
    json_t *ids = json_array();
    for (size_t i = 0; i < changes->count; i++) {
        enum status status =
            edit_change(&changes->edits[i], call->replica, json_array_get(list, i), err);
        if (status != STATUS_OK) {
            json_decref(ids);
            return status;
        }
        changes->list[i] = changes->edits[i].change;
    }
    enum status status = replica_save(call->replica, changes->list, changes->count, changes->saved,
                                      &entries, &failed, err);
    for (size_t i = 0; i < changes->count && status == STATUS_OK; i++) {
        id_format(&changes->saved[i].id, id);
        json_array_append_new(ids, json_string(id));
    }
    call->answer = json_pack("{so sI}", "ids", ids, "entries", (json_int_t)entries);
    return status;
}

enum status api_changes(struct api_call *call, struct error *err)
{
    const json_t *list = json_object_get(call->body, "changes");
    struct changes changes = {.count = json_array_size(list)};
    if (changes.count == 0)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a list", "changes");
    if (changes.count > CHANGES_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d rows", CHANGES_MAX);
    changes.edits = calloc(changes.count, sizeof *changes.edits);
    changes.list = calloc(changes.count, sizeof *changes.list);
    changes.saved = calloc(changes.count, sizeof *changes.saved);
    enum status status = changes.edits && changes.list && changes.saved
                             ? save(call, &changes, list, err)
                             : error_set(err, STATUS_NO_MEMORY, "out of memory");
    changes_release(&changes);
    return status;
}
