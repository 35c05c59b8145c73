/* Tables of the engine, and the domain tables that follow from the schema. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/replica_state.h"

static const char engine_tables[] =
    "CREATE TABLE _meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE _feed(id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, device INTEGER NOT "
    "NULL,"
    " incarnation INTEGER NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL,"
    " UNIQUE(scope, device, incarnation)) STRICT;"
    /* A piece: `count` consecutive entries, and the signature of the last, which covers all.
     * id = feed << 40 | number of the last. One entry: its body; more: size (varint) and body
     * of each. form: enum log_form. */
    "CREATE TABLE _log(id INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
    " form INTEGER NOT NULL, bodies BLOB NOT NULL, signature BLOB NOT NULL) STRICT;"
    /* Entries that aren't simply in force; id = feed << 40 | number. */
    "CREATE TABLE _judged(id INTEGER PRIMARY KEY, state INTEGER NOT NULL) STRICT;"
    "CREATE INDEX judged_waiting ON _judged(state) WHERE state = 2;"
    /* Keys of sealed values that entries named (replica_seal.h). */
    "CREATE TABLE _key(id INTEGER PRIMARY KEY, subject BLOB NOT NULL, year INTEGER NOT NULL,"
    " beacon INTEGER NOT NULL, feed INTEGER NOT NULL, wrapped BLOB) STRICT;"
    "CREATE INDEX key_subject ON _key(subject);"
    /* Attachments, the fields that name them, and their units (replica_attachment.h). `plain`:
     * what was added and isn't saved yet. delivered: under which lineage the hub had it. */
    "CREATE TABLE _attachment(id INTEGER PRIMARY KEY, root BLOB NOT NULL,"
    " bytes INTEGER NOT NULL, small INTEGER NOT NULL, held INTEGER NOT NULL DEFAULT 0,"
    " whole INTEGER NOT NULL DEFAULT 0, wanted INTEGER NOT NULL DEFAULT 0,"
    " delivered INTEGER, added_ms INTEGER NOT NULL, plain BLOB, UNIQUE(root, bytes)) STRICT;"
    "CREATE TABLE _attached(attachment INTEGER NOT NULL, scope INTEGER NOT NULL,"
    " table_no INTEGER NOT NULL, row BLOB NOT NULL, field INTEGER NOT NULL,"
    " key INTEGER NOT NULL, PRIMARY KEY(attachment, scope, table_no, row, field, key))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE _unit(id INTEGER PRIMARY KEY, unit BLOB NOT NULL) STRICT;"
    /* Entries that others adopted; both as in _log. */
    "CREATE TABLE _adopted(id INTEGER PRIMARY KEY, adopted_as INTEGER NOT NULL) STRICT;"
    /* Runs of our own feeds from another life, until ours has made room. id = feed << 40 |
     * number of the first. */
    "CREATE TABLE _branch(id INTEGER PRIMARY KEY, run BLOB NOT NULL) STRICT;"
    "CREATE TABLE _head(table_no INTEGER NOT NULL, row BLOB NOT NULL, scope INTEGER NOT NULL,"
    " field INTEGER NOT NULL, feed INTEGER NOT NULL REFERENCES _feed(id),"
    " number INTEGER NOT NULL, value BLOB NOT NULL, time_ms INTEGER NOT NULL,"
    " person BLOB NOT NULL, seen BLOB, conflict INTEGER NOT NULL,"
    " PRIMARY KEY(table_no, row, scope, field, feed, number)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX head_conflict ON _head(conflict) WHERE conflict <> 0;"
    "CREATE TABLE _element(table_no INTEGER NOT NULL, row BLOB NOT NULL,"
    " scope INTEGER NOT NULL, field INTEGER NOT NULL, element BLOB NOT NULL,"
    " feed INTEGER NOT NULL REFERENCES _feed(id), number INTEGER NOT NULL,"
    " PRIMARY KEY(table_no, row, scope, field, element, feed, number)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE _replaced(table_no INTEGER NOT NULL, row BLOB NOT NULL,"
    " scope INTEGER NOT NULL, field INTEGER NOT NULL, scope_of INTEGER NOT NULL,"
    " device INTEGER NOT NULL, incarnation INTEGER NOT NULL, number INTEGER NOT NULL,"
    " element BLOB NOT NULL, PRIMARY KEY(table_no, row, scope, field, scope_of, device,"
    " incarnation, number, element)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE _touch(table_no INTEGER NOT NULL, row BLOB NOT NULL, scope INTEGER NOT NULL,"
    " feed INTEGER NOT NULL REFERENCES _feed(id), number INTEGER NOT NULL,"
    " PRIMARY KEY(table_no, row, scope, feed, number)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE _tally(scope INTEGER NOT NULL, table_no INTEGER NOT NULL,"
    " rows INTEGER NOT NULL, sum BLOB NOT NULL, PRIMARY KEY(scope, table_no))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE _set_aside(id INTEGER PRIMARY KEY, scope INTEGER NOT NULL,"
    " device INTEGER NOT NULL, incarnation INTEGER NOT NULL, number INTEGER NOT NULL,"
    " status INTEGER NOT NULL, reason TEXT NOT NULL, body BLOB, received_ms INTEGER NOT NULL,"
    " proof BLOB) STRICT;"
    "CREATE INDEX set_aside_feed ON _set_aside(scope, device, incarnation);"
    "CREATE TABLE _peer(device INTEGER PRIMARY KEY, told BLOB NOT NULL, held BLOB NOT NULL)"
    " STRICT;"
    /* Runs beyond a gap (replica_later.c). */
    "CREATE TABLE _later(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE,"
    " carried INTEGER NOT NULL, count INTEGER NOT NULL, run BLOB NOT NULL) STRICT;"
    /* A second copy, on other pages, of what nobody could bring again. */
    "CREATE TABLE _spare(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER spare AFTER INSERT ON _meta WHEN NEW.name IN"
    " ('identity', 'network', 'hub_address', 'hub_link_key') BEGIN"
    " INSERT OR REPLACE INTO _spare(name, value) VALUES(NEW.name, NEW.value); END;";

