/* What the pages save: one change, one entry, durable before the answer leaves. A draft that led to
 * it goes in the same transaction. */

#include <stdlib.h>
#include <string.h>

#include "client/api.h"
#include "client/draft.h"
#include "client/settle.h"
#include "common/view.h"

enum status api_check_keys(const struct api_call *call, const char *const *known, struct error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(call->body, key, value)
    {
        bool found = false;
        for (size_t i = 0; known[i] && !found; i++)
            found = strcmp(known[i], key) == 0;
        if (!found)
            return error_set(err, STATUS_BAD_INPUT, "'%s' is not a key of this request", key);
    }
    return STATUS_OK;
}

enum status api_edit(struct api_call *call, api_edit_step *step, struct error *err)
{
    struct edit edit = {0};
    enum status status = step(call, &edit, err);
    edit_release(&edit);
    return status;
}

enum status api_save(struct api_call *call, struct edit *edit, struct error *err)
{
    struct saved saved = {0};
    size_t entries, failed;
    const char *draft;
    char id[ID_TEXT_BYTES];
    TRY(edit_finish(edit, err));
    if (edit->change.kind == CHANGE_SETTLE && !edit->bases)
        TRY(replica_settle(call->replica, &edit->change, &saved, &entries, err));
    else
        TRY(replica_save(call->replica, &edit->change, 1, &saved, &entries, &failed, err));
    TRY(api_text(call, "draft", true, &draft, err));
    if (draft)
        TRY(draft_delete(call->replica, draft, err));
    id_format(&saved.id, id);
    call->answer = json_pack("{ss sI}", "id", id, "entries", (json_int_t)entries);
    return STATUS_OK;
}

enum status api_fields(const struct api_call *call, struct edit *edit, struct error *err)
{
    json_t *fields = json_object_get(call->body, "fields"), *value;
    const json_t *bases = json_object_get(call->body, "bases");
    const char *name;
    if (!json_is_object(fields) || (bases && !json_is_object(bases)))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not an object",
                         json_is_object(fields) ? "bases" : "fields");
    json_object_foreach(fields, name, value) TRY(edit_json(edit, name, value, err));
    edit_seen(edit, bases);
    return STATUS_OK;
}

static enum status add(struct api_call *call, struct edit *edit, struct error *err)
{
    static const char *const keys[] = {"id", "org", "fields", "draft", NULL};
    const char *id, *org;
    TRY(api_check_keys(call, keys, err));
    TRY(api_text(call, "id", true, &id, err));
    TRY(api_text(call, "org", true, &org, err));
    TRY(edit_start(edit, call->replica, CHANGE_ADD, call->parts[0], err));
    if (id)
        TRY(edit_row(edit, id, err));
    if (org)
        TRY(edit_org(edit, org, err));
    TRY(api_fields(call, edit, err));
    return api_save(call, edit, err);
}

enum status api_add(struct api_call *call, struct error *err)
{
    return api_edit(call, add, err);
}

static enum status set(struct api_call *call, struct edit *edit, struct error *err)
{
    static const char *const keys[] = {"fields", "bases", "draft", NULL};
    TRY(api_check_keys(call, keys, err));
    TRY(edit_start(edit, call->replica, CHANGE_SET, call->parts[0], err));
    TRY(edit_row(edit, call->parts[1], err));
    TRY(api_fields(call, edit, err));
    return api_save(call, edit, err);
}

enum status api_set(struct api_call *call, struct error *err)
{
    return api_edit(call, set, err);
}

static enum status delete (struct api_call *call, struct edit *edit, struct error *err) {
    TRY(edit_start(edit, call->replica, CHANGE_DELETE, call->parts[0], err));
    TRY(edit_row(edit, call->parts[1], err));
    return api_save(call, edit, err);
}

enum status api_delete(struct api_call *call, struct error *err)
{
    return api_edit(call, delete, err);
}

/* The heads that the person saw, for the field and the rest of its group. */
static enum status seen_heads(struct api_call *call, struct edit *edit, const char *name,
                              json_t **bases, struct error *err)
{
    json_t *heads = json_object_get(call->body, "heads");
    const struct schema_field *field = table_field_named(edit->table, name);
    *bases = NULL;
    if (!heads)
        return STATUS_OK;
    if (!json_is_array(heads))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a list", "heads");
    *bases = json_object();
    json_object_set(*bases, name, heads);
    for (size_t i = 0; field && field->group && i < edit->table->fields_count; i++)
        if (edit->table->fields[i].group == field->group)
            json_object_set(*bases, edit->table->fields[i].name, heads);
    return STATUS_OK;
}

static enum status settle(struct api_call *call, struct edit *edit, struct error *err)
{
    static const char *const keys[] = {"field", "take", "value", "heads", NULL};
    const char *field, *take;
    const json_t *value = json_object_get(call->body, "value");
    json_t *bases;
    TRY(api_check_keys(call, keys, err));
    TRY(api_text(call, "field", false, &field, err));
    TRY(api_text(call, "take", true, &take, err));
    if ((take != NULL) == (value != NULL))
        return error_set(err, STATUS_BAD_INPUT, "give either 'take' or 'value'");
    TRY(settle_start(edit, call->replica, call->parts[0], call->parts[1], err));
    TRY(take ? settle_take(edit, field, take, err) : settle_json(edit, field, value, err));
    TRY(seen_heads(call, edit, field, &bases, err));
    edit_seen(edit, bases);
    enum status status = api_save(call, edit, err);
    json_decref(bases);
    return status;
}

enum status api_settle(struct api_call *call, struct error *err)
{
    return api_edit(call, settle, err);
}
