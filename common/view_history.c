/* Everything that was ever saved for a row, and what waits for a person to decide. */

#include <stdio.h>
#include <string.h>

#include "common/pack.h"
#include "common/replica_snapshot.h"
#include "common/view.h"

enum status view_origin(struct replica *replica, json_t *item, const struct dot *dot,
                        const struct id *person, int64_t time_ms, struct error *err)
{
    char name[VIEW_NAME_BYTES], time[32], dot_text[DOT_TEXT_BYTES],
        device_text[ID_TEXT_BYTES] = "?";
    const struct device *device = registry_device(replica_registry(replica), dot->feed.device);
    view_person(replica, person, dot->feed.device, name);
    if (device)
        id_format(&device->id, device_text);
    time_format(time_ms, time);
    dot_format(dot, dot_text);
    int failed = json_object_set_new(item, "person", json_string(name));
    failed |= json_object_set_new(item, "device", json_string(device_text));
    failed |= json_object_set_new(item, "time", json_string(time));
    failed |= json_object_set_new(item, "dot", json_string(dot_text));
    return failed ? error_set(err, STATUS_NO_MEMORY, "out of memory") : STATUS_OK;
}

const char *view_field_name(const struct schema_field *field)
{
    return field ? field->name : "_deleted";
}

/* Field 0 has no schema_field; a field that this schema doesn't know yet has none either. Of a row
 * that moved it reads "→ NAME". */
