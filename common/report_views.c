#include "common/report_views.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/doubles.h"
#include "common/report_tables.h"
#include "common/view.h"

#define NAME_BYTES 64

/* A table of the schema, or a view of the files. */
struct report_view {
    const char *name;
    const struct schema_table *table; /* or NULL */
    const json_t *definition;         /* or NULL */
    bool made;
    bool needed; /* by what is asked for the days at hand */
    bool looked; /* what it names is marked, too */
    bool filled; /* a kept one: for the days at hand */
};

static enum status out_of_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static const json_t *kept(const struct report_view *view)
{
    return json_object_get(view->definition, "kept");
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

/* ---- which there are ---- */

static void add(struct report_views *views, struct report_view view)
{
    if (json_object_set_new(views->places, view.name, json_integer((json_int_t)views->count)) == 0)
        views->items[views->count++] = view;
}

enum status report_views_open(struct report_views *views, struct replica *replica,
                              const json_t *file, struct error *err)
{
    static const char *const lists[] = {"views", "invariants"};
    const struct schema *schema = replica_schema(replica);
    size_t most = schema ? schema->tables_count : 0, i;
    const json_t *definition;
    *views = (struct report_views){.replica = replica, .file = file};
    for (i = 0; i < sizeof lists / sizeof lists[0]; i++)
        most += json_array_size(json_object_get(file, lists[i]));
    views->places = json_object();
    views->items = calloc(most + 1, sizeof *views->items);
    if (!views->places || !views->items)
        return out_of_memory(err);
    for (i = 0; schema && i < schema->tables_count; i++)
        add(views,
            (struct report_view){.name = schema->tables[i].name, .table = &schema->tables[i]});
    for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++)
        json_array_foreach(json_object_get(file, lists[list]), i, definition)
            add(views,
                (struct report_view){.name = json_string_value(json_object_get(definition, "name")),
                                     .definition = definition});
    if (views->count < most)
        return out_of_memory(err);
    return doubles_follow(replica, &views->doubles, err);
}

/* ---- making one ---- */

/* `format` with each $ replaced by a name, and `rest` behind it. */
static enum status execute(struct report_views *views, const char *format, const char *name,
                           const char *rest, struct error *err)
{
    struct buffer sql = {0};
    enum status status = STATUS_OK;
    for (; *format && status == STATUS_OK; format++)
        status = *format == '$' ? buffer_append_bytes(&sql, bytes_text(name))
                                : buffer_append(&sql, format, 1);
    if (status == STATUS_OK)
        status = buffer_append(&sql, rest, strlen(rest) + 1);
    if (status != STATUS_OK)
        out_of_memory(err);
    else if (sqlite3_exec(replica_database(views->replica), (const char *)sql.data, NULL, NULL,
                          NULL) != SQLITE_OK)
        status = error_set(err, STATUS_STORAGE, "cannot ask '%.60s': %.120s", "the views",
                           sqlite3_errmsg(replica_database(views->replica)));
    buffer_release(&sql);
    return status;
}

/* A table without what was deleted, or marked by the field that the file's "hide" names. The cast
 * gives _org the affinity of other numbers of orgs, without which no index serves to join them; the
 * plus says that hardly any row is deleted. */
static enum status make_of_table(struct report_views *views, const struct schema_table *table,
                                 struct error *err)
{
    char end[160];
    struct buffer from = {0};
    const char *hide = json_string_value(json_object_get(views->file, "hide"));
    bool hides = hide && table_field_named(table, hide);
    snprintf(end, sizeof end, " WHERE +_deleted = 0%s%s%s", hides ? " AND IFNULL(\"" : "",
             hides ? hide : "", hides ? "\", 0) = 0" : "");
    enum status status = doubles_put_table(&from, table, views->doubles, DOUBLES_HIDDEN);
    if (status == STATUS_OK)
        status = buffer_append(&from, end, strlen(end) + 1);
    if (status == STATUS_OK)
        status = execute(views,
                         "CREATE TEMP VIEW \"$\" AS SELECT *, "
                         "CAST((_scope & 2147483647) / 2 AS INTEGER) AS _org FROM ",
                         table->name, (const char *)from.data, err);
    else
        out_of_memory(err);
    buffer_release(&from);
    return status;
}

/* A kept view is a table beside the view _from_NAME. */
static enum status make_kept(struct report_views *views, const struct report_view *view,
                             struct error *err)
{
    size_t i;
    const json_t *columns;
    char index[160];
    TRY(execute(views, "CREATE TEMP TABLE \"$\" AS SELECT * FROM temp.\"_from_$\" LIMIT 0",
                view->name, "", err));
    json_array_foreach(kept(view), i, columns)
    {
        snprintf(index, sizeof index, "CREATE INDEX temp.\"$_%zu\" ON \"$\"(%.80s)", i,
                 json_string_value(columns));
        TRY(execute(views, index, view->name, "", err));
    }
    return STATUS_OK;
}

