/* What people call a row that another one names. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/view.h"

static enum status title_of_row(struct replica *replica, const struct schema_table *table,
                                const struct id *id, char **title, struct error *err)
{
    const struct schema_field *field =
        table->title_field ? table_field(table, table->title_field) : NULL;
    sqlite3_stmt *statement = NULL;
    char sql[256];
    if (!field)
        return STATUS_OK;
    snprintf(sql, sizeof sql,
             "SELECT \"%s\" FROM \"%s\" WHERE id = ? ORDER BY _deleted, _scope LIMIT 1",
             field->name, table->name);
    if (sqlite3_prepare_v2(replica_database(replica), sql, -1, &statement, NULL) != SQLITE_OK)
        return error_set(err, STATUS_STORAGE, "cannot read table '%s': %s", table->name,
                         sqlite3_errmsg(replica_database(replica)));
    sqlite3_bind_blob(statement, 1, id->bytes, ID_BYTES, SQLITE_TRANSIENT);
    enum status status = STATUS_OK;
    if (replica_step(replica, statement, &status, err) &&
        sqlite3_column_type(statement, 0) == SQLITE_TEXT)
        *title = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return status;
}

/* Somebody with a device may have no row of their own. */
static char *title_of_person(struct replica *replica, const struct id *id, const char *text)
{
    char name[VIEW_NAME_BYTES];
    view_person(replica, id, 0, name);
    return strcmp(name, text) == 0 ? NULL : strdup(name);
}

enum status view_title(struct replica *replica, const struct schema_field *field, const char *ref,
                       char **title, struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    const char *colon = strchr(ref, ':');
    struct id id;
    *title = NULL;
    TRY(view_id(colon ? colon + 1 : ref, &id, err));
    for (size_t i = 0; i < schema->tables_count && !*title; i++) {
        const struct schema_table *table = &schema->tables[i];
        bool named = colon && strlen(table->name) == (size_t)(colon - ref) &&
                     strncmp(table->name, ref, (size_t)(colon - ref)) == 0;
        for (size_t r = 0; !colon && r < field->ref_tables_count; r++)
            named |= field->ref_tables[r] == table->number;
        if (named)
            TRY(title_of_row(replica, table, &id, title, err));
    }
    if (!*title)
        *title = title_of_person(replica, &id, colon ? colon + 1 : ref);
    return STATUS_OK;
}
