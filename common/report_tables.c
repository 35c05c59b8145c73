#include "common/report_tables.h"

#include <sqlite3.h>

static enum status execute(struct replica *replica, const char *sql, struct error *err)
{
    return sqlite3_exec(replica_database(replica), sql, NULL, NULL, NULL) == SQLITE_OK
               ? STATUS_OK
               : replica_failed(replica, "the views", err);
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
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

/* ---- tables out of the registry ---- */

static enum status fill_orgs(struct replica *replica, struct error *err)
{
    const struct registry *registry = replica_registry(replica);
    sqlite3_stmt *put;
    enum status status = STATUS_OK;
    TRY(replica_prepare(replica, "INSERT INTO _org_tree VALUES(?, ?, ?, ?, ?, 0)", &put, err));
    for (size_t i = 0; status == STATUS_OK && i < registry_orgs_count(registry); i++) {
        const struct org *org = registry_org_at(registry, i);
        sqlite3_bind_int64(put, 1, org->number);
        sqlite3_bind_blob(put, 2, org->id.bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_text(put, 3, org->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(put, 4, org->kind, -1, SQLITE_STATIC);
        sqlite3_bind_int64(put, 5, org->parent);
        status = replica_run(replica, put, err);
    }
    sqlite3_finalize(put);
    TRY(status);
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
    enum status status = STATUS_OK;
    TRY(replica_prepare(replica, "INSERT INTO _device VALUES(?, ?, ?, ?, ?, ?, ?)", &put, err));
    for (size_t i = 0; status == STATUS_OK && i < registry_devices_count(registry); i++) {
        const struct device *device = registry_device_at(registry, i);
        const struct certificate *certificate = &device->certificate;
        enum device_state state = registry_device_state(registry, device);
        sqlite3_bind_int64(put, 1, certificate->device);
        sqlite3_bind_blob(put, 2, device->id.bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_blob(put, 3, certificate->person.bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_text(put, 4, certificate->person_name, -1, SQLITE_STATIC);
        sqlite3_bind_text(put, 5, role_name(certificate->role), -1, SQLITE_STATIC);
        sqlite3_bind_int64(put, 6, certificate->org);
        sqlite3_bind_text(put, 7, device_state_name(state), -1, SQLITE_STATIC);
        status = replica_run(replica, put, err);
    }
    sqlite3_finalize(put);
    return status;
}

/* The usual figures of rules, for where no row of a rule says otherwise. */
static enum status fill_usual(struct replica *replica, const json_t *rules, struct error *err)
{
    sqlite3_stmt *put;
    enum status status = STATUS_OK;
    size_t i;
    const json_t *rule;
    TRY(replica_prepare(replica, "INSERT OR REPLACE INTO _usual VALUES(?, ?)", &put, err));
    json_array_foreach(rules, i, rule)
    {
        if (status != STATUS_OK)
            break;
        sqlite3_bind_text(put, 1, json_string_value(json_array_get(rule, 0)), -1, SQLITE_STATIC);
        sqlite3_bind_int64(put, 2, json_integer_value(json_array_get(rule, 1)));
        status = replica_run(replica, put, err);
    }
    sqlite3_finalize(put);
    return status;
}

static const char creates[] =
    "CREATE TEMP TABLE _org_tree(number INTEGER PRIMARY KEY, id BLOB UNIQUE, name TEXT, "
    "kind TEXT, parent INTEGER, depth INTEGER);"
    "CREATE TEMP TABLE _below(ancestor INTEGER, org INTEGER, distance INTEGER, "
    "PRIMARY KEY(ancestor, org)) WITHOUT ROWID;"
    "CREATE TEMP TABLE _device(number INTEGER PRIMARY KEY, id BLOB, person BLOB, name TEXT, "
    "role TEXT, org INTEGER, state TEXT);"
    "CREATE TEMP TABLE _usual(code TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;"
    "CREATE TEMP TABLE _asked(first TEXT, last TEXT, org INTEGER, me BLOB);"
    "INSERT INTO _asked VALUES('', '', 0, NULL)";

enum status report_tables_make(struct replica *replica, const json_t *rules, struct error *err)
{
    TRY(make_functions(replica, err));
    TRY(execute(replica, creates, err));
    TRY(fill_orgs(replica, err));
    TRY(fill_devices(replica, err));
    return fill_usual(replica, rules, err);
}

void report_tables_drop(struct replica *replica)
{
    sqlite3 *database = replica_database(replica);
    sqlite3_exec(database,
                 "DROP TABLE IF EXISTS temp._org_tree; DROP TABLE IF EXISTS temp._below;"
                 "DROP TABLE IF EXISTS temp._device; DROP TABLE IF EXISTS temp._usual;"
                 "DROP TABLE IF EXISTS temp._asked",
                 NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        sqlite3_create_function(database, functions[i].name, functions[i].arguments, SQLITE_UTF8,
                                NULL, NULL, NULL, NULL);
}
