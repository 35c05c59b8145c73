#include "common/table_views.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define PIECE_BYTES 600

static enum status put(struct buffer *sql, const char *text)
{
    return buffer_append_bytes(sql, bytes_text(text));
}

/* ---- columns ---- */

/* "table:hex" out of a table's number, 2 bytes, and a row's id. */
static enum status put_ref_any(struct buffer *sql, const struct schema *schema, const char *name)
{
    char piece[PIECE_BYTES];
    snprintf(piece, sizeof piece, "CASE hex(substr(t.\"%s\", 1, 2))", name);
    TRY(put(sql, piece));
    for (size_t i = 0; i < schema->tables_count; i++) {
        const struct schema_table *table = &schema->tables[i];
        snprintf(piece, sizeof piece, " WHEN '%02X%02X' THEN '%s'", table->number & 0xff,
                 table->number >> 8, table->name);
        TRY(put(sql, piece));
    }
    snprintf(piece, sizeof piece, " ELSE '?' END || ':' || lower(hex(substr(t.\"%s\", 3)))", name);
    return put(sql, piece);
}

static enum status put_geo(struct buffer *sql, const char *name)
{
    char piece[PIECE_BYTES];
    snprintf(piece, sizeof piece,
             "CAST(substr(t.\"%s\", 1, instr(t.\"%s\", ',') - 1) AS REAL) AS \"%s_lat\", "
             "CAST(substr(t.\"%s\", instr(t.\"%s\", ',') + 1) AS REAL)",
             name, name, name, name, name);
    return put(sql, piece);
}

static enum status put_plain(struct buffer *sql, const struct schema_table *table,
                             const struct schema_field *field)
{
    char piece[PIECE_BYTES];
    const char *name = field->name;
    if (field->merge == MERGE_SET)
        snprintf(piece, sizeof piece, "t.\"%s\"", name);
    else if (field->type == FIELD_REF || field->type == FIELD_BLOB)
        snprintf(piece, sizeof piece,
                 "CASE WHEN t.\"%s\" IS NOT NULL THEN lower(hex(t.\"%s\")) END", name, name);
    else if (field->type == FIELD_MONEY)
        snprintf(piece, sizeof piece, "round(t.\"%s\" / 100.0, 2)", name);
    else if (field->type == FIELD_ATTACHMENT)
        snprintf(piece, sizeof piece, "CASE WHEN t.\"%s\" IS NOT NULL THEN 'file' END", name);
    else if (field->type == FIELD_TEXT || field->type == FIELD_SEALED)
        snprintf(piece, sizeof piece,
                 "CASE typeof(t.\"%s\") WHEN 'blob' THEN IFNULL(unsealed(t.\"%s\", %u, t.id, %u), "
                 "'" SEALED_TEXT "') ELSE t.\"%s\" END",
                 name, name, table->number, field->number, name);
    else
        snprintf(piece, sizeof piece, "t.\"%s\"", name);
    return put(sql, piece);
}

static enum status put_field(struct buffer *sql, const struct schema *schema,
                             const struct schema_table *table, const struct schema_field *field)
{
    char piece[PIECE_BYTES];
    bool set = field->merge == MERGE_SET, geo = field->type == FIELD_GEO && !set;
    TRY(put(sql, ", "));
    if (field->type == FIELD_REF_ANY && !set)
        TRY(put_ref_any(sql, schema, field->name));
    else if (geo)
        TRY(put_geo(sql, field->name));
    else
        TRY(put_plain(sql, table, field));
    snprintf(piece, sizeof piece, " AS \"%s%s\"", field->name, geo ? "_lon" : "");
    TRY(put(sql, piece));
    if (field->merge != MERGE_STEPS)
        return STATUS_OK;
    snprintf(piece, sizeof piece, ", t.\"%s_round\"", field->name);
    return put(sql, piece);
}

static enum status put_view(struct buffer *sql, const struct schema *schema,
                            const struct schema_table *table)
{
    char piece[PIECE_BYTES];
    snprintf(piece, sizeof piece, "CREATE TEMP VIEW \"v_%s\" AS SELECT lower(hex(t.id)) AS id",
             table->name);
    TRY(put(sql, piece));
    for (size_t i = 0; i < table->fields_count; i++)
        TRY(put_field(sql, schema, table, &table->fields[i]));
    snprintf(piece, sizeof piece,
             ", lower(hex(o.id)) AS _org, o.name AS _org_name, _written(t._mark) AS _written, "
             "_changed(t._mark) AS _changed FROM temp.\"%s\" t "
             "LEFT JOIN _org_tree o ON o.number = t._org;",
             table->name);
    return put(sql, piece);
}

