#include "client/settle.h"

#include <string.h>

#include "common/view.h"

enum status settle_start(struct edit *edit, struct replica *replica, const char *table,
                         const char *id, struct error *err)
{
    TRY(edit_start(edit, replica, CHANGE_SETTLE, table, err));
    return edit_row(edit, id, err);
}

/* NULL in *field: the tombstone. */
static enum status find_field(struct edit *edit, const char *name,
                              const struct schema_field **field, struct error *err)
{
    *field = NULL;
    if (strcmp(name, "_deleted") == 0)
        return STATUS_OK;
    TRY(view_field(edit->table, name, field, err));
    if ((*field)->merge == MERGE_SET || (*field)->merge == MERGE_COUNTER)
        return error_set(err, STATUS_BAD_INPUT, "field '%s' is never in conflict", name);
    return STATUS_OK;
}

struct taking {
    struct edit *edit;
    struct dot dot;
    uint16_t field;
    uint16_t group;
    bool found;
};

static enum status take_item(void *context, const struct history_item *item, struct error *err)
{
    struct taking *taking = context;
    const struct schema_field *field =
        item->field ? table_field(taking->edit->table, item->field) : NULL;
    bool same_group = taking->group != 0 && field && field->group == taking->group;
    if (!dot_equal(&item->dot, &taking->dot) || (item->field != taking->field && !same_group))
        return STATUS_OK;
    taking->found = true;
    return edit_value(taking->edit, item->field, item->value, err);
}

enum status settle_take(struct edit *edit, const char *name, const char *dot, struct error *err)
{
    const struct schema_field *field;
    TRY(find_field(edit, name, &field, err));
    struct taking taking = {.edit = edit,
                            .field = field ? field->number : FIELD_DELETED,
                            .group = field ? field->group : 0};
    if (!dot_parse(dot, &taking.dot))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a dot like 3.1.2.17", dot);
    TRY(replica_row_history(edit->replica, edit->table->number, &edit->change.id, take_item,
                            &taking, err));
    if (!taking.found)
        return error_set(err, STATUS_NOT_FOUND, "the entry '%s' didn't write field '%s'", dot,
                         name);
    return STATUS_OK;
}

static enum status set_deleted(struct edit *edit, const char *text, struct error *err)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "是") == 0;
    bool no = strcmp(text, "false") == 0 || strcmp(text, "0") == 0 || strcmp(text, "否") == 0;
    const uint8_t value = yes ? 0xc3 : 0xc2; /* MessagePack's true and false */
    if (!yes && !no)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is neither true nor false", text);
    return edit_value(edit, FIELD_DELETED, bytes_of(&value, 1), err);
}

enum status settle_text(struct edit *edit, const char *name, const char *text, struct error *err)
{
    const struct schema_field *field;
    TRY(find_field(edit, name, &field, err));
    return field ? edit_text(edit, field, EDIT_ASSIGN, text, err) : set_deleted(edit, text, err);
}

enum status settle_json(struct edit *edit, const char *name, const json_t *value, struct error *err)
{
    const struct schema_field *field;
    TRY(find_field(edit, name, &field, err));
    if (field)
        return edit_json(edit, name, value, err);
    return set_deleted(edit,
                       json_is_true(value)    ? "true"
                       : json_is_false(value) ? "false"
                                              : "",
                       err);
}
