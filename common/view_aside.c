/* Entries that don't count: what they wanted to write, why they don't, who adopted them. */

#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "common/retell.h"
#include "common/view.h"

/* The newest, and those first that nobody has adopted: whoever adopts what is listed comes to see
 * the rest. */
static const char aside_sql[] =
    "SELECT s.scope, s.device, s.incarnation, s.number, s.reason, s.received_ms, s.proof"
    " FROM _set_aside s LEFT JOIN _feed f ON f.scope = s.scope AND f.device = s.device"
    " AND f.incarnation = s.incarnation LEFT JOIN _adopted a ON a.id = f.id << 40 | s.number"
    " ORDER BY a.id IS NOT NULL, s.id DESC LIMIT 1000";

static json_t *fields_json(struct replica *replica, const struct schema_table *table,
                           const struct entry_view *view, const struct op *op)
{
    json_t *fields = json_object();
    for (uint32_t i = 0; i < op->fields_count; i++) {
        const struct op_field *written = &view->fields[op->fields_at + i];
        const struct schema_field *field = table_field(table, written->number);
        const char *name = written->number == FIELD_DELETED ? "_deleted" : "?";
        struct seal_place place = {op->table, op->row, written->number};
        json_t *value = NULL;
        if (view_written(replica, &place, field, written->value, &value, NULL) == STATUS_OK)
            json_object_set_new(fields, field ? field->name : name, value);
    }
    return fields;
}

static json_t *ops_json(struct replica *replica, const struct entry_view *view)
{
    json_t *ops = json_array();
    for (size_t i = 0; i < view->ops_count; i++) {
        const struct op *op = &view->ops[i];
        const struct schema *schema = replica_schema(replica);
        const struct schema_table *table = schema ? schema_table(schema, op->table) : NULL;
        char id[ID_TEXT_BYTES];
        id_format(&op->row, id);
        json_t *told = json_pack("{ss? ss}", "table", table ? table->name : NULL, "id", id);
        if (table)
            json_object_set_new(told, "fields", fields_json(replica, table, view, op));
        json_array_append_new(ops, told);
    }
    return ops;
}

/* What can be read of the entry; a body that isn't one leaves the list of ops empty. */
static enum status put_entry(struct replica *replica, const struct dot *dot, json_t *item,
                             struct error *err)
{
    struct entry_view view = {0};
    struct buffer body = {0};
    enum status status = replica_aside_body(replica, dot, &body, NULL);
    if (status == STATUS_OK)
        status = entry_decode(&view, &dot->feed, buffer_bytes(&body), NULL);
    const struct device *device = registry_device(replica_registry(replica), dot->feed.device);
    struct id person = view.head.has_person ? view.head.person
                       : device             ? device->certificate.person
                                            : (struct id){{0}};
    json_object_set_new(item, "ops",
                        status == STATUS_OK && !SCOPE_IS_REGISTRY(dot->feed.scope)
                            ? ops_json(replica, &view)
                            : json_array());
    status = view_origin(replica, item, dot, &person, view.head.time_ms, err);
    entry_view_release(&view);
    buffer_release(&body);
    return status;
}

/* The run that proves a fork, as base64; whoever holds the feed up to there can check it. */
static void put_proof(sqlite3_stmt *rows, json_t *item)
{
    size_t size = (size_t)sqlite3_column_bytes(rows, 6);
    size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    char *text = size > 0 ? malloc(room) : NULL;
    if (text)
        json_object_set_new(item, "proof",
                            json_string(sodium_bin2base64(text, room, sqlite3_column_blob(rows, 6),
                                                          size, sodium_base64_VARIANT_ORIGINAL)));
    free(text);
}

static enum status add_item(struct replica *replica, sqlite3_stmt *rows, json_t *list,
                            struct error *err)
{
    struct dot as,
        dot = {{(uint32_t)sqlite3_column_int64(rows, 0), (uint32_t)sqlite3_column_int64(rows, 1),
                (uint32_t)sqlite3_column_int64(rows, 2)},
               (uint64_t)sqlite3_column_int64(rows, 3)};
    char received[32], text[DOT_TEXT_BYTES];
    bool adopted;
    TRY(replica_adopted(replica, &dot, &as, &adopted, err));
    dot_format(&as, text);
    time_format(sqlite3_column_int64(rows, 5), received);
    json_t *item = json_pack("{ss? ss ss?}", "reason", (const char *)sqlite3_column_text(rows, 4),
                             "received", received, "adopted_as", adopted ? text : NULL);
    json_array_append_new(list, item);
    put_proof(rows, item);
    return put_entry(replica, &dot, item, err);
}

void view_retell_reason(json_t *item)
{
    char told[ERROR_TEXT_MAX];
    const char *reason = json_string_value(json_object_get(item, "reason"));
    if (!reason)
        return;
    retell(reason, told, sizeof told);
    json_object_set_new(item, "reason", json_string(told));
}

enum status view_set_aside(struct replica *replica, json_t **list, struct error *err)
{
    sqlite3 *database = replica_database(replica);
    sqlite3_stmt *rows = NULL;
    enum status status = STATUS_OK;
    if (sqlite3_prepare_v2(database, aside_sql, -1, &rows, NULL) != SQLITE_OK)
        return error_set(err, STATUS_STORAGE, "cannot read what was set aside: %s",
                         sqlite3_errmsg(database));
    *list = json_array();
    while (status == STATUS_OK && replica_step(replica, rows, &status, err))
        status = add_item(replica, rows, *list, err);
    sqlite3_finalize(rows);
    if (status == STATUS_OK)
        return STATUS_OK;
    json_decref(*list);
    *list = NULL;
    return status;
}
