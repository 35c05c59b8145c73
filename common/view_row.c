/* Rows as JSON, straight from the domain tables.
 *
 * The columns hold what is shown, and `head` which fields are in conflict: so get and list can't
 * disagree, and a list needs one pass. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/doubles.h"
#include "common/pack.h"
#include "common/view.h"

#define WHERES_MAX 64

struct reader {
    struct replica *replica;
    const struct schema *schema;
    const struct schema_table *table;
    struct buffer sql;
    struct buffer value;
    sqlite3_stmt *rows;
    sqlite3_stmt *conflicts; /* of the table in the order of the rows, or of one row */
    bool conflict_waits;     /* `conflicts` stands on a row */
    bool by_row;             /* rows come in another order: ask for each */
    bool doubles;            /* some rows were merged (doubles.h) */
    uint32_t org;            /* of `org_text` */
    char org_text[ID_TEXT_BYTES];
};

static enum status sql_failed(struct reader *reader, struct error *err)
{
    return error_set(err, STATUS_STORAGE, "cannot read table '%s': %s", reader->table->name,
                     sqlite3_errmsg(replica_database(reader->replica)));
}

/* ---- the statement ---- */

static enum status put(struct reader *reader, const char *text)
{
    return buffer_append_bytes(&reader->sql, bytes_text(text));
}

static enum status put_name(struct reader *reader, const char *name)
{
    TRY(put(reader, "\""));
    TRY(put(reader, name));
    return put(reader, "\"");
}

static enum status put_from(struct reader *reader, enum doubles_rows rows)
{
    TRY(put(reader, " FROM "));
    return doubles_put_table(&reader->sql, reader->table, reader->doubles, rows);
}

static enum status put_select(struct reader *reader, enum doubles_rows rows)
{
    TRY(put(reader, "SELECT id, _scope, _deleted"));
    for (size_t i = 0; i < reader->table->fields_count; i++) {
        const struct schema_field *field = &reader->table->fields[i];
        TRY(put(reader, ", "));
        TRY(put_name(reader, field->name));
        if (field->merge == MERGE_STEPS) {
            TRY(put(reader, ", \""));
            TRY(put(reader, field->name));
            TRY(put(reader, "_round\""));
        }
    }
    return put_from(reader, rows);
}

static bool is_searched(const struct schema_field *field)
{
    return field->merge != MERGE_SET &&
           (field->type == FIELD_TEXT || field->type == FIELD_PLACE || field->type == FIELD_CODE);
}

/* The column, unsealed where it may be sealed. */
static enum status put_readable(struct reader *reader, const struct schema_field *field)
{
    char numbers[48];
    if (!field->seal_roles)
        return put_name(reader, field->name);
    snprintf(numbers, sizeof numbers, ", %u, id, %u)", reader->table->number, field->number);
    TRY(put(reader, "unsealed("));
    TRY(put_name(reader, field->name));
    return put(reader, numbers);
}

static enum status put_search(struct reader *reader)
{
    const struct schema_field *title = table_field(reader->table, reader->table->title_field);
    TRY(put(reader, " AND _search(?1, "));
    TRY(title && is_searched(title) ? put_name(reader, title->name) : put(reader, "NULL"));
    for (size_t i = 0; i < reader->table->fields_count; i++) {
        const struct schema_field *field = &reader->table->fields[i];
        if (field == title || !is_searched(field))
            continue;
        TRY(put(reader, ", "));
        TRY(put_readable(reader, field));
    }
    return put(reader, ")");
}

