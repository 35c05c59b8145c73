#include "common/report_views.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "common/doubles.h"
#include "common/view.h"

struct maker {
    struct replica *replica;
    const json_t *file;
    struct report_views *views;
    bool doubles; /* some rows were merged (doubles.h) */
};

static enum status out_of_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status execute(struct replica *replica, const char *sql, struct error *err)
{
    sqlite3 *database = replica_database(replica);
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK)
        return STATUS_OK;
    return error_set(err, STATUS_STORAGE, "cannot ask '%.60s': %.120s", "the views",
                     sqlite3_errmsg(database));
}

static enum status prepare(struct replica *replica, const char *sql, sqlite3_stmt **statement,
                           struct error *err)
{
    sqlite3 *database = replica_database(replica);
    if (sqlite3_prepare_v2(database, sql, -1, statement, NULL) == SQLITE_OK)
        return STATUS_OK;
    return error_set(err, STATUS_STORAGE, "cannot ask '%.60s': %.120s", "the views",
                     sqlite3_errmsg(database));
}

/* After the last row that was put; `code` is what its step said. */
static enum status put_end(struct replica *replica, sqlite3_stmt *put, int code, struct error *err)
{
    enum status status =
        code == SQLITE_DONE ? STATUS_OK : replica_failed(replica, "the views", err);
    sqlite3_finalize(put);
    return status;
}

enum status report_sql(const json_t *definition, struct buffer *sql, struct error *err)
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
    return status == STATUS_OK ? status : out_of_memory(err);
}

/* ---- when something was written ---- */

static void give_moment(sqlite3_context *context, int64_t time_ms)
{
    char text[32];
    if (time_ms > 0 && time_format_local(time_ms, text))
        sqlite3_result_text(context, text, 16, SQLITE_TRANSIENT);
}

static struct written written_of(sqlite3_context *context, sqlite3_value *mark)
{
    struct bytes bytes = bytes_of(sqlite3_value_blob(mark), (size_t)sqlite3_value_bytes(mark));
    return replica_mark_written(sqlite3_user_data(context), bytes);
}

static void on_written(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    give_moment(context, written_of(context, values[0]).oldest_ms);
}

static void on_changed(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    give_moment(context, written_of(context, values[0]).newest_ms);
}

static void on_entry_written(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    give_moment(context,
                replica_entry_ms(sqlite3_user_data(context), sqlite3_value_int64(values[0]),
                                 sqlite3_value_int64(values[1])));
}

static const struct {
    const char *name;
    int arguments;
    void (*call)(sqlite3_context *, int, sqlite3_value **);
} functions[] = {
    {"_written", 1, on_written}, {"_written", 2, on_entry_written}, {"_changed", 1, on_changed}};

static enum status make_functions(struct replica *replica, struct error *err)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (sqlite3_create_function(replica_database(replica), functions[i].name,
                                    functions[i].arguments, SQLITE_UTF8, replica, functions[i].call,
                                    NULL, NULL) != SQLITE_OK)
            return out_of_memory(err);
    return STATUS_OK;
}

/* ---- tables out of the registry ---- */

