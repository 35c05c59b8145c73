/* From a query to a statement of SQL. */

#include <stdio.h>
#include <string.h>

#include "common/pack.h"
#include "common/view_reader.h"

#define WHERES_MAX 64

enum status reader_failed(struct reader *reader, struct error *err)
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

/* What the sealed texts read as, in case that they may hold one of the words. */
static enum status put_sealed_words(struct reader *reader)
{
    char number[32];
    snprintf(number, sizeof number, ", _sealed_words(?1, %u, id", reader->table->number);
    TRY(put(reader, number));
    for (size_t i = 0; i < reader->table->fields_count; i++) {
        const struct schema_field *field = &reader->table->fields[i];
        if (!is_searched(field) || !field->seal_roles)
            continue;
        snprintf(number, sizeof number, ", %u, ", field->number);
        TRY(put(reader, number));
        TRY(put_name(reader, field->name));
    }
    return put(reader, ")");
}

static enum status put_search(struct reader *reader)
{
    const struct schema_field *title = table_field(reader->table, reader->table->title_field);
    TRY(put(reader, " AND _search(?1, "));
    TRY(title && is_searched(title) && !title->seal_roles ? put_name(reader, title->name)
                                                          : put(reader, "NULL"));
    for (size_t i = 0; i < reader->table->fields_count; i++) {
        const struct schema_field *field = &reader->table->fields[i];
        if (field == title || !is_searched(field) || field->seal_roles)
            continue;
        TRY(put(reader, ", "));
        TRY(put_name(reader, field->name));
    }
    if (reader->sealed_too)
        TRY(put_sealed_words(reader));
    return put(reader, ")");
}

static bool has_order(const struct schema_field *field)
{
    return field->merge != MERGE_SET &&
           (field->type == FIELD_INT || field->type == FIELD_MONEY || field->type == FIELD_DATE ||
            field->type == FIELD_MONTH || field->type == FIELD_DATETIME);
}

static enum status put_where(struct reader *reader, const struct view_where *where, int index,
                             struct error *err)
{
    char mark[16];
    const struct schema_field *field;
    snprintf(mark, sizeof mark, "?%d", index);
    if (strcmp(where->field, "id") == 0 || strcmp(where->field, "_org") == 0) {
        TRY(put(reader, where->field[0] == 'i' ? "id = " : "_scope = "));
        return put(reader, mark);
    }
    TRY(view_field(reader->table, where->field, &field, err));
    if (where->match != VIEW_IS) {
        if (!has_order(field))
            return error_set(err, STATUS_BAD_INPUT, "field '%s' is neither a time nor a number",
                             field->name);
        TRY(put_name(reader, field->name));
        TRY(put(reader, where->match == VIEW_FROM ? " >= " : " <= "));
        return put(reader, mark);
    }
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
    bool within = false; /* alternatives */
    for (size_t i = 0; i < query->wheres_count; i++) {
        bool or_next = query->wheres[i].or_next && i + 1 < query->wheres_count;
        TRY(put(reader, within ? " OR " : or_next ? " AND (" : " AND "));
        TRY(put_where(reader, &query->wheres[i], (int)i + 2, err));
        TRY(put(reader, within && !or_next ? ")" : ""));
        within = or_next;
    }
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
    if ((*order)->merge == MERGE_SET || (*order)->type == FIELD_SEALED ||
        (*order)->type == FIELD_ATTACHMENT)
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
        return reader_failed(reader, err);
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
    return code == SQLITE_OK ? STATUS_OK : reader_failed(reader, err);
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
        return reader_failed(reader, err);
    for (size_t i = 0; i < query->wheres_count; i++)
        TRY(bind_where(reader, &query->wheres[i], (int)i + 2, err));
    return STATUS_OK;
}

static enum status bind_after(struct reader *reader, const struct view_query *query,
                              struct error *err)
{
    int mark = (int)query->wheres_count + 2;
    const struct view_where id = {.field = "id", .value = query->after};
    const struct view_where value = {.field = query->order, .value = query->after_value};
    if (!query->after)
        return STATUS_OK;
    TRY(bind_where(reader, &id, mark, err));
    return query->order && value.value && *value.value ? bind_where(reader, &value, mark + 1, err)
                                                       : STATUS_OK;
}

/* ---- asking ---- */

static enum status check_query(const struct view_query *query, struct error *err)
{
    if (query->wheres_count > WHERES_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d conditions", WHERES_MAX);
    return STATUS_OK;
}

/* To open every sealed text takes ten times as long as all the rest, the first time
 * (sealed_words.h): it is done when no other text of the rows in question has the words. So a
 * search by name is quick, each page of one search is made alike, and a word that only stands in a
 * sealed note is found. */
static enum status choose_texts(struct reader *reader, const struct view_query *query,
                                struct error *err)
{
    bool any = false;
    for (size_t i = 0; query->search && i < reader->table->fields_count; i++)
        any |= reader->table->fields[i].seal_roles && is_searched(&reader->table->fields[i]);
    if (!any)
        return STATUS_OK;
    TRY(put(reader, "SELECT 1"));
    TRY(put_from(reader, rows_of(reader, query)));
    TRY(put_conditions(reader, query, err));
    TRY(put(reader, " LIMIT 1"));
    TRY(prepare(reader, err));
    TRY(bind_query(reader, query, err));
    int code = sqlite3_step(reader->rows);
    reader->sealed_too = code == SQLITE_DONE;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return reader_failed(reader, err);
    sqlite3_finalize(reader->rows);
    sqlite3_finalize(reader->conflicts);
    reader->rows = reader->conflicts = NULL;
    buffer_clear(&reader->sql);
    return STATUS_OK;
}

enum status reader_ask(struct reader *reader, const struct view_query *query, struct error *err)
{
    TRY(check_query(query, err));
    TRY(choose_texts(reader, query, err));
    TRY(put_query(reader, query, err));
    TRY(prepare(reader, err));
    TRY(bind_query(reader, query, err));
    return bind_after(reader, query, err);
}

enum status reader_ask_count(struct reader *reader, const struct view_query *query,
                             struct error *err)
{
    TRY(check_query(query, err));
    TRY(choose_texts(reader, query, err));
    TRY(put(reader, "SELECT count(*)"));
    TRY(put_from(reader, rows_of(reader, query)));
    TRY(put_conditions(reader, query, err));
    TRY(prepare(reader, err));
    return bind_query(reader, query, err);
}

enum status reader_ask_row(struct reader *reader, const struct id *id, struct error *err)
{
    TRY(put_select(reader, DOUBLES_SHOWN));
    TRY(put(reader, " WHERE id = ? ORDER BY _deleted, _scope LIMIT 1"));
    TRY(prepare(reader, err));
    sqlite3_bind_blob(reader->rows, 1, id->bytes, ID_BYTES, SQLITE_TRANSIENT);
    return STATUS_OK;
}
