#include "common/report.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/builtin_reports.h"
#include "common/doubles.h"
#include "common/mutant.h"

#define STEPS_PER_LOOK 100000
#define LOOKS_MAX 30000 /* some half a minute and more: then it is given up */

struct report_book {
    struct replica *replica;
    sqlite3 *database;
    json_t *file;
    unsigned looks;
    bool doubles; /* some rows were merged (doubles.h) */
};

static enum status failed(const struct report_book *book, const char *what, struct error *err)
{
    if (book->looks >= LOOKS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "'%.60s' took too long", what);
    return error_set(err, STATUS_STORAGE, "cannot ask '%.60s': %.120s", what,
                     sqlite3_errmsg(book->database));
}

/* The lines of a definition's SQL as one text. */
static enum status sql_of(const json_t *definition, struct buffer *sql, struct error *err)
{
    size_t i;
    const json_t *line;
    enum status status = STATUS_OK;
    buffer_clear(sql);
    json_array_foreach(json_object_get(definition, "sql"), i, line)
    {
        if (status == STATUS_OK)
            status = buffer_append_bytes(sql, bytes_text(json_string_value(line)));
        if (status == STATUS_OK)
            status = buffer_append(sql, "\n", 1);
    }
    if (status == STATUS_OK)
        status = buffer_append(sql, "", 1);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

/* ---- what questions may do ---- */

static int may_read_only(void *context, int action, const char *a, const char *b, const char *c,
                         const char *d)
{
    (void)context;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    bool reads = action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION ||
                 action == SQLITE_RECURSIVE;
    return reads || MUTANT("t19-reports-may-write") ? SQLITE_OK : SQLITE_DENY;
}

static int on_progress(void *context)
{
    struct report_book *book = context;
    return ++book->looks >= LOOKS_MAX;
}

/* ---- the views ---- */

static enum status execute(struct report_book *book, const char *sql, struct error *err)
{
    if (sqlite3_exec(book->database, sql, NULL, NULL, NULL) == SQLITE_OK)
        return STATUS_OK;
    return failed(book, "the views", err);
}

static enum status make_tree(struct report_book *book, struct error *err)
{
    const struct registry *registry = replica_registry(book->replica);
    sqlite3_stmt *put = NULL;
    TRY(execute(book,
                "CREATE TEMP TABLE _org_tree(number INTEGER PRIMARY KEY, id BLOB, name TEXT, "
                "kind TEXT, parent INTEGER, depth INTEGER);"
                "CREATE TEMP TABLE _below(ancestor INTEGER, org INTEGER, distance INTEGER, "
                "PRIMARY KEY(ancestor, org)) WITHOUT ROWID;"
                "CREATE TEMP TABLE _user(id BLOB PRIMARY KEY, name TEXT) WITHOUT ROWID",
                err));
    if (sqlite3_prepare_v2(book->database, "INSERT INTO _org_tree VALUES(?, ?, ?, ?, ?, 0)", -1,
                           &put, NULL) != SQLITE_OK)
        return failed(book, "the views", err);
    for (size_t i = 0; i < registry_orgs_count(registry); i++) {
        const struct org *org = registry_org_at(registry, i);
        sqlite3_reset(put);
        sqlite3_bind_int64(put, 1, org->number);
        sqlite3_bind_blob(put, 2, org->id.bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_text(put, 3, org->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(put, 4, org->kind, -1, SQLITE_STATIC);
        sqlite3_bind_int64(put, 5, org->parent);
        sqlite3_step(put);
    }
    sqlite3_finalize(put);
    return execute(book,
                   "INSERT INTO _below WITH RECURSIVE up(org, at, distance) AS ("
                   "SELECT number, number, 0 FROM _org_tree UNION ALL "
                   "SELECT up.org, o.parent, up.distance + 1 FROM up JOIN _org_tree o "
                   "ON o.number = up.at WHERE o.parent > 0 AND up.distance < 16) "
                   "SELECT at, org, distance FROM up;"
                   "UPDATE _org_tree SET depth = (SELECT max(distance) FROM _below "
                   "WHERE org = number)",
                   err);
}

static enum status make_users(struct report_book *book, struct error *err)
{
    const struct registry *registry = replica_registry(book->replica);
    sqlite3_stmt *put = NULL;
    if (sqlite3_prepare_v2(book->database, "INSERT OR IGNORE INTO _user VALUES(?, ?)", -1, &put,
                           NULL) != SQLITE_OK)
        return failed(book, "the views", err);
    for (size_t i = 0; i < registry_devices_count(registry); i++) {
        const struct certificate *certificate = &registry_device_at(registry, i)->certificate;
        sqlite3_reset(put);
        sqlite3_bind_blob(put, 1, certificate->person.bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_text(put, 2, certificate->person_name, -1, SQLITE_STATIC);
        sqlite3_step(put);
    }
    sqlite3_finalize(put);
    return STATUS_OK;
}

/* A table without what was deleted, or marked by the field that the file's "hide" names. */
static enum status make_view(struct report_book *book, const struct schema_table *table,
                             const char *hide, struct error *err)
{
    char head[160], end[160];
    struct buffer sql = {0};
    bool hides = hide && table_field_named(table, hide);
    snprintf(head, sizeof head,
             "CREATE TEMP VIEW \"%s\" AS SELECT *, (_scope & 2147483647) / 2 AS _org FROM ",
             table->name);
    snprintf(end, sizeof end, " WHERE _deleted = 0%s%s%s", hides ? " AND IFNULL(\"" : "",
             hides ? hide : "", hides ? "\", 0) = 0" : "");
    enum status status = buffer_append_bytes(&sql, bytes_text(head));
    if (status == STATUS_OK)
        status = doubles_put_table(&sql, table, book->doubles, DOUBLES_HIDDEN);
    if (status == STATUS_OK)
        status = buffer_append(&sql, end, strlen(end) + 1);
    status = status == STATUS_OK ? execute(book, (const char *)sql.data, err)
                                 : error_set(err, status, "out of memory");
    buffer_release(&sql);
    return status;
}

static enum status make_own_view(struct report_book *book, const json_t *view, struct buffer *sql,
                                 struct error *err)
{
    char head[100];
    struct buffer whole = {0};
    TRY(sql_of(view, sql, err));
    snprintf(head, sizeof head, "CREATE TEMP VIEW \"%.60s\" AS ",
             json_string_value(json_object_get(view, "name")));
    enum status status = buffer_append_bytes(&whole, bytes_text(head));
    if (status == STATUS_OK)
        status = buffer_append_bytes(&whole, buffer_bytes(sql));
    status = status == STATUS_OK ? execute(book, (const char *)whole.data, err)
                                 : error_set(err, status, "out of memory");
    buffer_release(&whole);
    return status;
}

static enum status make_views(struct report_book *book, struct error *err)
{
    const struct schema *schema = replica_schema(book->replica);
    const char *hide = json_string_value(json_object_get(book->file, "hide"));
    struct buffer sql = {0};
    enum status status = doubles_follow(book->replica, &book->doubles, err);
    if (status == STATUS_OK)
        status = make_tree(book, err);
    if (status == STATUS_OK)
        status = make_users(book, err);
    for (size_t i = 0; schema && i < schema->tables_count && status == STATUS_OK; i++)
        status = make_view(book, &schema->tables[i], hide, err);
    size_t i;
    const json_t *view;
    json_array_foreach(json_object_get(book->file, "views"), i, view)
    {
        if (status == STATUS_OK)
            status = make_own_view(book, view, &sql, err);
    }
    buffer_release(&sql);
    return status;
}

/* ---- life ---- */

enum status report_book_open(struct report_book **book, struct replica *replica, struct error *err)
{
    struct bytes text = builtin_reports();
    json_error_t problem;
    struct report_book *made = calloc(1, sizeof *made);
    *book = NULL;
    if (!made)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    made->replica = replica;
    made->database = replica_database(replica);
    made->file = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &problem);
    enum status status =
        made->file ? make_views(made, err)
                   : error_set(err, STATUS_BAD_INPUT, "the reports are broken: %s", problem.text);
    if (status != STATUS_OK) {
        report_book_free(made);
        return status;
    }
    *book = made;
    return STATUS_OK;
}

void report_book_free(struct report_book *book)
{
    if (!book)
        return;
    json_decref(book->file);
    free(book);
}

const json_t *report_definitions(const struct report_book *book)
{
    return json_object_get(book->file, "reports");
}

const json_t *report_definition(const struct report_book *book, const char *name)
{
    size_t i;
    const json_t *definition;
    json_array_foreach(report_definitions(book), i, definition)
    {
        if (strcmp(json_string_value(json_object_get(definition, "name")), name) == 0)
            return definition;
    }
    return NULL;
}

/* ---- asking ---- */

static json_t *value_of(sqlite3_stmt *row, int column)
{
    char id[ID_TEXT_BYTES];
    struct id read;
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        return json_integer(sqlite3_column_int64(row, column));
    case SQLITE_FLOAT:
        return json_real(sqlite3_column_double(row, column));
    case SQLITE_TEXT:
        return json_string((const char *)sqlite3_column_text(row, column));
    case SQLITE_BLOB:
        if (sqlite3_column_bytes(row, column) != ID_BYTES)
            return json_null();
        memcpy(read.bytes, sqlite3_column_blob(row, column), ID_BYTES);
        id_format(&read, id);
        return json_string(id);
    default:
        return json_null();
    }
}

static json_t *row_of(sqlite3_stmt *row)
{
    json_t *object = json_object();
    for (int i = 0; i < sqlite3_column_count(row); i++)
        json_object_set_new(object, sqlite3_column_name(row, i), value_of(row, i));
    return object;
}

static void bind(sqlite3_stmt *statement, const struct report_period *period)
{
    const char *const names[] = {":from", ":to"};
    const char *const texts[] = {period->from, period->to};
    for (int i = 0; i < 2; i++) {
        int at = sqlite3_bind_parameter_index(statement, names[i]);
        if (at > 0)
            sqlite3_bind_text(statement, at, texts[i], -1, SQLITE_STATIC);
    }
    int at = sqlite3_bind_parameter_index(statement, ":org");
    if (at > 0)
        sqlite3_bind_int64(statement, at, period->org);
}

static enum status ask(struct report_book *book, const json_t *definition,
                       const struct report_period *period, json_t *rows, struct error *err)
{
    const char *name = json_string_value(json_object_get(definition, "name"));
    struct buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    TRY(sql_of(definition, &sql, err));
    book->looks = 0;
    sqlite3_set_authorizer(book->database, may_read_only, NULL);
    sqlite3_progress_handler(book->database, STEPS_PER_LOOK, on_progress, book);
    int code = sqlite3_prepare_v2(book->database, (const char *)sql.data, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        bind(statement, period);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW)
            json_array_append_new(rows, row_of(statement));
    }
    enum status status = code == SQLITE_DONE ? STATUS_OK : failed(book, name, err);
    sqlite3_finalize(statement);
    sqlite3_set_authorizer(book->database, NULL, NULL);
    sqlite3_progress_handler(book->database, 0, NULL, NULL);
    buffer_release(&sql);
    return status;
}

enum status report_run(struct report_book *book, const char *name,
                       const struct report_period *period, json_t **rows, struct error *err)
{
    const json_t *definition = report_definition(book, name);
    *rows = NULL;
    if (!definition)
        return error_set(err, STATUS_NOT_FOUND, "there is no report '%.60s'", name);
    *rows = json_array();
    enum status status = ask(book, definition, period, *rows, err);
    if (status != STATUS_OK) {
        json_decref(*rows);
        *rows = NULL;
    }
    return status;
}

/* ---- reminders ---- */

static json_int_t days_of(const json_t *row)
{
    return json_integer_value(json_object_get(row, "days"));
}

static int longest_first(const void *a, const void *b)
{
    json_int_t left = days_of(*(json_t *const *)a), right = days_of(*(json_t *const *)b);
    return left == right ? 0 : left > right ? -1 : 1;
}

static enum status sort(json_t **rows, struct error *err)
{
    size_t count = json_array_size(*rows);
    json_t **items = malloc((count + 1) * sizeof *items), *sorted = json_array();
    if (!items || !sorted) {
        free(items);
        json_decref(sorted);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < count; i++)
        items[i] = json_array_get(*rows, i);
    if (count > 1)
        qsort(items, count, sizeof *items, longest_first);
    for (size_t i = 0; i < count; i++)
        json_array_append(sorted, items[i]);
    free(items);
    json_decref(*rows);
    *rows = sorted;
    return STATUS_OK;
}

static enum status ask_reminder(struct report_book *book, const json_t *definition,
                                const struct report_period *period, json_t *rows, struct error *err)
{
    size_t before = json_array_size(rows);
    TRY(ask(book, definition, period, rows, err));
    for (size_t i = before; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        json_object_set(row, "kind", json_object_get(definition, "name"));
        json_object_set(row, "title", json_object_get(definition, "zh"));
    }
    return STATUS_OK;
}

enum status report_due(struct report_book *book, const struct report_period *period, json_t **rows,
                       struct error *err)
{
    size_t i;
    const json_t *definition;
    enum status status = STATUS_OK;
    *rows = json_array();
    json_array_foreach(json_object_get(book->file, "reminders"), i, definition)
    {
        if (status == STATUS_OK)
            status = ask_reminder(book, definition, period, *rows, err);
    }
    if (status == STATUS_OK)
        status = sort(rows, err);
    if (status != STATUS_OK) {
        json_decref(*rows);
        *rows = NULL;
    }
    return status;
}