static enum status put_where(struct reader *reader, const struct view_where *where, int index,
                             struct error *err)
{
    char mark[16];
    const struct schema_field *field;
    snprintf(mark, sizeof mark, "?%d", index);
    if (strcmp(where->field, "id") == 0 || strcmp(where->field, "_org") == 0) {
        TRY(put(reader, where->field[0] == 'i' ? " AND id = " : " AND _scope = "));
        return put(reader, mark);
    }
    TRY(view_field(reader->table, where->field, &field, err));
    TRY(put(reader, " AND "));
    if (field->merge == MERGE_SET && !*where->value) {
        TRY(put(reader, "IFNULL("));
        TRY(put_name(reader, field->name));
        return put(reader, ", '[]') = '[]'");
    }
    if (field->merge == MERGE_SET) {
        TRY(doubles_put_root(&reader->sql, mark, reader->doubles));
        TRY(put(reader, " IN (SELECT value FROM json_each("));
        TRY(put_name(reader, field->name));
        return put(reader, "))");
    }
    TRY(put_readable(reader, field));
    TRY(put(reader, " IS "));
    bool resolves = reader->doubles && (field->type == FIELD_REF || field->type == FIELD_REF_ANY) &&
                    field->number != reader->table->same_into;
    return doubles_put_root(&reader->sql, mark, resolves);
}

/* Who asks for what was merged into a row wants to see it. */
static enum doubles_rows rows_of(const struct reader *reader, const struct view_query *query)
{
    const struct schema_field *into = table_field(reader->table, reader->table->same_into);
    for (size_t i = 0; into && i < query->wheres_count; i++)
        if (strcmp(query->wheres[i].field, into->name) == 0 && *query->wheres[i].value)
            return DOUBLES_SHOWN;
    return DOUBLES_HIDDEN;
}

static enum status put_conditions(struct reader *reader, const struct view_query *query,
                                  struct error *err)
{
    TRY(put(reader, " WHERE _deleted = 0"));
    if (query->search)
        TRY(put_search(reader));
    for (size_t i = 0; i < query->wheres_count; i++)
        TRY(put_where(reader, &query->wheres[i], (int)i + 2, err));
    return STATUS_OK;
}

/* What rows are ordered by: -infinity stands before every number and text, so that absent values
 * can be compared with others. */
static enum status put_order(struct reader *reader, const struct schema_field *field)
{
    TRY(put(reader, "IFNULL("));
    TRY(put_readable(reader, field));
    return put(reader, ", -9e999)");
}

/* " AND (order, id) > (?, ?)", the marks behind those of the conditions. */
static enum status put_after(struct reader *reader, const struct view_query *query,
                             const struct schema_field *order)
{
    char marks[64];
    const char *than = query->descending ? "<" : ">";
    int mark = (int)query->wheres_count + 2;
    if (!order) {
        snprintf(marks, sizeof marks, " AND id %s ?%d", than, mark);
        return put(reader, marks);
    }
    TRY(put(reader, " AND ("));
    TRY(put_order(reader, order));
    snprintf(marks, sizeof marks, ", id) %s (IFNULL(?%d, -9e999), ?%d)", than, mark + 1, mark);
    return put(reader, marks);
}

static enum status find_order(struct reader *reader, const struct view_query *query,
                              const struct schema_field **order, struct error *err)
{
    *order = NULL;
    if (!query->order)
        return STATUS_OK;
    TRY(view_field(reader->table, query->order, order, err));
    if ((*order)->merge == MERGE_SET || (*order)->type == FIELD_SEALED)
        return error_set(err, STATUS_BAD_INPUT, "rows can't be ordered by field '%s'",
                         query->order);
    return STATUS_OK;
}

static enum status put_query(struct reader *reader, const struct view_query *query,
                             struct error *err)
{
    char limit[80];
    const struct schema_field *order;
    const char *direction = query->descending ? " DESC" : "";
    TRY(find_order(reader, query, &order, err));
    TRY(put_select(reader, rows_of(reader, query)));
    TRY(put_conditions(reader, query, err));
    if (query->after)
        TRY(put_after(reader, query, order));
    TRY(put(reader, " ORDER BY "));
    if (order) {
        TRY(put_order(reader, order));
        TRY(put(reader, direction));
        TRY(put(reader, ", "));
    }
    snprintf(limit, sizeof limit, "id%s, _scope%s LIMIT %lld OFFSET %lld", direction, direction,
             (long long)(query->limit > 0 ? query->limit : -1), (long long)query->offset);
    reader->by_row = order || query->descending || query->after;
    return put(reader, limit);
}