static enum status make(struct report_views *views, struct report_view *view, struct error *err)
{
    struct buffer sql = {0};
    view->made = true;
    if (view->table)
        return make_of_table(views, view->table, err);
    enum status status = report_sql(view->definition, &sql, err);
    if (status == STATUS_OK)
        status = execute(
            views, kept(view) ? "CREATE TEMP VIEW \"_from_$\" AS " : "CREATE TEMP VIEW \"$\" AS ",
            view->name, (const char *)sql.data, err);
    buffer_release(&sql);
    return status == STATUS_OK && kept(view) ? make_kept(views, view, err) : status;
}

/* ---- which are needed ---- */

static bool in_names(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '_';
}

/* Words of the SQL that are the name of a view; a column of that name costs a view too many. */
static void mark_named(struct report_views *views, const char *sql)
{
    char name[NAME_BYTES];
    while (*sql) {
        size_t size = 0;
        for (; in_names(sql[size]); size++)
            if (size < sizeof name)
                name[size] = (char)(sql[size] | (sql[size] == '_' ? 0 : 0x20));
        if (size > 0 && size < sizeof name) {
            name[size] = '\0';
            const json_t *place = json_object_get(views->places, name);
            if (place)
                views->items[json_integer_value(place)].needed = true;
        }
        sql += size > 0 ? size : 1;
    }
}

/* Also what needed views name; each is looked at once. */
static enum status mark_below(struct report_views *views, struct error *err)
{
    struct buffer sql = {0};
    enum status status = STATUS_OK;
    for (bool more = true; more && status == STATUS_OK;) {
        more = false;
        for (size_t i = 0; i < views->count && status == STATUS_OK; i++) {
            struct report_view *view = &views->items[i];
            if (!view->needed || view->looked)
                continue;
            view->looked = more = true;
            status = report_sql(view->definition, &sql, err);
            if (status == STATUS_OK)
                mark_named(views, (const char *)sql.data);
        }
    }
    buffer_release(&sql);
    return status;
}

enum status report_views_need(struct report_views *views, const char *sql,
                              enum report_views_made made, struct error *err)
{
    mark_named(views, sql);
    TRY(mark_below(views, err));
    for (size_t i = 0; i < views->count; i++)
        if (!views->items[i].made && (views->items[i].needed || made == REPORT_VIEWS_ALL))
            TRY(make(views, &views->items[i], err));
    for (size_t i = 0; i < views->count; i++) {
        struct report_view *view = &views->items[i];
        if (!view->needed || view->filled || !kept(view))
            continue;
        view->filled = true;
        TRY(execute(views,
                    "DELETE FROM temp.\"$\"; INSERT INTO temp.\"$\" SELECT * FROM temp.\"_from_$\"",
                    view->name, "", err));
    }
    return STATUS_OK;
}

/* ---- asking ---- */

static enum status put_question(struct replica *replica, const struct report_question *question,
                                struct error *err)
{
    sqlite3_stmt *put;
    if (sqlite3_prepare_v2(replica_database(replica),
                           "UPDATE _asked SET first = ?, last = ?, org = ?, me = ?", -1, &put,
                           NULL) != SQLITE_OK)
        return replica_failed(replica, "the question", err);
    sqlite3_bind_text(put, 1, question->from, -1, SQLITE_STATIC);
    sqlite3_bind_text(put, 2, question->to, -1, SQLITE_STATIC);
    sqlite3_bind_int64(put, 3, question->org);
    if (question->me)
        sqlite3_bind_blob(put, 4, question->me->bytes, ID_BYTES, SQLITE_STATIC);
    enum status status = sqlite3_step(put) == SQLITE_DONE ? STATUS_OK : STATUS_STORAGE;
    sqlite3_finalize(put);
    return status == STATUS_OK ? status : replica_failed(replica, "the question", err);
}

enum status report_views_ask(struct report_views *views, const struct report_question *question,
                             struct error *err)
{
    if (!views->tabled) {
        views->tabled = true;
        TRY(report_tables_make(views->replica, json_object_get(views->file, "rules"), err));
    }
    for (size_t i = 0; i < views->count; i++)
        views->items[i].needed = views->items[i].looked = views->items[i].filled = false;
    return put_question(views->replica, question, err);
}

void report_views_close(struct report_views *views)
{
    for (size_t i = 0; i < views->count; i++) {
        const struct report_view *view = &views->items[i];
        if (view->made && kept(view))
            execute(views, "DROP TABLE IF EXISTS temp.\"$\"; DROP VIEW IF EXISTS temp.\"_from_$\"",
                    view->name, "", NULL);
        else if (view->made)
            execute(views, "DROP VIEW IF EXISTS temp.\"$\"", view->name, "", NULL);
    }
    if (views->tabled)
        report_tables_drop(views->replica);
    json_decref(views->places);
    free(views->items);
    *views = (struct report_views){0};
}
