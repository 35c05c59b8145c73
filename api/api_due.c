/* Who is due, by the schema's own word: "due" of a table's form names the day, whom it is for, and
 * the time that tells which row speaks last (common/schema_form.h). That row and the one that is
 * due come with it, for the page says why, and how far it is. */

#include "api/api_read.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/view.h"

#define DUE_ROWS 100
#define SOON_DAYS 7

struct due {
    struct api_call *call;
    const struct schema_table *table;
    const struct schema_field *field, *of, *at;
    char until[16];
};

/* The local day `days` from now. */
static void local_day(struct replica *replica, int days, char out[16])
{
    time_t seconds = (time_t)(clock_wall_ms(replica_clock(replica)) / 1000) + days * 86400;
    struct tm tm = {0};
    if (!localtime_r(&seconds, &tm) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
        snprintf(out, 16, "1970-01-01");
}

/* With max() SQLite takes the other columns from the row that has the maximum
 * (lang_select.html#bareagg). */
static enum status prepare(struct due *due, sqlite3_stmt **rows, struct error *err)
{
    char sql[600];
    snprintf(sql, sizeof sql,
             "SELECT id FROM (SELECT id, \"%s\" AS day, max(IFNULL(\"%s\", '')) FROM \"%s\""
             " WHERE _deleted = 0 AND \"%s\" IS NOT NULL GROUP BY \"%s\")"
             " WHERE day <= ? ORDER BY day, id LIMIT %d",
             due->field->name, due->at->name, due->table->name, due->of->name, due->of->name,
             DUE_ROWS);
    return replica_prepare(due->call->replica, sql, rows, err);
}

/* The row that is due; NULL: it isn't here. Gives. */
static json_t *target_row(const struct due *due, const json_t *ref)
{
    const char *text = json_string_value(ref);
    const char *colon = text ? strchr(text, ':') : NULL;
    char name[API_NAME_BYTES] = "";
    json_t *row = NULL;
    if (!text)
        return NULL;
    if (colon)
        snprintf(name, sizeof name, "%.*s", (int)(colon - text), text);
    const struct schema *schema = replica_schema(due->call->replica);
    const struct schema_table *table = colon ? schema_table_named(schema, name)
                                       : due->of->ref_tables_count == 1
                                           ? schema_table(schema, due->of->ref_tables[0])
                                           : NULL;
    if (table)
        view_row(due->call->replica, table->name, colon ? colon + 1 : text, &row, NULL);
    return row;
}

static enum status add_due(struct due *due, const struct id *id, struct error *err)
{
    json_t *row, *list = json_object_get(due->call->answer, "due");
    json_t *rows = json_object_get(due->call->answer, "rows");
    char text[ID_TEXT_BYTES];
    id_format(id, text);
    TRY(view_row(due->call->replica, due->table->name, text, &row, err));
    json_array_append_new(list, json_pack("{ss ss sO sO}", "table", due->table->name, "id", text,
                                          "day", json_object_get(row, due->field->name), "of",
                                          json_object_get(row, due->of->name)));
    enum status status =
        api_titles(due->call, due->table, row, json_object_get(due->call->answer, "titles"), err);
    json_t *of = target_row(due, json_object_get(row, due->of->name));
    if (of)
        json_object_set_new(rows, json_string_value(json_object_get(row, due->of->name)), of);
    json_object_set_new(rows, text, row);
    return status;
}

static enum status list_table(struct due *due, struct error *err)
{
    sqlite3_stmt *rows;
    struct id id;
    enum status status = STATUS_OK;
    TRY(prepare(due, &rows, err));
    sqlite3_bind_text(rows, 1, due->until, -1, SQLITE_STATIC);
    while (status == STATUS_OK && replica_step(due->call->replica, rows, &status, err)) {
        if (sqlite3_column_bytes(rows, 0) != ID_BYTES)
            continue;
        memcpy(id.bytes, sqlite3_column_blob(rows, 0), ID_BYTES);
        status = add_due(due, &id, err);
    }
    sqlite3_finalize(rows);
    return status;
}

static const struct schema_field *named(const struct due *due, const json_t *hint, const char *key)
{
    const char *name = json_string_value(json_object_get(hint, key));
    return name ? table_field_named(due->table, name) : NULL;
}

enum status api_due(struct api_call *call, struct error *err)
{
    struct due due = {.call = call};
    json_t *schema;
    enum status status = STATUS_OK;
    char today[16];
    TRY(view_schema(call->replica, &schema, err));
    local_day(call->replica, 0, today);
    local_day(call->replica, SOON_DAYS, due.until);
    call->answer = json_pack("{s[] s{} s{} ss}", "due", "rows", "titles", "today", today);
    const json_t *tables = json_object_get(schema, "tables");
    for (size_t i = 0; i < json_array_size(tables) && status == STATUS_OK; i++) {
        const json_t *table = json_array_get(tables, i);
        const json_t *hint = json_object_get(json_object_get(table, "form"), "due");
        if (!hint)
            continue;
        due.table = schema_table_named(replica_schema(call->replica),
                                       json_string_value(json_object_get(table, "name")));
        due.field = named(&due, hint, "field");
        due.of = named(&due, hint, "of");
        due.at = named(&due, hint, "at");
        if (due.field && due.of && due.at)
            status = list_table(&due, err);
    }
    json_decref(schema);
    return status;
}
