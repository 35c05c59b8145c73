#include "common/doubles.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 64

static enum status failed(struct replica *replica, struct error *err)
{
    return error_set(err, STATUS_STORAGE, "cannot read what was merged: %s",
                     sqlite3_errmsg(replica_database(replica)));
}

static const struct schema_field *into_field(const struct schema_table *table)
{
    return table->same_into ? table_field(table, table->same_into) : NULL;
}

/* ---- the table of merged rows ---- */

/* By the partial index: a look that costs nothing where nothing is merged. */
static enum status look(struct replica *replica, const struct schema_table *table, bool *any,
                        struct error *err)
{
    char sql[256];
    sqlite3_stmt *statement = NULL;
    const char *into = into_field(table)->name;
    snprintf(sql, sizeof sql, "SELECT 1 FROM main.\"%s\" WHERE \"%s\" IS NOT NULL LIMIT 1",
             table->name, into);
    if (sqlite3_prepare_v2(replica_database(replica), sql, -1, &statement, NULL) != SQLITE_OK)
        return failed(replica, err);
    enum status status = STATUS_OK;
    *any |= replica_step(replica, statement, &status, err);
    sqlite3_finalize(statement);
    return status;
}

static enum status execute(struct replica *replica, const char *sql, struct error *err)
{
    return sqlite3_exec(replica_database(replica), sql, NULL, NULL, NULL) == SQLITE_OK
               ? STATUS_OK
               : failed(replica, err);
}

/* Every step of a chain goes to a smaller id, so its end is the smallest one reached. */
static enum status collect(struct replica *replica, const struct schema_table *table,
                           struct error *err)
{
    char sql[1600];
    const char *name = table->name, *into = into_field(table)->name;
    int size = snprintf(
        sql, sizeof sql,
        "INSERT OR IGNORE INTO temp._double WITH RECURSIVE edge(a, b) AS ("
        "SELECT t.id, t.\"%s\" FROM main.\"%s\" t WHERE t.\"%s\" IS NOT NULL AND t.\"%s\" < t.id "
        "AND t._deleted = 0 AND EXISTS (SELECT 1 FROM main.\"%s\" o WHERE o.id = t.\"%s\" "
        "AND o._deleted = 0)), walk(a, b) AS (SELECT a, b FROM edge UNION "
        "SELECT walk.a, edge.b FROM walk JOIN edge ON edge.a = walk.b), "
        "found(a, b) AS MATERIALIZED (SELECT a, min(b) FROM walk GROUP BY a) "
        "SELECT a, b FROM found UNION ALL "
        "SELECT CAST(x'%02x%02x' || a AS BLOB), CAST(x'%02x%02x' || b AS BLOB) FROM found "
        "UNION ALL SELECT lower(hex(a)), lower(hex(b)) FROM found UNION ALL "
        "SELECT '%s:' || lower(hex(a)), '%s:' || lower(hex(b)) FROM found",
        into, name, into, into, name, into, table->number & 0xff, table->number >> 8,
        table->number & 0xff, table->number >> 8, name, name);
    if (size < 0 || size >= (int)sizeof sql)
        return error_set(err, STATUS_TOO_LARGE, "the name '%.60s' is too long", name);
    return execute(replica, sql, err);
}

/* Within one transaction only our own changes can make the table old: their count, plus one; below
 * zero when nothing is merged. */
static bool is_fresh(struct replica *replica, bool *any)
{
    sqlite3 *database = replica_database(replica);
    int64_t mark = *replica_doubles_mark(replica);
    *any = mark > 0;
    return !sqlite3_get_autocommit(database) &&
           (mark > 0 ? mark : -mark) == sqlite3_total_changes64(database) + 1;
}

static void set_fresh(struct replica *replica, bool any)
{
    int64_t mark = sqlite3_total_changes64(replica_database(replica)) + 1;
    *replica_doubles_mark(replica) = any ? mark : -mark;
}

enum status doubles_follow(struct replica *replica, bool *any, struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    if (is_fresh(replica, any))
        return STATUS_OK;
    *any = false;
    for (size_t i = 0; schema && i < schema->tables_count; i++)
        if (schema->tables[i].same_into)
            TRY(look(replica, &schema->tables[i], any, err));
    if (!*any) {
        set_fresh(replica, false);
        return STATUS_OK;
    }
    TRY(execute(replica,
                "CREATE TEMP TABLE IF NOT EXISTS _double(ref PRIMARY KEY, root) WITHOUT ROWID;"
                "CREATE INDEX IF NOT EXISTS temp._double_root ON _double(root);"
                "DELETE FROM temp._double",
                err));
    for (size_t i = 0; i < schema->tables_count; i++)
        if (schema->tables[i].same_into)
            TRY(collect(replica, &schema->tables[i], err));
    set_fresh(replica, true);
    return STATUS_OK;
}