static enum status value_json(const struct schema *schema, const struct schema_field *field,
                              struct bytes value, json_t **json, struct error *err)
{
    static char name[] = "_deleted";
    static const struct schema_field deleted = {.name = name, .type = FIELD_BOOL};
    struct moved moved;
    if (!field && tombstone_moved(value, &moved)) {
        *json = json_sprintf("→ %.*s", (int)moved.name.size, (const char *)moved.name.data);
        return *json ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    return view_value(schema, field ? field : &deleted, value, json, err);
}

/* ---- history ---- */

struct telling {
    struct replica *replica;
    struct row row;
    json_t *list;
};

static const struct head *find_head(const struct cell *cell, const struct dot *dot)
{
    for (size_t i = 0; cell && i < cell->heads_count; i++)
        if (dot_equal(&cell->heads[i].dot, dot))
            return &cell->heads[i];
    return NULL;
}

/* A set's write counts as shown while one of its elements is still there, or it only removed. */
static const char *set_state(const struct cell *cell, const struct history_item *item)
{
    struct unpack in = unpack_of(item->value);
    uint32_t parts, added;
    bool only_removed = unpack_array(&in, &parts) && unpack_array(&in, &added) && added == 0;
    return only_removed || find_head(cell, &item->dot) ? "shown" : "replaced";
}

static enum status state_of(struct telling *telling, const struct schema_field *field,
                            const struct history_item *item, const char **state, struct error *err)
{
    const struct cell *cell = row_find_cell(&telling->row, item->field);
    const struct head *head = find_head(cell, &item->dot);
    struct row_history history = replica_history(telling->replica);
    struct shown shown = {0};
    *state = head ? "shown" : "replaced";
    if (!field && head && row_delete_conflict(&telling->row))
        *state = "conflict";
    if (field && field->merge == MERGE_COUNTER)
        *state = "shown";
    if (field && field->merge == MERGE_SET)
        *state = set_state(cell, item);
    if (!field || !head || cell->heads_count < 2 || field->merge == MERGE_SET ||
        field->merge == MERGE_COUNTER)
        return STATUS_OK;
    TRY(row_show(&telling->row, field, &history, &shown, err));
    bool same = shown.merged || dot_equal(&shown.dot, &item->dot) ||
                (!shown.conflict && bytes_equal(shown.value, item->value));
    *state = same ? "shown" : shown.conflict ? "conflict" : "replaced";
    return STATUS_OK;
}

/* One list of a set's change: elements, or [element, dots] for what was removed. */
static json_t *set_part(const struct schema *schema, const struct schema_field *field,
                        struct unpack *in, bool removed)
{
    uint32_t count, parts;
    json_t *list = json_array();
    if (!unpack_array(in, &count))
        return list;
    for (uint32_t i = 0; i < count; i++) {
        struct bytes element, dots;
        json_t *text = NULL;
        if ((removed && !unpack_array(in, &parts)) || !unpack_value(in, &element) ||
            (removed && !unpack_value(in, &dots)))
            break;
        if (view_value(schema, field, element, &text, NULL) == STATUS_OK)
            json_array_append_new(list, text);
    }
    return list;
}

enum status view_written(struct replica *replica, const struct seal_place *place,
                         const struct schema_field *field, struct bytes value, json_t **json,
                         struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    struct unpack in = unpack_of(value);
    uint32_t parts;
    if (!field || field->merge != MERGE_SET) {
        TRY(replica_plain(replica, place, value, &value, err));
        return value_json(schema, field, value, json, err);
    }
    *json = json_object();
    if (!unpack_array(&in, &parts))
        return STATUS_OK;
    int failed = json_object_set_new(*json, "added", set_part(schema, field, &in, false));
    failed |= json_object_set_new(*json, "removed", set_part(schema, field, &in, true));
    return failed ? error_set(err, STATUS_NO_MEMORY, "out of memory") : STATUS_OK;
}

/* A name that the hub gave with it, for those who don't know device or org. */
static void put_name(json_t *told, const char *key, struct bytes name)
{
    if (name.size > 0)
        json_object_set_new(told, key, json_stringn((const char *)name.data, name.size));
}

/* An adopted value tells whose it was, one that was carried here who wrote it where. */
static void put_adopted(struct replica *replica, json_t *told, const struct dot *dot,
                        const struct entry_head *head)
{
    char text[DOT_TEXT_BYTES], device_text[ID_TEXT_BYTES] = "?";
    if (!head->has_origin)
        return;
    dot_format(&head->origin, text);
    if (head->origin.feed.scope == dot->feed.scope) {
        json_object_set_new(told, "adopted", json_string(text));
        return;
    }
    const struct device *device =
        registry_device(replica_registry(replica), head->origin.feed.device);
    if (device)
        id_format(&device->id, device_text);
    json_object_set_new(told, "device", json_string(device_text));
    json_object_set_new(told, "carried", json_string(text));
    put_name(told, "person", head->origin_person);
    put_name(told, "org", head->origin_org);
}

static enum status tell_item(void *context, const struct history_item *item, struct error *err)
{
    struct telling *telling = context;
    const struct schema_field *field =
        item->field ? table_field(telling->row.table, item->field) : NULL;
    const char *state;
    struct seal_place place = {telling->row.table->number, telling->row.id, item->field};
    json_t *value = NULL, *told = json_object();
    if (item->field && !field) { /* of a newer schema: it shows after the update */
        json_decref(told);
        return STATUS_OK;
    }
    enum status status = state_of(telling, field, item, &state, err);
    if (status == STATUS_OK)
        status = view_written(telling->replica, &place, field, item->value, &value, err);
    if (status == STATUS_OK) {
        json_object_set_new(told, "field", json_string(view_field_name(field)));
        json_object_set_new(told, "value", value);
        status = view_origin(telling->replica, told, &item->dot, &item->head.person,
                             item->head.time_ms, err);
        json_object_set_new(told, "state", json_string(state));
        put_adopted(telling->replica, told, &item->dot, &item->head);
    }
    if (status == STATUS_OK && json_array_append(telling->list, told) != 0)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    json_decref(told);
    return status;
}

enum status view_history(struct replica *replica, const char *table_name, const char *text,
                         json_t **history, struct error *err)
{
    const struct schema_table *table;
    struct telling telling = {.replica = replica};
    struct id id;
    bool found;
    *history = NULL;
    TRY(view_table(replica, table_name, &table, err));
    TRY(view_id(text, &id, err));
    enum status status = replica_row(replica, table->number, &id, 0, &telling.row, &found, err);
    if (status == STATUS_OK && !found)
        status = error_set(err, STATUS_NOT_FOUND, "there is no row '%s' in table '%s'", text,
                           table_name);
    telling.list = json_array();
    if (status == STATUS_OK)
        status = replica_row_history(replica, table->number, &id, tell_item, &telling, err);
    row_release(&telling.row);
    if (status == STATUS_OK)
        *history = telling.list;
    else
        json_decref(telling.list);
    return status;
}

bool view_history_is_cut(struct replica *replica, const char *table_name, const char *text,
                         bool *snapshot)
{
    const struct schema_table *table;
    struct row row = {0};
    struct id id;
    bool found;
    bool cut = view_table(replica, table_name, &table, NULL) == STATUS_OK &&
               view_id(text, &id, NULL) == STATUS_OK &&
               replica_row(replica, table->number, &id, 0, &row, &found, NULL) == STATUS_OK &&
               found && replica_log_is_cut(replica, row.scope);
    *snapshot = cut && replica_rests_on_snapshot(replica, row.scope);
    row_release(&row);
    return cut;
}
