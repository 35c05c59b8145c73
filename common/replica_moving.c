/* Which rows must be looked at, on a replica that moves them: those that say so (transfer.h), those
 * that moved away and were written again, those that hang on one which moved. */

#include <stdio.h>
#include <string.h>

#include "common/pack.h"
#include "common/replica_move.h"

static enum status put_row(struct replica *replica, enum statement statement,
                           const struct row_wish *row, struct error *err)
{
    sqlite3_stmt *put = sql_use(replica, statement);
    if (!put)
        return sql_fail(replica, err, "rows that move");
    sqlite3_bind_int64(put, 1, row->table->number);
    sqlite3_bind_blob(put, 2, row->id.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(put, 3, row->scope);
    return sql_done(replica, put, "rows that move", err);
}

static enum status look_at(struct replica *replica, const struct row_wish *row, struct error *err)
{
    replica->moving.waits = true;
    return put_row(replica, SQL_MOVING_PUT, row, err);
}

static enum status note_left(struct replica *replica, const struct row_wish *row, struct error *err)
{
    replica->moving.any_left = true;
    TRY(put_row(replica, SQL_LEFT_PUT, row, err));
    return look_at(replica, row, err);
}

enum status moving_left(struct replica *replica, const struct row_wish *row, bool *left,
                        struct error *err)
{
    *left = false;
    if (!replica->moving.any_left)
        return STATUS_OK;
    sqlite3_stmt *get = sql_use(replica, SQL_LEFT_GET);
    if (!get)
        return sql_fail(replica, err, "rows that move");
    sqlite3_bind_int64(get, 1, row->table->number);
    sqlite3_bind_blob(get, 2, row->id.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(get, 3, row->scope);
    enum status status = STATUS_OK;
    *left = sql_row(replica, get, &status, err);
    return sql_end(replica, get, status, err);
}

/* ---- an op ---- */

static const struct op_field *find_write(const struct entry_view *view, const struct op *op,
                                         uint16_t number)
{
    for (uint32_t i = 0; i < op->fields_count; i++)
        if (view->fields[op->fields_at + i].number == number)
            return &view->fields[op->fields_at + i];
    return NULL;
}

/* A new row that hangs on one which left this scope. */
static enum status hangs_on_left(struct replica *replica, const struct row_wish *row,
                                 const struct op_field *ref, bool *hangs, struct error *err)
{
    struct row_wish parent = {.scope = row->scope};
    *hangs = ref && schema_ref(replica->schema, table_field(row->table, ref->number), ref->value,
                               &parent.table, &parent.id);
    return *hangs ? moving_left(replica, &parent, hangs, err) : STATUS_OK;
}

enum status moving_note(struct replica *replica, const struct entry_view *view, const struct op *op,
                        struct error *err)
{
    const struct schema_table *table = schema_table(replica->schema, op->table);
    struct row_wish row = {.table = table, .scope = view->feed.scope, .id = op->row};
    struct moved moved;
    bool asked = false;
    if (!replica->moving.ready || !table)
        return STATUS_OK;
    const struct op_field *mark = find_write(view, op, FIELD_DELETED);
    if (mark && tombstone_moved(mark->value, &moved))
        return note_left(replica, &row, err);
    asked = table->moves.row && find_write(view, op, table->moves.state);
    if (!asked && replica->moving.any_left) {
        TRY(moving_left(replica, &row, &asked, err));
        if (!asked && table->follows)
            TRY(hangs_on_left(replica, &row, find_write(view, op, table->scope_field), &asked,
                              err));
    }
    return asked ? look_at(replica, &row, err) : STATUS_OK;
}

/* ---- the list ---- */

enum status moving_load(struct replica *replica, struct error *err)
{
    sqlite3_stmt *read = NULL;
    enum status status = STATUS_OK;
    replica->moving = (struct moving){0};
    if (replica->identity.device != DEVICE_HUB)
        return STATUS_OK;
    TRY(sql_prepare(replica, "SELECT 1 FROM sqlite_master WHERE name = '_moving'", &read, err));
    replica->moving.ready = sql_row(replica, read, &status, err);
    sqlite3_finalize(read);
    if (status != STATUS_OK || !replica->moving.ready)
        return status;
    TRY(sql_prepare(replica, "SELECT EXISTS(SELECT 1 FROM _left)", &read, err));
    replica->moving.any_left = sql_row(replica, read, &status, err) && sqlite3_column_int(read, 0);
    sqlite3_finalize(read);
    replica->moving.waits = true;
    return status;
}

static enum status next_listed(struct replica *replica, struct row_wish *row, bool *found,
                               struct error *err)
{
    sqlite3_stmt *next = sql_use(replica, SQL_MOVING_NEXT);
    enum status status = STATUS_OK;
    if (!next)
        return sql_fail(replica, err, "rows that move");
    *row = (struct row_wish){.fields = all_fields};
    *found = sql_row(replica, next, &status, err);
    if (*found) {
        row->table = schema_table(replica->schema, (uint32_t)sqlite3_column_int64(next, 0));
        if (sqlite3_column_bytes(next, 1) == ID_BYTES)
            memcpy(row->id.bytes, sqlite3_column_blob(next, 1), ID_BYTES);
        row->scope = (uint32_t)sqlite3_column_int64(next, 2);
    }
    return sql_end(replica, next, status, err);
}

enum status moving_next(struct replica *replica, struct row_wish *row, bool *found,
                        struct error *err)
{
    *found = false;
    if (!replica->moving.ready || !replica->moving.waits || !replica->schema)
        return STATUS_OK;
    TRY(next_listed(replica, row, found, err));
    if (!*found) {
        replica->moving.waits = false;
        return STATUS_OK;
    }
    if (!row->table)
        return error_set(err, STATUS_STORAGE, "a row that moves is of no table");
    return put_row(replica, SQL_MOVING_DROP, row, err);
}

/* ---- anew ---- */

/* Rows that moved away, as the tables say. */
static enum status find_left(struct replica *replica, struct error *err)
{
    sqlite3_stmt *read = NULL;
    enum status status = STATUS_OK;
    struct moved moved;
    TRY(sql_prepare(replica, "SELECT table_no, row, scope, value FROM _head WHERE field = 0", &read,
                    err));
    while (status == STATUS_OK && sql_row(replica, read, &status, err)) {
        struct row_wish row = {
            .table = schema_table(replica->schema, (uint32_t)sqlite3_column_int64(read, 0)),
            .scope = (uint32_t)sqlite3_column_int64(read, 2)};
        if (!row.table || sqlite3_column_bytes(read, 1) != ID_BYTES ||
            !tombstone_moved(sql_blob(read, 3), &moved))
            continue;
        memcpy(row.id.bytes, sqlite3_column_blob(read, 1), ID_BYTES);
        status = note_left(replica, &row, err);
    }
    sqlite3_finalize(read);
    return status;
}

static enum status find_asking(struct replica *replica, const struct schema_table *table,
                               struct error *err)
{
    char sql[256];
    const struct schema_field *state = table_field(table, table->moves.state);
    replica->moving.waits = true;
    snprintf(sql, sizeof sql,
             "INSERT OR IGNORE INTO _moving SELECT %u, id, _scope FROM \"%s\" "
             "WHERE \"%s\" IS NOT NULL AND _deleted = 0",
             table->number, table->name, state->name);
    return sql_run(replica, sql, err);
}

enum status moving_start(struct replica *replica, struct error *err)
{
    const struct schema *schema = replica->schema;
    if (replica->moving.ready)
        return STATUS_OK;
    TRY(sql_run(replica,
                "CREATE TABLE _moving(table_no INTEGER, row BLOB, scope INTEGER,"
                " PRIMARY KEY(table_no, row, scope)) STRICT, WITHOUT ROWID;"
                "CREATE TABLE _left(table_no INTEGER, row BLOB, scope INTEGER,"
                " PRIMARY KEY(table_no, row, scope)) STRICT, WITHOUT ROWID",
                err));
    replica->moving.ready = true;
    TRY(find_left(replica, err));
    for (size_t i = 0; schema && i < schema->tables_count; i++)
        if (schema->tables[i].moves.row)
            TRY(find_asking(replica, &schema->tables[i], err));
    return STATUS_OK;
}
