/* Rows as JSON, straight from the domain tables.
 *
 * The columns hold what is shown, and `head` which fields are in conflict: so get and list can't
 * disagree, and a list needs one pass. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_read.h"
#include "common/pack.h"
#include "common/view_reader.h"

/* ---- one row ---- */

static json_t *set_json(const char *text, size_t size)
{
    json_t *list = size ? json_loadb(text, size, 0, NULL) : json_array();
    return list ? list : json_null();
}

/* reader->value as it reads for who has the key. */
static enum status sealed_json(struct reader *reader, const struct schema_field *field,
                               json_t **json, struct error *err)
{
    struct seal_place place = {.table = reader->table->number, .field = field->number};
    if (sqlite3_column_bytes(reader->rows, 0) == ID_BYTES)
        memcpy(place.row.bytes, sqlite3_column_blob(reader->rows, 0), ID_BYTES);
    struct bytes plain;
    TRY(replica_plain(reader->replica, &place, buffer_bytes(&reader->value), &plain, err));
    return view_value(reader->schema, field, plain, json, err);
}

/* The column as it is shown; most are nothing but a text or a number. */
static enum status column_json(struct reader *reader, const struct schema_field *field, int column,
                               json_t **json, struct error *err)
{
    sqlite3_stmt *rows = reader->rows;
    int type = sqlite3_column_type(rows, column);
    size_t size = type == SQLITE_NULL ? 0 : (size_t)sqlite3_column_bytes(rows, column);
    const char *text = type == SQLITE_TEXT ? (const char *)sqlite3_column_text(rows, column) : "";
    if (field->merge == MERGE_SET) {
        *json = set_json(text, size);
        return STATUS_OK;
    }
    if (type == SQLITE_NULL || type == SQLITE_TEXT) {
        *json = type == SQLITE_NULL ? json_null() : json_stringn(text, size);
        return STATUS_OK;
    }
    buffer_clear(&reader->value);
    if (type == SQLITE_BLOB && field->type == FIELD_ATTACHMENT) {
        TRY(pack_bin(&reader->value, bytes_of(sqlite3_column_blob(rows, column), size)));
        return sealed_json(reader, field, json, err);
    } else if (type == SQLITE_BLOB && (field->type == FIELD_TEXT || field->type == FIELD_SEALED)) {
        TRY(pack_sealed(&reader->value, bytes_of(sqlite3_column_blob(rows, column), size)));
        return sealed_json(reader, field, json, err);
    } else if (type == SQLITE_BLOB) {
        TRY(pack_bin(&reader->value, bytes_of(sqlite3_column_blob(rows, column), size)));
    } else if (field->type == FIELD_BOOL) {
        TRY(pack_bool(&reader->value, sqlite3_column_int(rows, column) != 0));
    } else {
        TRY(pack_int(&reader->value, sqlite3_column_int64(rows, column)));
    }
    return view_value(reader->schema, field, buffer_bytes(&reader->value), json, err);
}

