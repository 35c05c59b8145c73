#include "common/view_attachment.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "common/pack.h"

/* ---- values out of the columns ---- */

struct column {
    const struct schema_table *table;
    const struct schema_field *field;
};

/* Rows that aren't deleted, or with `id` that one, alive or not. */
static enum status read_column(struct replica *replica, const struct column *column,
                               const struct id *id, sqlite3_stmt **rows, struct error *err)
{
    char sql[400];
    snprintf(sql, sizeof sql, "SELECT id, \"%s\" FROM \"%s\" WHERE \"%s\" IS NOT NULL AND %s",
             column->field->name, column->table->name, column->field->name,
             id ? "id = ? ORDER BY _deleted, _scope LIMIT 1" : "NOT _deleted ORDER BY id");
    if (sqlite3_prepare_v2(replica_database(replica), sql, -1, rows, NULL) != SQLITE_OK)
        return replica_failed(replica, column->table->name, err);
    if (id)
        sqlite3_bind_blob(*rows, 1, id->bytes, ID_BYTES, SQLITE_TRANSIENT);
    return STATUS_OK;
}

/* The value of the row that `rows` stands on, opened as far as we can; borrows the replica. */
static enum status opened_value(struct replica *replica, const struct column *column,
                                sqlite3_stmt *rows, struct seal_place *place, struct buffer *value,
                                struct bytes *plain, struct error *err)
{
    struct bytes packed =
        bytes_of(sqlite3_column_blob(rows, 1), (size_t)sqlite3_column_bytes(rows, 1));
    *place = (struct seal_place){.table = column->table->number, .field = column->field->number};
    if (sqlite3_column_bytes(rows, 0) == ID_BYTES)
        memcpy(place->row.bytes, sqlite3_column_blob(rows, 0), ID_BYTES);
    buffer_clear(value);
    if (pack_bin(value, packed) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return replica_plain(replica, place, buffer_bytes(value), plain, err);
}

/* ---- a list ---- */

static enum status put_state(struct replica *replica, json_t *told,
                             const struct attachment_head *head, struct error *err)
{
    struct attachment_state file = {.units = 1}, small = {.units = 1};
    bool found = false, small_found = false;
    TRY(replica_attachment_find(replica, &head->file, &file, &found, err));
    if (head->thumbnail.bytes > 0)
        TRY(replica_attachment_find(replica, &head->thumbnail, &small, &small_found, err));
    json_t *thumbnail =
        head->thumbnail.bytes > 0 ? json_boolean(small.held == small.units) : json_null();
    json_t *state = json_pack("{sI sI sI sb sb sb so}", "bytes", (json_int_t)head->file.bytes,
                              "units", (json_int_t)file.units, "held", (json_int_t)file.held,
                              "here", file.held == file.units, "wanted", file.wanted, "sent",
                              file.sent, "thumbnail", thumbnail);
    int failed = state ? json_object_update(told, state) : -1;
    json_decref(state);
    return failed ? error_set(err, STATUS_NO_MEMORY, "out of memory") : STATUS_OK;
}

static enum status tell(struct replica *replica, const struct column *column,
                        const struct seal_place *place, struct bytes value, struct bytes plain,
                        json_t *list, struct error *err)
{
    struct unpack in = unpack_of(value);
    struct attachment_description described = {0};
    struct attachment_head head;
    struct bytes data;
    char id[ID_TEXT_BYTES];
    bool opened = attachment_plain_read(&head, &described, plain);
    if (!opened && (!unpack_bin(&in, &data) || !attachment_head_read(&head, data)))
        return STATUS_OK;
    id_format(&place->row, id);
    json_t *told = json_pack(
        "{ss ss ss so so}", "table", column->table->name, "id", id, "field", column->field->name,
        "name",
        opened ? json_stringn((const char *)described.name.data, described.name.size) : json_null(),
        "type",
        opened ? json_stringn((const char *)described.media_type.data, described.media_type.size)
               : json_null());
    sodium_memzero(&described, sizeof described);
    if (json_array_append_new(list, told) != 0)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return put_state(replica, told, &head, err);
}

static enum status list_column(struct replica *replica, const struct column *column,
                               const struct id *id, json_t *list, struct error *err)
{
    sqlite3_stmt *rows = NULL;
    struct buffer value = {0};
    struct seal_place place;
    struct bytes plain;
    TRY(read_column(replica, column, id, &rows, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && replica_step(replica, rows, &status, err)) {
        status = opened_value(replica, column, rows, &place, &value, &plain, err);
        if (status == STATUS_OK)
            status = tell(replica, column, &place, buffer_bytes(&value), plain, list, err);
    }
    sqlite3_finalize(rows);
    buffer_release(&value);
    return status;
}

static enum status list_table(struct replica *replica, const struct schema_table *table,
                              const struct id *id, json_t *list, struct error *err)
{
    for (size_t i = 0; i < table->fields_count; i++) {
        struct column column = {table, &table->fields[i]};
        if (column.field->type == FIELD_ATTACHMENT)
            TRY(list_column(replica, &column, id, list, err));
    }
    return STATUS_OK;
}

static enum status list_all(struct replica *replica, const struct view_attachment_query *query,
                            json_t *list, struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    const struct schema_table *table;
    struct id id;
    if (query->id)
        TRY(view_id(query->id, &id, err));
    if (query->table) {
        TRY(view_table(replica, query->table, &table, err));
        return list_table(replica, table, query->id ? &id : NULL, list, err);
    }
    for (size_t i = 0; schema && i < schema->tables_count; i++)
        TRY(list_table(replica, &schema->tables[i], NULL, list, err));
    return STATUS_OK;
}

enum status view_attachments(struct replica *replica, const struct view_attachment_query *query,
                             json_t **list, struct error *err)
{
    *list = json_array();
    enum status status = list_all(replica, query, *list, err);
    if (status != STATUS_OK) {
        json_decref(*list);
        *list = NULL;
    }
    return status;
}

/* ---- one ---- */

static enum status choose_field(const struct schema_table *table, const char *name,
                                const struct schema_field **field, struct error *err)
{
    *field = NULL;
    if (name)
        TRY(view_field(table, name, field, err));
    for (size_t i = 0; !name && i < table->fields_count && !*field; i++)
        if (table->fields[i].type == FIELD_ATTACHMENT)
            *field = &table->fields[i];
    if (*field && (*field)->type == FIELD_ATTACHMENT)
        return STATUS_OK;
    return error_set(err, STATUS_NOT_FOUND, "table '%s' has no attachment of that name",
                     table->name);
}

static enum status take_value(struct replica *replica, const struct column *column,
                              const struct id *id, struct buffer *plain, struct error *err)
{
    sqlite3_stmt *rows = NULL;
    struct buffer value = {0};
    struct attachment_description described;
    struct attachment_head head;
    struct seal_place place;
    struct bytes opened = {0};
    TRY(read_column(replica, column, id, &rows, err));
    enum status status = STATUS_OK;
    if (replica_step(replica, rows, &status, err))
        status = opened_value(replica, column, rows, &place, &value, &opened, err);
    else if (status == STATUS_OK)
        status = error_set(err, STATUS_NOT_FOUND, "the row has nothing in field '%s'",
                           column->field->name);
    if (status == STATUS_OK && !attachment_plain_read(&head, &described, opened))
        status = error_set(err, STATUS_DENIED, "field '%s' is sealed for this device",
                           column->field->name);
    if (status == STATUS_OK && buffer_append_bytes(plain, opened) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    sodium_memzero(&described, sizeof described);
    sqlite3_finalize(rows);
    buffer_release(&value);
    return status;
}

enum status view_attachment(struct replica *replica, const struct view_attachment_place *place,
                            struct buffer *plain, struct error *err)
{
    struct column column;
    struct id id;
    buffer_clear(plain);
    TRY(view_table(replica, place->table, &column.table, err));
    TRY(view_id(place->id, &id, err));
    TRY(choose_field(column.table, place->field, &column.field, err));
    return take_value(replica, &column, &id, plain, err);
}
