#include "client/import_batch.h"

#include <stdlib.h>

struct import_batch *import_batch_new(struct replica *replica, json_t *errors)
{
    struct import_batch *batch = calloc(1, sizeof *batch);
    if (batch) {
        batch->replica = replica;
        batch->errors = errors;
    }
    return batch;
}

void import_batch_free(struct import_batch *batch)
{
    for (size_t i = 0; batch && i < IMPORT_BATCH_ROWS; i++)
        edit_release(&batch->edits[i]);
    free(batch);
}

bool import_is_fatal(enum status status)
{
    return status == STATUS_NO_MEMORY || status == STATUS_STORAGE || status == STATUS_DISK_FULL ||
           status == STATUS_BUSY || status == STATUS_NEWER;
}

static enum status tell(struct import_batch *batch, uint64_t row, const char *column,
                        const struct error *why, struct error *err)
{
    json_t *item =
        json_pack("{sI ss ss}", "row", (json_int_t)row, "column", column, "message", why->text);
    if (!item || json_array_append_new(batch->errors, item) != 0)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

enum status import_batch_fault(struct import_batch *batch, uint64_t row, const char *column,
                               const struct error *why, struct error *err)
{
    TRY(import_batch_save(batch, err));
    return tell(batch, row, column, why, err);
}

struct edit *import_batch_next(struct import_batch *batch)
{
    return &batch->edits[batch->count];
}

bool import_batch_has(const struct import_batch *batch, const struct id *id)
{
    if (id_is_zero(id))
        return false;
    for (size_t i = 0; i < batch->count; i++)
        if (id_equal(&batch->changes[i].id, id))
            return true;
    return false;
}

enum status import_batch_keep(struct import_batch *batch, uint64_t row, struct error *err)
{
    const struct edit *edit = import_batch_next(batch);
    size_t bytes = edit->values.size;
    batch->changes[batch->count] = edit->change;
    batch->numbers[batch->count] = row;
    batch->known[batch->count] = edit->change.kind == CHANGE_SET || edit->row_exists;
    batch->count++;
    batch->bytes += bytes;
    if (batch->count == IMPORT_BATCH_ROWS || batch->bytes >= IMPORT_BATCH_BYTES)
        return import_batch_save(batch, err);
    return STATUS_OK;
}

static void count_saved(struct import_batch *batch, size_t count, const struct saved *saved)
{
    for (size_t i = 0; i < count; i++) {
        if (!batch->known[i])
            batch->added++;
        else if (saved[i].written)
            batch->changed++;
        else
            batch->same++;
    }
}

/* Which is at fault? Where none is alone, `together` is told of the last. */
static enum status save_singly(struct import_batch *batch, size_t count,
                               const struct error *together, struct error *err)
{
    struct saved saved;
    size_t entries, failed, told = json_array_size(batch->errors);
    for (size_t i = 0; i < count; i++) {
        struct error why = {0};
        enum status status =
            replica_save(batch->replica, &batch->changes[i], 1, &saved, &entries, &failed, &why);
        if (import_is_fatal(status)) {
            *err = why;
            return status;
        }
        if (status != STATUS_OK)
            TRY(tell(batch, batch->numbers[i], "", &why, err));
    }
    return json_array_size(batch->errors) > told
               ? STATUS_OK
               : tell(batch, batch->numbers[count - 1], "", together, err);
}

enum status import_batch_save(struct import_batch *batch, struct error *err)
{
    struct saved saved[IMPORT_BATCH_ROWS];
    struct error why = {0};
    size_t entries, failed, count = batch->count;
    batch->count = batch->bytes = 0;
    if (count == 0)
        return STATUS_OK;
    enum status status =
        replica_save(batch->replica, batch->changes, count, saved, &entries, &failed, &why);
    if (status == STATUS_OK)
        count_saved(batch, count, saved);
    else if (import_is_fatal(status))
        *err = why;
    else
        status = save_singly(batch, count, &why, err);
    return status;
}