static enum status put_fields(struct reader *reader, json_t *row, struct error *err)
{
    int column = 3;
    char name[80];
    for (size_t i = 0; i < reader->table->fields_count; i++) {
        const struct schema_field *field = &reader->table->fields[i];
        json_t *json;
        TRY(column_json(reader, field, column++, &json, err));
        if (json_object_set_new_nocheck(row, field->name, json) != 0)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        if (field->merge != MERGE_STEPS)
            continue;
        int64_t round = sqlite3_column_int64(reader->rows, column++);
        snprintf(name, sizeof name, "%s_round", field->name);
        if (round >= 2 && json_object_set_new_nocheck(row, name, json_integer(round)) != 0)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    return STATUS_OK;
}

static const char *field_name(const struct schema_table *table, int number)
{
    const struct schema_field *field = number > 0 ? table_field(table, (uint32_t)number) : NULL;
    return field ? field->name : "_deleted";
}

static int compare_conflict(struct reader *reader, const void *id, int64_t scope)
{
    struct bytes at = bytes_of(sqlite3_column_blob(reader->conflicts, 0),
                               (size_t)sqlite3_column_bytes(reader->conflicts, 0));
    int order = bytes_compare(at, bytes_of(id, ID_BYTES));
    int64_t at_scope = sqlite3_column_int64(reader->conflicts, 1);
    return order != 0 ? order : (at_scope > scope) - (at_scope < scope);
}

static enum status next_conflict(struct reader *reader, struct error *err)
{
    enum status status = STATUS_OK;
    reader->conflict_waits = replica_step(reader->replica, reader->conflicts, &status, err);
    return status;
}

static enum status ask_conflicts(struct reader *reader, const void *id, int64_t scope,
                                 struct error *err)
{
    sqlite3_reset(reader->conflicts);
    sqlite3_bind_blob(reader->conflicts, 2, id, ID_BYTES, SQLITE_TRANSIENT);
    sqlite3_bind_int64(reader->conflicts, 3, scope);
    return next_conflict(reader, err);
}

/* Both statements ascend by row and scope: walk them side by side. */
static enum status put_conflicts(struct reader *reader, const void *id, int64_t scope,
                                 json_t *names, struct error *err)
{
    if (reader->by_row)
        TRY(ask_conflicts(reader, id, scope, err));
    while (reader->conflict_waits) {
        int order = compare_conflict(reader, id, scope);
        if (order > 0)
            break;
        int field = sqlite3_column_int(reader->conflicts, 2);
        if (order == 0 &&
            json_array_append_new(names, json_string(field_name(reader->table, field))) != 0)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        TRY(next_conflict(reader, err));
    }
    return STATUS_OK;
}

static const char *org_text(struct reader *reader, int64_t scope)
{
    uint32_t number = SCOPE_ORG((uint32_t)scope);
    if (reader->org != number) {
        const struct org *org = registry_org(replica_registry(reader->replica), number);
        reader->org = number;
        snprintf(reader->org_text, sizeof reader->org_text, "?");
        if (org)
            id_format(&org->id, reader->org_text);
    }
    return reader->org_text;
}

/* Where it went. */
static enum status put_moved(struct reader *reader, json_t *json, const struct id *id,
                             uint32_t scope, struct error *err)
{
    struct row row = {0};
    struct moved moved;
    bool found;
    enum status status =
        replica_row(reader->replica, reader->table->number, id, scope, &row, &found, err);
    if (status == STATUS_OK && row_moved(&row, &moved))
        json_object_set_new(json, "_moved",
                            json_stringn((const char *)moved.name.data, moved.name.size));
    row_release(&row);
    return status;
}

static enum status make_row(struct reader *reader, json_t **made, struct error *err)
{
    struct id id = {{0}};
    char text[ID_TEXT_BYTES];
    json_t *row = *made = json_object();
    int64_t scope = sqlite3_column_int64(reader->rows, 1);
    if (sqlite3_column_bytes(reader->rows, 0) == ID_BYTES)
        memcpy(id.bytes, sqlite3_column_blob(reader->rows, 0), ID_BYTES);
    id_format(&id, text);
    json_object_set_new_nocheck(row, "id", json_string_nocheck(text));
    TRY(put_fields(reader, row, err));
    json_object_set_new_nocheck(row, "_org", json_string_nocheck(org_text(reader, scope)));
    json_t *conflicts = json_array();
    int failed = json_object_set_new_nocheck(row, "_conflicts", conflicts);
    TRY(put_conflicts(reader, &id, scope, conflicts, err));
    if (sqlite3_column_int(reader->rows, 2))
        failed |= json_object_set_new_nocheck(row, "_deleted", json_true());
    if (sqlite3_column_int(reader->rows, 2) == ROW_MOVED)
        TRY(put_moved(reader, row, &id, (uint32_t)scope, err));
    return failed ? error_set(err, STATUS_NO_MEMORY, "out of memory") : STATUS_OK;
}

/* ---- reading ---- */

static enum status reader_start(struct reader *reader, struct replica *replica, const char *table,
                                struct error *err)
{
    *reader = (struct reader){.replica = replica, .schema = replica_schema(replica)};
    TRY(view_table(replica, table, &reader->table, err));
    return doubles_follow(replica, &reader->doubles, err);
}

static void reader_release(struct reader *reader)
{
    sqlite3_finalize(reader->rows);
    sqlite3_finalize(reader->conflicts);
    buffer_release(&reader->sql);
    buffer_release(&reader->value);
}

static enum status read_rows(struct reader *reader, view_taker *take, void *context,
                             struct error *err)
{
    enum status status = STATUS_OK;
    int code = SQLITE_DONE;
    if (!reader->by_row)
        TRY(next_conflict(reader, err));
    while (status == STATUS_OK && (code = sqlite3_step(reader->rows)) == SQLITE_ROW) {
        json_t *row = NULL;
        uint64_t shortages = json_shortages();
        status = make_row(reader, &row, err);
        if (status == STATUS_OK)
            status = json_whole(shortages, err);
        if (status == STATUS_OK)
            status = take(context, row, err);
        json_decref(row);
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = reader_failed(reader, err);
    return status;
}

enum status view_list(struct replica *replica, const struct view_query *query, view_taker *take,
                      void *context, struct error *err)
{
    struct reader reader;
    enum status status = reader_start(&reader, replica, query->table, err);
    if (status == STATUS_OK)
        status = reader_ask(&reader, query, err);
    if (status == STATUS_OK)
        status = read_rows(&reader, take, context, err);
    reader_release(&reader);
    return status;
}

enum status view_count(struct replica *replica, const struct view_query *query, int64_t *count,
                       struct error *err)
{
    struct reader reader;
    *count = 0;
    enum status status = reader_start(&reader, replica, query->table, err);
    if (status == STATUS_OK)
        status = reader_ask_count(&reader, query, err);
    if (status == STATUS_OK && sqlite3_step(reader.rows) != SQLITE_ROW)
        status = reader_failed(&reader, err);
    if (status == STATUS_OK)
        *count = sqlite3_column_int64(reader.rows, 0);
    reader_release(&reader);
    return status;
}

static enum status keep_row(void *context, json_t *row, struct error *err)
{
    (void)err;
    *(json_t **)context = json_incref(row);
    return STATUS_OK;
}

enum status view_row(struct replica *replica, const char *table, const char *text, json_t **row,
                     struct error *err)
{
    struct reader reader;
    struct id id;
    *row = NULL;
    TRY(view_id(text, &id, err));
    enum status status = reader_start(&reader, replica, table, err);
    if (status == STATUS_OK)
        status = reader_ask_row(&reader, &id, err);
    if (status == STATUS_OK)
        status = read_rows(&reader, keep_row, row, err);
    reader_release(&reader);
    if (status == STATUS_OK && !*row)
        return error_set(err, STATUS_NOT_FOUND, "there is no row '%s' in table '%s'", text, table);
    return status;
}