enum status tables_create_engine(struct replica *replica, struct error *err)
{
    return sql_run(replica, engine_tables, err);
}

static const char *column_type(const struct schema_field *field)
{
    if (field->merge == MERGE_SET)
        return "TEXT";
    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_INT:
    case FIELD_MONEY:
        return "INTEGER";
    case FIELD_REF:
    case FIELD_REF_ANY:
    case FIELD_BLOB:
    case FIELD_SEALED:
    case FIELD_ATTACHMENT:
        return "BLOB";
    default:
        return "TEXT";
    }
}

/* Grows a text of SQL; the only failure is memory, which the caller sees at the end. */
static void put(struct buffer *sql, const char *format, const char *name)
{
    char part[160];
    int size = snprintf(part, sizeof part, "%s", format);
    const char *mark = strstr(format, "$");
    if (mark)
        size =
            snprintf(part, sizeof part, "%.*s%s%s", (int)(mark - format), format, name, mark + 1);
    if (buffer_append(sql, part, (size_t)size) != STATUS_OK)
        sql->size = 0;
}

static enum status run_buffer(struct replica *replica, struct buffer *sql, struct error *err)
{
    enum status status = STATUS_NO_MEMORY;
    if (sql->size > 0 && buffer_append(sql, "", 1) == STATUS_OK)
        status = sql_run(replica, (const char *)sql->data, err);
    else
        error_set(err, status, "out of memory");
    buffer_release(sql);
    return status;
}

static void put_column(struct buffer *sql, const char *before, const struct schema_field *field)
{
    put(sql, before, "");
    put(sql, "\"$\" ", field->name);
    put(sql, column_type(field), "");
    if (field->merge == MERGE_STEPS) {
        put(sql, before, "");
        put(sql, "\"$_round\" INTEGER", field->name);
    }
}

static enum status create_table(struct replica *replica, const struct schema_table *table,
                                struct error *err)
{
    struct buffer sql = {0};
    put(&sql, "CREATE TABLE \"$\"(id BLOB NOT NULL, _scope INTEGER NOT NULL, ", table->name);
    put(&sql, "_mark BLOB NOT NULL, _deleted INTEGER NOT NULL DEFAULT 0", "");
    for (size_t i = 0; i < table->fields_count; i++)
        put_column(&sql, ", ", &table->fields[i]);
    put(&sql, ", PRIMARY KEY(id, _scope))", "");
    return run_buffer(replica, &sql, err);
}

