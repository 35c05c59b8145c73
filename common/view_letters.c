/* Letters: rows that take another row to another org, here or sent on (common/transfer.h). */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/transfer.h"
#include "common/view.h"

static enum status failed(struct replica *replica, const struct schema_table *table,
                          struct error *err)
{
    return error_set(err, STATUS_STORAGE, "cannot read table '%s': %s", table->name,
                     sqlite3_errmsg(replica_database(replica)));
}

/* The org that a letter goes to: its name, the registry's or its row's, else the id; and its id in
 * the registry, null when that isn't known here. */
static enum status name_target(struct replica *replica, const struct schema_field *field,
                               const json_t *row, json_t *letter, struct error *err)
{
    const char *to = json_string_value(json_object_get(row, field->name));
    const struct org *org = NULL;
    char *title = NULL, id_text[ID_TEXT_BYTES];
    struct id id;
    if (to && id_parse(to, &id))
        TRY(transfer_target(replica, schema_table(replica_schema(replica), field->ref_tables[0]),
                            &id, &org, err));
    if (org)
        id_format(&org->id, id_text);
    json_object_set_new(letter, "to_org", org ? json_string(id_text) : json_null());
    if (org) {
        json_object_set_new(letter, "to", json_string(org->name));
        return STATUS_OK;
    }
    if (to)
        TRY(view_title(replica, field, to, &title, err));
    json_object_set_new(letter, "to", to ? json_string(title ? title : to) : json_null());
    free(title);
    return STATUS_OK;
}

static enum status put_letter(struct replica *replica, const struct schema_table *table,
                              const char *id, json_t *list, struct error *err)
{
    const struct schema_moves *moves = &table->moves;
    const struct schema_field *when = table_field(table, moves->when);
    json_t *row = NULL, *letter;
    TRY(view_row(replica, table->name, id, &row, err));
    const char *kind = json_string_value(json_object_get(row, when->name));
    int code = kind ? field_code_rank(when, bytes_text(kind)) : -1;
    if (code < 0 || code > 63 || !(moves->when_codes >> code & 1)) {
        json_decref(row);
        return STATUS_OK;
    }
    letter = json_pack("{ss ss sO? sO? sO? sO? sO?}", "table", table->name, "id", id, "row",
                       json_object_get(row, table_field(table, moves->row)->name), "name",
                       json_object_get(row, table_field(table, moves->name)->name), "state",
                       json_object_get(row, table_field(table, moves->state)->name), "_org",
                       json_object_get(row, "_org"), "_moved", json_object_get(row, "_moved"));
    enum status status = name_target(replica, table_field(table, moves->to), row, letter, err);
    json_decref(row);
    json_array_append_new(list, letter);
    return status;
}

static enum status list_table(struct replica *replica, const struct schema_table *table,
                              json_t *list, struct error *err)
{
    char sql[256];
    sqlite3_stmt *ids = NULL;
    enum status status = STATUS_OK;
    int code = SQLITE_DONE;
    snprintf(sql, sizeof sql,
             "SELECT lower(hex(id)), min(_deleted) AS gone FROM main.\"%s\" WHERE \"%s\" IS NOT "
             "NULL GROUP BY id HAVING gone <> 1 ORDER BY id",
             table->name, table_field(table, table->moves.state)->name);
    if (sqlite3_prepare_v2(replica_database(replica), sql, -1, &ids, NULL) != SQLITE_OK)
        return failed(replica, table, err);
    while (status == STATUS_OK && (code = sqlite3_step(ids)) == SQLITE_ROW)
        status = put_letter(replica, table, (const char *)sqlite3_column_text(ids, 0), list, err);
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = failed(replica, table, err);
    sqlite3_finalize(ids);
    return status;
}

enum status view_letters(struct replica *replica, json_t **letters, struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    enum status status = STATUS_OK;
    *letters = json_array();
    for (size_t i = 0; schema && i < schema->tables_count && status == STATUS_OK; i++)
        if (schema->tables[i].moves.row)
            status = list_table(replica, &schema->tables[i], *letters, err);
    if (status == STATUS_OK)
        return status;
    json_decref(*letters);
    *letters = NULL;
    return status;
}