enum status doubles_root(struct replica *replica, const struct id *id, struct id *root,
                         struct error *err)
{
    sqlite3_stmt *statement = NULL;
    bool any;
    *root = *id;
    TRY(doubles_follow(replica, &any, err));
    if (!any)
        return STATUS_OK;
    if (sqlite3_prepare_v2(replica_database(replica), "SELECT root FROM temp._double WHERE ref = ?",
                           -1, &statement, NULL) != SQLITE_OK)
        return failed(replica, err);
    sqlite3_bind_blob(statement, 1, id->bytes, ID_BYTES, SQLITE_STATIC);
    enum status status = STATUS_OK;
    if (replica_step(replica, statement, &status, err) &&
        sqlite3_column_bytes(statement, 0) == ID_BYTES)
        memcpy(root->bytes, sqlite3_column_blob(statement, 0), ID_BYTES);
    sqlite3_finalize(statement);
    return status;
}

/* ---- the SQL of readers ---- */

/* `format` with each $ replaced. */
static enum status put(struct buffer *sql, const char *format, const char *name)
{
    for (; *format; format++)
        TRY(*format == '$' ? buffer_append_bytes(sql, bytes_text(name))
                           : buffer_append(sql, format, 1));
    return STATUS_OK;
}

enum status doubles_put_root(struct buffer *sql, const char *expression, bool any)
{
    return put(sql, any ? "IFNULL((SELECT root FROM temp._double WHERE ref = $), $)" : "$",
               expression);
}

static bool is_ref(const struct schema_field *field)
{
    return field->type == FIELD_REF || field->type == FIELD_REF_ANY;
}

/* What `row` has in the column; references name who stands for them. */
static enum status put_value(struct buffer *sql, const struct schema_field *field, const char *row)
{
    char column[NAME_MAX_BYTES + 8];
    snprintf(column, sizeof column, "%s.\"%s\"", row, field->name);
    if (!is_ref(field))
        return put(sql, "$", column);
    if (field->merge != MERGE_SET)
        return doubles_put_root(sql, column, true);
    TRY(put(sql, "CASE WHEN $ IS NULL THEN NULL ELSE (SELECT json_group_array(v) FROM ", column));
    TRY(put(sql, "(SELECT DISTINCT IFNULL((SELECT root FROM temp._double WHERE ref = value), ",
            ""));
    return put(sql, "value) AS v FROM json_each($) ORDER BY 1)) END", column);
}

/* Of a row that stands for others: its own value, or the first that one of them has. */
static enum status put_filled(struct buffer *sql, const struct schema_table *table,
                              const struct schema_field *field, const char *column)
{
    bool value = strcmp(column, field->name) == 0; /* else the rounds of its steps */
    TRY(put(sql, "CASE WHEN t.\"$\" IS NULL AND t.id IN (SELECT root FROM temp._double) ",
            field->name));
    TRY(put(sql, "THEN (SELECT ", ""));
    TRY(value ? put_value(sql, field, "o") : put(sql, "o.\"$\"", column));
    TRY(put(sql, " FROM temp._double d ", ""));
    TRY(put(sql, "JOIN main.\"$\" o ON o.id = d.ref AND o._deleted = 0 ", table->name));
    TRY(put(sql, "WHERE d.root = t.id AND o.\"$\" IS NOT NULL ORDER BY d.ref LIMIT 1) ELSE ",
            field->name));
    TRY(value ? put_value(sql, field, "t") : put(sql, "t.\"$\"", column));
    return put(sql, " END", "");
}

static enum status put_column(struct buffer *sql, const struct schema_table *table,
                              const struct schema_field *field, bool fills)
{
    char round[NAME_MAX_BYTES + 8];
    bool own = !fills || field->number == table->same_into || field->number == table->same_unless ||
               field->merge == MERGE_SET || field->seal_roles; /* sealed for the row they are in */
    snprintf(round, sizeof round, "%s_round", field->name);
    TRY(put(sql, ", ", ""));
    if (field->number == table->same_into)
        TRY(put(sql, "t.\"$\"", field->name));
    else
        TRY(own ? put_value(sql, field, "t") : put_filled(sql, table, field, field->name));
    TRY(put(sql, " AS \"$\"", field->name));
    if (field->merge != MERGE_STEPS)
        return STATUS_OK;
    TRY(put(sql, ", ", ""));
    TRY(own ? put(sql, "t.\"$\"", round) : put_filled(sql, table, field, round));
    return put(sql, " AS \"$\"", round);
}

enum status doubles_put_table(struct buffer *sql, const struct schema_table *table, bool any,
                              enum doubles_rows rows)
{
    bool merges = table->same_into != 0 && rows == DOUBLES_HIDDEN;
    if (!any)
        return put(sql, "main.\"$\"", table->name);
    TRY(put(sql, "(SELECT t.id AS id, t._scope AS _scope, t._deleted AS _deleted, t._mark AS _mark",
            ""));
    for (size_t i = 0; i < table->fields_count; i++)
        TRY(put_column(sql, table, &table->fields[i], merges));
    TRY(put(sql, " FROM main.\"$\" t", table->name));
    return put(sql, merges ? " WHERE t.id NOT IN (SELECT ref FROM temp._double))" : ")", "");
}