static enum status prepare(struct reader *reader, struct error *err)
{
    static const char all[] = "SELECT DISTINCT row, scope, field FROM _head "
                              "WHERE conflict <> 0 AND table_no = ? ORDER BY row, scope, field";
    static const char one[] = "SELECT DISTINCT row, scope, field FROM _head WHERE conflict <> 0"
                              " AND table_no = ? AND row = ? AND scope = ? ORDER BY field";
    sqlite3 *database = replica_database(reader->replica);
    if (sqlite3_prepare_v2(database, (const char *)reader->sql.data, (int)reader->sql.size,
                           &reader->rows, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(database, reader->by_row ? one : all, -1, &reader->conflicts, NULL) !=
            SQLITE_OK)
        return sql_failed(reader, err);
    sqlite3_bind_int(reader->conflicts, 1, reader->table->number);
    return STATUS_OK;
}

/* ---- binding ---- */

static enum status bind_packed(struct reader *reader, const struct schema_field *field, int index,
                               struct error *err)
{
    struct bytes value = buffer_bytes(&reader->value), data;
    struct unpack in = unpack_of(value);
    struct buffer text = {0};
    int64_t number;
    bool flag;
    int code = SQLITE_OK;
    if (unpack_nil(&in))
        return STATUS_OK;
    if (field->merge != MERGE_SET && unpack_bool(&in, &flag)) {
        code = sqlite3_bind_int(reader->rows, index, flag);
    } else if (field->merge != MERGE_SET && unpack_int(&in, &number)) {
        code = sqlite3_bind_int64(reader->rows, index, number);
    } else if (field->merge != MERGE_SET && unpack_bin(&in, &data)) {
        code = sqlite3_bind_blob(reader->rows, index, data.data, (int)data.size, SQLITE_TRANSIENT);
    } else {
        TRY(field_format(reader->schema, field, value, &text));
        code = sqlite3_bind_text(reader->rows, index, text.size ? (const char *)text.data : "",
                                 (int)text.size, SQLITE_TRANSIENT);
        buffer_release(&text);
    }
    return code == SQLITE_OK ? STATUS_OK : sql_failed(reader, err);
}

static enum status bind_where(struct reader *reader, const struct view_where *where, int index,
                              struct error *err)
{
    const struct schema_field *field;
    const struct org *org;
    struct id id;
    if (strcmp(where->field, "id") == 0) {
        TRY(view_id(where->value, &id, err));
        sqlite3_bind_blob(reader->rows, index, id.bytes, ID_BYTES, SQLITE_TRANSIENT);
        return STATUS_OK;
    }
    if (strcmp(where->field, "_org") == 0) {
        TRY(view_org(reader->replica, where->value, &org, err));
        sqlite3_bind_int64(reader->rows, index, table_scope(reader->table, org->number));
        return STATUS_OK;
    }
    TRY(view_field(reader->table, where->field, &field, err));
    if (field->merge == MERGE_SET && !*where->value)
        return STATUS_OK; /* the statement has no mark for it */
    buffer_clear(&reader->value);
    TRY(field_parse(reader->schema, field, where->value, &reader->value, err));
    return bind_packed(reader, field, index, err);
}

static enum status bind_query(struct reader *reader, const struct view_query *query,
                              struct error *err)
{
    if (query->search &&
        sqlite3_bind_text(reader->rows, 1, query->search, -1, SQLITE_TRANSIENT) != SQLITE_OK)
        return sql_failed(reader, err);
    for (size_t i = 0; i < query->wheres_count; i++)
        TRY(bind_where(reader, &query->wheres[i], (int)i + 2, err));
    return STATUS_OK;
}

static enum status bind_after(struct reader *reader, const struct view_query *query,
                              struct error *err)
{
    int mark = (int)query->wheres_count + 2;
    const struct view_where id = {"id", query->after};
    const struct view_where value = {query->order, query->after_value};
    if (!query->after)
        return STATUS_OK;
    TRY(bind_where(reader, &id, mark, err));
    return query->order && value.value && *value.value ? bind_where(reader, &value, mark + 1, err)
                                                       : STATUS_OK;
}

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
    struct bytes plain = replica_plain(reader->replica, &place, buffer_bytes(&reader->value));
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
    if (type == SQLITE_BLOB && (field->type == FIELD_TEXT || field->type == FIELD_SEALED)) {
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

static void ask_conflicts(struct reader *reader, const void *id, int64_t scope)
{
    sqlite3_reset(reader->conflicts);
    sqlite3_bind_blob(reader->conflicts, 2, id, ID_BYTES, SQLITE_TRANSIENT);
    sqlite3_bind_int64(reader->conflicts, 3, scope);
    reader->conflict_waits = sqlite3_step(reader->conflicts) == SQLITE_ROW;
}

/* Both statements ascend by row and scope: walk them side by side. */
static json_t *conflicts_of(struct reader *reader, const void *id, int64_t scope)
{
    json_t *names = json_array();
    if (reader->by_row)
        ask_conflicts(reader, id, scope);
    while (reader->conflict_waits) {
        int order = compare_conflict(reader, id, scope);
        if (order > 0)
            break;
        int field = sqlite3_column_int(reader->conflicts, 2);
        if (order == 0)
            json_array_append_new(names, json_string(field_name(reader->table, field)));
        reader->conflict_waits = sqlite3_step(reader->conflicts) == SQLITE_ROW;
    }
    return names;
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
    int failed = json_object_set_new_nocheck(row, "_conflicts", conflicts_of(reader, &id, scope));
    if (sqlite3_column_int(reader->rows, 2))
        failed |= json_object_set_new_nocheck(row, "_deleted", json_true());
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
        reader->conflict_waits = sqlite3_step(reader->conflicts) == SQLITE_ROW;
    while (status == STATUS_OK && (code = sqlite3_step(reader->rows)) == SQLITE_ROW) {
        json_t *row = NULL;
        status = make_row(reader, &row, err);
        if (status == STATUS_OK)
            status = take(context, row, err);
        json_decref(row);
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = sql_failed(reader, err);
    return status;
}

static enum status check_query(const struct view_query *query, struct error *err)
{
    if (query->wheres_count > WHERES_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d conditions", WHERES_MAX);
    return STATUS_OK;
}

enum status view_list(struct replica *replica, const struct view_query *query, view_taker *take,
                      void *context, struct error *err)
{
    struct reader reader;
    TRY(check_query(query, err));
    enum status status = reader_start(&reader, replica, query->table, err);
    if (status == STATUS_OK)
        status = put_query(&reader, query, err);
    if (status == STATUS_OK)
        status = prepare(&reader, err);
    if (status == STATUS_OK)
        status = bind_query(&reader, query, err);
    if (status == STATUS_OK)
        status = bind_after(&reader, query, err);
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
    TRY(check_query(query, err));
    enum status status = reader_start(&reader, replica, query->table, err);
    if (status == STATUS_OK)
        status = put(&reader, "SELECT count(*)");
    if (status == STATUS_OK)
        status = put_from(&reader, rows_of(&reader, query));
    if (status == STATUS_OK)
        status = put_conditions(&reader, query, err);
    if (status == STATUS_OK)
        status = prepare(&reader, err);
    if (status == STATUS_OK)
        status = bind_query(&reader, query, err);
    if (status == STATUS_OK) {
        if (sqlite3_step(reader.rows) == SQLITE_ROW)
            *count = sqlite3_column_int64(reader.rows, 0);
        else
            status = sql_failed(&reader, err);
    }
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
        status = put_select(&reader, DOUBLES_SHOWN);
    if (status == STATUS_OK)
        status = put(&reader, " WHERE id = ? ORDER BY _deleted, _scope LIMIT 1");
    if (status == STATUS_OK)
        status = prepare(&reader, err);
    if (status == STATUS_OK)
        sqlite3_bind_blob(reader.rows, 1, id.bytes, ID_BYTES, SQLITE_TRANSIENT);
    if (status == STATUS_OK)
        status = read_rows(&reader, keep_row, row, err);
    reader_release(&reader);
    if (status == STATUS_OK && !*row)
        return error_set(err, STATUS_NOT_FOUND, "there is no row '%s' in table '%s'", text, table);
    return status;
}