/* So that a look for merged rows costs nothing where there are none (doubles.h). */
static enum status index_merged(struct replica *replica, const struct schema_table *table,
                                struct error *err)
{
    struct buffer sql = {0};
    const struct schema_field *into = table_field(table, table->same_into);
    if (!into)
        return STATUS_OK;
    put(&sql, "CREATE INDEX IF NOT EXISTS \"_merged_$\" ", table->name);
    put(&sql, "ON \"$\"", table->name);
    put(&sql, "(\"$\") ", into->name);
    put(&sql, "WHERE \"$\" IS NOT NULL", into->name);
    return run_buffer(replica, &sql, err);
}

/* By what the schema says that rows are looked for. With _deleted and _scope, so that questions
 * which need no other columns are answered without the rows. */
static enum status index_declared(struct replica *replica, const struct schema_table *table,
                                  struct error *err)
{
    for (size_t i = 0; i < table->indexes_count; i++) {
        struct buffer sql = {0};
        const struct schema_index *index = &table->indexes[i];
        put(&sql, "CREATE INDEX IF NOT EXISTS \"_by_$", table->name);
        for (size_t f = 0; f < index->count; f++)
            put(&sql, "_$", table_field(table, index->fields[f])->name);
        put(&sql, "\" ON \"$\"", table->name);
        for (size_t f = 0; f < index->count; f++) {
            put(&sql, f == 0 ? "(" : ", ", "");
            put(&sql, "\"$\"", table_field(table, index->fields[f])->name);
        }
        put(&sql, ", _deleted, _scope)", "");
        TRY(run_buffer(replica, &sql, err));
    }
    return STATUS_OK;
}

static enum status has_column(struct replica *replica, const char *table, const char *column,
                              bool *has, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(sql_prepare(replica, "SELECT 1 FROM pragma_table_info(?) WHERE name = ? OR ?2 IS NULL",
                    &statement, err));
    sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, column, -1, SQLITE_STATIC);
    enum status status = STATUS_OK;
    *has = sql_row(replica, statement, &status, err);
    sqlite3_finalize(statement);
    return status;
}

static enum status widen_table(struct replica *replica, const struct schema_table *table,
                               struct error *err)
{
    for (size_t i = 0; i < table->fields_count; i++) {
        const struct schema_field *field = &table->fields[i];
        bool has;
        TRY(has_column(replica, table->name, field->name, &has, err));
        if (has)
            continue;
        struct buffer sql = {0};
        put(&sql, "ALTER TABLE \"$\" ADD COLUMN ", table->name);
        put(&sql, "\"$\" ", field->name);
        put(&sql, column_type(field), "");
        TRY(run_buffer(replica, &sql, err));
        if (field->merge != MERGE_STEPS)
            continue;
        put(&sql, "ALTER TABLE \"$\" ADD COLUMN ", table->name);
        put(&sql, "\"$_round\" INTEGER", field->name);
        TRY(run_buffer(replica, &sql, err));
    }
    return STATUS_OK;
}

enum status tables_follow_schema(struct replica *replica, struct error *err)
{
    const struct schema *schema = registry_schema(replica->registry);
    if (!schema || schema == replica->schema)
        return STATUS_OK;
    sql_finalize_all(replica);
    for (size_t i = 0; i < schema->tables_count; i++) {
        bool has;
        TRY(has_column(replica, schema->tables[i].name, NULL, &has, err));
        TRY(has ? widen_table(replica, &schema->tables[i], err)
                : create_table(replica, &schema->tables[i], err));
        TRY(index_merged(replica, &schema->tables[i], err));
        TRY(index_declared(replica, &schema->tables[i], err));
    }
    replica->schema = schema;
    return STATUS_OK;
}

/* ---- statements of one table ---- */

/* The field columns, each put through `each` ("…$…"). */
static void put_fields(struct buffer *sql, const struct schema_table *table,
                       const struct field_set *fields, const char *each, const char *each_round)
{
    for (size_t i = 0; i < table->fields_count; i++) {
        if (!field_set_has(fields, table->fields[i].number))
            continue;
        put(sql, each, table->fields[i].name);
        if (table->fields[i].merge == MERGE_STEPS)
            put(sql, each_round, table->fields[i].name);
    }
}