/* ---- codes ---- */

static enum status fill_codes(struct replica *replica, const struct schema_table *table,
                              const struct schema_field *field, struct error *err)
{
    sqlite3_stmt *statement;
    if (field->codes_count == 0)
        return STATUS_OK;
    TRY(replica_prepare(replica, "INSERT INTO temp.v_codes VALUES(?, ?, ?, ?, ?, ?)", &statement,
                        err));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < field->codes_count && status == STATUS_OK; i++) {
        const struct schema_code *code = &field->codes[i];
        sqlite3_bind_text(statement, 1, table->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, field->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 3, code->code, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 4, code->label.zh, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 5, code->label.en, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 6, (int64_t)i);
        status = replica_run(replica, statement, err);
    }
    sqlite3_finalize(statement);
    return status;
}

/* ---- all of them ---- */

static enum status make_all(const struct schema *schema, struct buffer *sql)
{
    TRY(put(sql, "CREATE TEMP TABLE v_codes(table_name TEXT, field TEXT, code TEXT, zh TEXT, "
                 "en TEXT, place INTEGER);"));
    for (size_t i = 0; i < schema->tables_count; i++)
        TRY(put_view(sql, schema, &schema->tables[i]));
    return buffer_append(sql, "", 1);
}

enum status table_views_make(struct replica *replica, struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    struct buffer sql = {0};
    if (make_all(schema, &sql) != STATUS_OK) {
        buffer_release(&sql);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    int code = sqlite3_exec(replica_database(replica), (const char *)sql.data, NULL, NULL, NULL);
    buffer_release(&sql);
    if (code != SQLITE_OK)
        return replica_failed(replica, "the views", err);
    for (size_t t = 0; t < schema->tables_count; t++)
        for (size_t f = 0; f < schema->tables[t].fields_count; f++)
            TRY(fill_codes(replica, &schema->tables[t], &schema->tables[t].fields[f], err));
    return STATUS_OK;
}

void table_views_drop(struct replica *replica)
{
    const struct schema *schema = replica_schema(replica);
    sqlite3 *database = replica_database(replica);
    char drop[120];
    sqlite3_exec(database, "DROP TABLE IF EXISTS temp.v_codes", NULL, NULL, NULL);
    for (size_t i = 0; i < schema->tables_count; i++) {
        snprintf(drop, sizeof drop, "DROP VIEW IF EXISTS temp.\"v_%s\"", schema->tables[i].name);
        sqlite3_exec(database, drop, NULL, NULL, NULL);
    }
}

/* ---- which there are ---- */

static void list_field(json_t *columns, const struct schema_field *field)
{
    bool geo = field->type == FIELD_GEO && field->merge != MERGE_SET;
    const char *const geo_ends[] = {"_lat", "_lon"}, *const step_ends[] = {"", "_round"};
    const char *const *ends = geo ? geo_ends : step_ends;
    const char *type = field->merge == MERGE_SET ? "set" : field_type_name(field->type);
    for (size_t i = 0; i < (geo || field->merge == MERGE_STEPS ? 2 : 1); i++) {
        char name[PIECE_BYTES];
        snprintf(name, sizeof name, "%s%s", field->name, ends[i]);
        json_array_append_new(columns, json_pack("[ssss]", name, field->label.zh, field->label.en,
                                                 field->seal_roles ? "sealed" : type));
    }
}

json_t *table_views_list(const struct schema *schema)
{
    static const char *const last[] = {"_org", "_org_name", "_written", "_changed"};
    json_t *list = json_array();
    for (size_t t = 0; t < schema->tables_count; t++) {
        const struct schema_table *table = &schema->tables[t];
        json_t *columns = json_pack("[[ssss]]", "id", "编号", "id", "id");
        char view[PIECE_BYTES];
        snprintf(view, sizeof view, "v_%s", table->name);
        for (size_t f = 0; f < table->fields_count; f++)
            list_field(columns, &table->fields[f]);
        for (size_t i = 0; i < sizeof last / sizeof last[0]; i++)
            json_array_append_new(columns, json_pack("[ssss]", last[i], "", "", ""));
        json_array_append_new(list, json_pack("{ss ss ss ss so}", "view", view, "table",
                                              table->name, "zh", table->label.zh, "en",
                                              table->label.en, "columns", columns));
    }
    return list;
}