static enum status fill_orgs(struct replica *replica, struct error *err)
{
    const struct registry *registry = replica_registry(replica);
    sqlite3_stmt *put;
    int code = SQLITE_DONE;
    TRY(prepare(replica, "INSERT INTO _org_tree VALUES(?, ?, ?, ?, ?, 0)", &put, err));
    for (size_t i = 0; code == SQLITE_DONE && i < registry_orgs_count(registry); i++) {
        const struct org *org = registry_org_at(registry, i);
        sqlite3_reset(put);
        sqlite3_bind_int64(put, 1, org->number);
        sqlite3_bind_blob(put, 2, org->id.bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_text(put, 3, org->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(put, 4, org->kind, -1, SQLITE_STATIC);
        sqlite3_bind_int64(put, 5, org->parent);
        code = sqlite3_step(put);
    }
    TRY(put_end(replica, put, code, err));
    return execute(replica,
                   "INSERT INTO _below WITH RECURSIVE up(org, at, distance) AS ("
                   "SELECT number, number, 0 FROM _org_tree UNION ALL "
                   "SELECT up.org, o.parent, up.distance + 1 FROM up JOIN _org_tree o "
                   "ON o.number = up.at WHERE o.parent > 0 AND up.distance < 16) "
                   "SELECT at, org, distance FROM up;"
                   "UPDATE _org_tree SET depth = d.depth FROM (SELECT org, max(distance) AS depth "
                   "FROM _below GROUP BY org) d WHERE number = d.org",
                   err);
}

static enum status fill_devices(struct replica *replica, struct error *err)
{
    const struct registry *registry = replica_registry(replica);
    sqlite3_stmt *put;
    int code = SQLITE_DONE;
    TRY(prepare(replica, "INSERT INTO _device VALUES(?, ?, ?, ?, ?, ?, ?)", &put, err));
    for (size_t i = 0; code == SQLITE_DONE && i < registry_devices_count(registry); i++) {
        const struct device *device = registry_device_at(registry, i);
        const struct certificate *certificate = &device->certificate;
        enum device_state state = registry_device_state(registry, device);
        sqlite3_reset(put);
        sqlite3_bind_int64(put, 1, certificate->device);
        sqlite3_bind_blob(put, 2, device->id.bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_blob(put, 3, certificate->person.bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_text(put, 4, certificate->person_name, -1, SQLITE_STATIC);
        sqlite3_bind_text(put, 5, role_name(certificate->role), -1, SQLITE_STATIC);
        sqlite3_bind_int64(put, 6, certificate->org);
        sqlite3_bind_text(put, 7, device_state_name(state), -1, SQLITE_STATIC);
        code = sqlite3_step(put);
    }
    TRY(put_end(replica, put, code, err));
    return STATUS_OK;
}

/* The usual figures of rules, for where no row of a rule says otherwise. */
static enum status fill_usual(const struct maker *maker, struct error *err)
{
    sqlite3_stmt *put;
    int code = SQLITE_DONE;
    size_t i;
    const json_t *rule;
    TRY(prepare(maker->replica, "INSERT OR REPLACE INTO _usual VALUES(?, ?)", &put, err));
    json_array_foreach(json_object_get(maker->file, "rules"), i, rule)
    {
        if (code != SQLITE_DONE)
            break;
        sqlite3_reset(put);
        sqlite3_bind_text(put, 1, json_string_value(json_array_get(rule, 0)), -1, SQLITE_STATIC);
        sqlite3_bind_int64(put, 2, json_integer_value(json_array_get(rule, 1)));
        code = sqlite3_step(put);
    }
    TRY(put_end(maker->replica, put, code, err));
    return STATUS_OK;
}

static enum status make_tables(const struct maker *maker, struct error *err)
{
    static const char drops[] =
        "DROP TABLE IF EXISTS temp._org_tree; DROP TABLE IF EXISTS temp._below;"
        "DROP TABLE IF EXISTS temp._device; DROP TABLE IF EXISTS temp._usual;"
        "DROP TABLE IF EXISTS temp._asked;";
    if (buffer_append_bytes(&maker->views->drops, bytes_text(drops)) != STATUS_OK)
        return out_of_memory(err);
    TRY(execute(maker->replica,
                "CREATE TEMP TABLE _org_tree(number INTEGER PRIMARY KEY, id BLOB UNIQUE, "
                "name TEXT, kind TEXT, parent INTEGER, depth INTEGER);"
                "CREATE TEMP TABLE _below(ancestor INTEGER, org INTEGER, distance INTEGER, "
                "PRIMARY KEY(ancestor, org)) WITHOUT ROWID;"
                "CREATE TEMP TABLE _device(number INTEGER PRIMARY KEY, id BLOB, person BLOB, "
                "name TEXT, role TEXT, org INTEGER, state TEXT);"
                "CREATE TEMP TABLE _usual(code TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;"
                "CREATE TEMP TABLE _asked(first TEXT, last TEXT, org INTEGER, me BLOB);"
                "INSERT INTO _asked VALUES('', '', 0, NULL)",
                err));
    TRY(fill_orgs(maker->replica, err));
    TRY(fill_devices(maker->replica, err));
    return fill_usual(maker, err);
}

/* ---- views ---- */

/* `format` with each $ replaced, behind `sql`. */
static enum status note(struct buffer *sql, const char *format, const char *name, struct error *err)
{
    enum status status = STATUS_OK;
    for (; *format && status == STATUS_OK; format++)
        status = *format == '$' ? buffer_append_bytes(sql, bytes_text(name))
                                : buffer_append(sql, format, 1);
    return status == STATUS_OK ? status : out_of_memory(err);
}

static enum status execute_note(struct replica *replica, const char *format, const char *name,
                                struct error *err)
{
    struct buffer sql = {0};
    enum status status = note(&sql, format, name, err);
    if (status == STATUS_OK && buffer_append(&sql, "", 1) != STATUS_OK)
        status = out_of_memory(err);
    if (status == STATUS_OK)
        status = execute(replica, (const char *)sql.data, err);
    buffer_release(&sql);
    return status;
}

/* A table without what was deleted, or marked by the field that the file's "hide" names. The cast
 * gives _org the affinity of other numbers of orgs, without which no index serves to join them; the
 * plus says that hardly any row is deleted. */
static enum status make_table_view(const struct maker *maker, const struct schema_table *table,
                                   struct error *err)
{
    char head[200], end[160];
    struct buffer sql = {0};
    const char *hide = json_string_value(json_object_get(maker->file, "hide"));
    bool hides = hide && table_field_named(table, hide);
    TRY(note(&maker->views->drops, "DROP VIEW IF EXISTS temp.\"$\";", table->name, err));
    snprintf(head, sizeof head,
             "CREATE TEMP VIEW \"%s\" AS "
             "SELECT *, CAST((_scope & 2147483647) / 2 AS INTEGER) AS _org FROM ",
             table->name);
    snprintf(end, sizeof end, " WHERE +_deleted = 0%s%s%s", hides ? " AND IFNULL(\"" : "",
             hides ? hide : "", hides ? "\", 0) = 0" : "");
    enum status status = buffer_append_bytes(&sql, bytes_text(head));
    if (status == STATUS_OK)
        status = doubles_put_table(&sql, table, maker->doubles, DOUBLES_HIDDEN);
    if (status == STATUS_OK)
        status = buffer_append(&sql, end, strlen(end) + 1);
    status = status == STATUS_OK ? execute(maker->replica, (const char *)sql.data, err)
                                 : out_of_memory(err);
    buffer_release(&sql);
    return status;
}

/* A kept view is a table beside the view _from_NAME, filled anew for each question asked. */
static enum status keep(const struct maker *maker, const char *name, const json_t *indexes,
                        struct error *err)
{
    size_t i;
    const json_t *columns;
    char index[160];
    TRY(note(&maker->views->drops, "DROP TABLE IF EXISTS temp.\"$\";", name, err));
    TRY(note(&maker->views->fills,
             "DELETE FROM temp.\"$\"; INSERT INTO temp.\"$\" SELECT * FROM temp.\"_from_$\";", name,
             err));
    TRY(execute_note(maker->replica,
                     "CREATE TEMP TABLE \"$\" AS SELECT * FROM temp.\"_from_$\" LIMIT 0", name,
                     err));
    json_array_foreach(indexes, i, columns)
    {
        snprintf(index, sizeof index, "CREATE INDEX temp.\"$_%zu\" ON \"$\"(%.80s)", i,
                 json_string_value(columns));
        TRY(execute_note(maker->replica, index, name, err));
    }
    return STATUS_OK;
}

static enum status make_own_view(const struct maker *maker, const json_t *view, struct buffer *sql,
                                 struct error *err)
{
    struct buffer whole = {0};
    const char *name = json_string_value(json_object_get(view, "name"));
    const json_t *kept = json_object_get(view, "kept");
    const char *drop = "DROP VIEW IF EXISTS temp.\"$\";", *head = "CREATE TEMP VIEW \"$\" AS ";
    if (kept) {
        drop = "DROP VIEW IF EXISTS temp.\"_from_$\";";
        head = "CREATE TEMP VIEW \"_from_$\" AS ";
    }
    TRY(note(&maker->views->drops, drop, name, err));
    TRY(report_sql(view, sql, err));
    enum status status = note(&whole, head, name, err);
    if (status == STATUS_OK && buffer_append_bytes(&whole, buffer_bytes(sql)) != STATUS_OK)
        status = out_of_memory(err);
    if (status == STATUS_OK)
        status = execute(maker->replica, (const char *)whole.data, err);
    buffer_release(&whole);
    return status == STATUS_OK && kept ? keep(maker, name, kept, err) : status;
}

static enum status make_own_views(const struct maker *maker, const char *list, struct error *err)
{
    size_t i;
    const json_t *view;
    struct buffer sql = {0};
    enum status status = STATUS_OK;
    json_array_foreach(json_object_get(maker->file, list), i, view)
    {
        if (status == STATUS_OK)
            status = make_own_view(maker, view, &sql, err);
    }
    buffer_release(&sql);
    return status;
}

/* ---- all of it ---- */

enum status report_views_make(struct report_views *views, struct replica *replica,
                              const json_t *file, struct error *err)
{
    struct maker maker = {.replica = replica, .file = file, .views = views};
    const struct schema *schema = replica_schema(replica);
    TRY(doubles_follow(replica, &maker.doubles, err));
    TRY(make_functions(replica, err));
    TRY(make_tables(&maker, err));
    for (size_t i = 0; schema && i < schema->tables_count; i++)
        TRY(make_table_view(&maker, &schema->tables[i], err));
    TRY(make_own_views(&maker, "views", err));
    TRY(make_own_views(&maker, "invariants", err));
    return buffer_append(&views->fills, "", 1) == STATUS_OK ? STATUS_OK : out_of_memory(err);
}

void report_views_drop(struct report_views *views, struct replica *replica)
{
    sqlite3 *database = replica_database(replica);
    if (buffer_append(&views->drops, "", 1) == STATUS_OK)
        sqlite3_exec(database, (const char *)views->drops.data, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        sqlite3_create_function(database, functions[i].name, functions[i].arguments, SQLITE_UTF8,
                                NULL, NULL, NULL, NULL);
    buffer_release(&views->drops);
    buffer_release(&views->fills);
}

static enum status put_question(struct replica *replica, const struct report_question *question,
                                struct error *err)
{
    sqlite3_stmt *put;
    TRY(prepare(replica, "UPDATE _asked SET first = ?, last = ?, org = ?, me = ?", &put, err));
    sqlite3_bind_text(put, 1, question->from, -1, SQLITE_STATIC);
    sqlite3_bind_text(put, 2, question->to, -1, SQLITE_STATIC);
    sqlite3_bind_int64(put, 3, question->org);
    if (question->me)
        sqlite3_bind_blob(put, 4, question->me->bytes, ID_BYTES, SQLITE_STATIC);
    enum status status = sqlite3_step(put) == SQLITE_DONE ? STATUS_OK : STATUS_STORAGE;
    sqlite3_finalize(put);
    return status == STATUS_OK ? status : replica_failed(replica, "the question", err);
}

enum status report_views_ask(struct report_views *views, struct replica *replica,
                             const struct report_question *question, struct error *err)
{
    TRY(put_question(replica, question, err));
    return execute(replica, (const char *)views->fills.data, err);
}