static enum status prepare_buffer(struct replica *replica, struct buffer *sql,
                                  sqlite3_stmt **statement, struct error *err)
{
    enum status status = STATUS_NO_MEMORY;
    if (sql->size > 0 && buffer_append(sql, "", 1) == STATUS_OK)
        status = sql_prepare(replica, (const char *)sql->data, statement, err);
    else
        error_set(err, status, "out of memory");
    buffer_release(sql);
    return status;
}

static void put_insert(struct buffer *sql, const struct schema_table *table,
                       const struct field_set *fields)
{
    put(sql, "INSERT INTO \"$\"(id, _scope, _mark, _deleted", table->name);
    put_fields(sql, table, fields, ", \"$\"", ", \"$_round\"");
    put(sql, ") VALUES(?, ?, ?, ?", "");
    put_fields(sql, table, fields, ", ?", ", ?");
    put(sql, ") ON CONFLICT DO NOTHING", "");
}

static void put_update(struct buffer *sql, const struct schema_table *table,
                       const struct field_set *fields)
{
    put(sql, "UPDATE \"$\" SET _mark = ?3, _deleted = ?4", table->name);
    put_fields(sql, table, fields, ", \"$\" = ?", ", \"$_round\" = ?");
    put(sql, " WHERE rowid = ?1", "");
}

static void put_columns(struct buffer *sql, const struct schema_table *table,
                        const struct field_set *fields)
{
    put(sql, "SELECT rowid, id, _scope, _mark", "");
    put_fields(sql, table, fields, ", \"$\"", ", \"$_round\"");
    put(sql, " FROM \"$\"", table->name);
}

static void put_select(struct buffer *sql, const struct schema_table *table,
                       const struct field_set *fields)
{
    put_columns(sql, table, fields);
    put(sql, " WHERE id = ? AND _scope = ?", "");
}

/* Where a row lives, whatever its columns. */
static void put_place(struct buffer *sql, const struct schema_table *table,
                      const struct field_set *fields)
{
    (void)fields;
    put(sql, "SELECT _scope, _deleted FROM \"$\" WHERE id = ?", table->name);
}

/* The place of these columns; when all are taken, the oldest makes room. */
static struct table_columns *find_columns(struct replica *replica, uint16_t table,
                                          const struct field_set *fields)
{
    struct table_columns *columns = replica->columns;
    for (size_t i = 0; i < replica->columns_count; i++)
        if (columns[i].table == table && field_set_equal(&columns[i].fields, fields))
            return &columns[i];
    struct table_columns *found = &columns[replica->columns_next];
    if (replica->columns_count < TABLE_COLUMNS_MAX)
        replica->columns_count++;
    else
        for (int use = 0; use < COLUMN_USES; use++)
            sqlite3_finalize(found->statements[use]);
    replica->columns_next = (replica->columns_next + 1) % TABLE_COLUMNS_MAX;
    *found = (struct table_columns){.table = table, .fields = *fields};
    return found;
}

sqlite3_stmt *table_use(struct replica *replica, const struct schema_table *table,
                        const struct field_set *fields, enum column_use use, struct error *err)
{
    static void (*const texts[COLUMN_USES])(struct buffer *, const struct schema_table *,
                                            const struct field_set *) = {
        [COLUMNS_SELECT] = put_select,
        [COLUMNS_UPDATE] = put_update,
        [COLUMNS_INSERT] = put_insert,
        [COLUMNS_PLACE] = put_place};
    struct buffer sql = {0};
    sqlite3_stmt **statement = &find_columns(replica, table->number, fields)->statements[use];
    if (*statement) {
        sqlite3_reset(*statement);
        return *statement;
    }
    texts[use](&sql, table, fields);
    return prepare_buffer(replica, &sql, statement, err) == STATUS_OK ? *statement : NULL;
}

enum status table_scan(struct replica *replica, const struct schema_table *table, const char *which,
                       sqlite3_stmt **scan, struct error *err)
{
    struct buffer sql = {0};
    put_columns(&sql, table, &all_fields);
    put(&sql, "$", which);
    return prepare_buffer(replica, &sql, scan, err);
}
