#include "common/replica_draft.h"

#include <stdlib.h>

static enum status draft_flush(struct draft *draft, struct error *err)
{
    struct replica *replica = draft->replica;
    struct dot dot;
    if (draft->rows_count == 0)
        return STATUS_OK;
    draft->rows_count = 0;
    buffer_clear(&draft->body);
    TRY(entry_writer_finish(&draft->writer, &draft->body, err));
    draft->entries++;
    replica->keys_in = buffer_bytes(&draft->wrapped);
    enum status status =
        replica_append(replica, draft->scope, buffer_bytes(&draft->body), &dot, err);
    replica->keys_in = (struct bytes){0};
    draft_forget_keys(draft);
    return status;
}

size_t drafts_entries(const struct drafts *drafts)
{
    size_t entries = 0;
    for (size_t i = 0; i < drafts->count; i++)
        entries += drafts->open[i]->entries;
    return entries;
}

enum status drafts_flush(struct drafts *drafts, struct error *err)
{
    for (size_t i = 0; i < drafts->count; i++)
        TRY(draft_flush(drafts->open[i], err));
    return STATUS_OK;
}

void draft_release(struct draft *draft)
{
    entry_writer_release(&draft->writer);
    buffer_release(&draft->body);
    buffer_release(&draft->value);
    buffer_release(&draft->sealed);
    draft_forget_keys(draft);
    buffer_release(&draft->wrapped);
    free(draft->keys);
}

void drafts_release(struct drafts *drafts)
{
    for (size_t i = 0; i < drafts->count; i++) {
        draft_release(drafts->open[i]);
        free(drafts->open[i]);
    }
}

static bool draft_has_row(const struct draft *draft, const struct id *id)
{
    for (size_t i = 0; i < draft->rows_count; i++)
        if (id_equal(&draft->rows[i], id))
            return true;
    return false;
}

enum status drafts_apply_row(struct drafts *drafts, const struct id *id, struct error *err)
{
    for (size_t i = 0; i < drafts->count; i++)
        if (draft_has_row(drafts->open[i], id))
            TRY(draft_flush(drafts->open[i], err));
    return STATUS_OK;
}

enum status drafts_find(struct drafts *drafts, uint32_t scope, struct draft **found,
                        struct error *err)
{
    for (size_t i = 0; i < drafts->count; i++) {
        *found = drafts->open[i];
        if ((*found)->scope == scope)
            return STATUS_OK;
    }
    if (drafts->count == DRAFTS_MAX) {
        *found = drafts->open[0];
        return draft_flush(*found, err);
    }
    *found = calloc(1, sizeof **found);
    if (!*found)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    (*found)->replica = drafts->replica;
    drafts->open[drafts->count++] = *found;
    return STATUS_OK;
}

enum status draft_turn_to(struct draft *draft, uint32_t scope, const struct id *id,
                          struct error *err)
{
    bool full = draft->rows_count == DRAFT_ROWS_MAX || draft->writer.ops.size > DRAFT_BYTES_MAX;
    if (draft->rows_count > 0 && (draft->scope != scope || full || draft_has_row(draft, id)))
        TRY(draft_flush(draft, err));
    if (draft->rows_count == 0) {
        const struct identity *self = &draft->replica->identity;
        struct feed_id feed = {scope, self->device, self->incarnation};
        struct entry_head head = replica_entry_head(draft->replica);
        draft->scope = scope;
        TRY(entry_writer_start(&draft->writer, &feed, &head, err));
    }
    return STATUS_OK;
}
