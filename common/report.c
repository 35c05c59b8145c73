#include "common/report.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "common/builtin_reports.h"
#include "common/json_read.h"
#include "common/messages.h"
#include "common/mutant.h"
#include "common/report_views.h"

#define STEPS_PER_LOOK 100000
#define LOOKS_MAX 30000 /* some half a minute and more: then it is given up */

struct report_book {
    struct replica *replica;
    sqlite3 *database;
    json_t *file;
    struct report_views views;
    unsigned looks;
};

static enum status failed(const struct report_book *book, const char *what, struct error *err)
{
    if (book->looks >= LOOKS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "'%.60s' took too long", what);
    return error_set(err, STATUS_STORAGE, "cannot ask '%.60s': %.120s", what,
                     sqlite3_errmsg(book->database));
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

/* What somebody typed sees the replica's own tables only through the views, whose names then stand
 * in `view`: keys and the log are nobody's figures. A table of which no column is read comes
 * without column and database, for a view that was taken apart has such ones, too. */
static int may_read_views(void *context, int action, const char *table, const char *column,
                          const char *database, const char *view)
{
    bool temporary = database && strcmp(database, "temp") == 0;
    bool counted = !database && column && !*column;
    if (action == SQLITE_READ && !view && !temporary && !counted && strncmp(table, "json_", 5) != 0)
        return SQLITE_DENY;
    return may_read_only(context, action, table, column, database, view);
}

static int on_progress(void *context)
{
    struct report_book *book = context;
    return ++book->looks >= LOOKS_MAX;
}

/* ---- the files ---- */

/* Put the lists of one file behind those of the others. */
static enum status take_file(json_t *all, struct bytes text, struct error *err)
{
    json_error_t problem;
    const char *key;
    json_t *value, *file;
    uint64_t shortages = json_shortages();
    if (json_read(&file, text, &problem, err) == STATUS_NO_MEMORY)
        return STATUS_NO_MEMORY;
    if (!json_is_object(file)) {
        json_decref(file);
        return error_set(err, STATUS_BAD_INPUT, "the reports are broken: %s", problem.text);
    }
    json_object_foreach(file, key, value)
    {
        json_t *list = json_object_get(all, key);
        if (json_is_array(list) && json_is_array(value))
            json_array_extend(list, value);
        else
            json_object_set(all, key, value);
    }
    json_decref(file);
    return json_whole(shortages, err);
}

static const char *name_of(const json_t *definition)
{
    const char *name = json_string_value(json_object_get(definition, "name"));
    return name ? name : "";
}

struct placed { /* an item, and where it stood */
    json_t *item;
    size_t at;
};

static int by_place(const struct placed *a, const struct placed *b)
{
    return (a->at > b->at) - (a->at < b->at);
}

static int by_name(const void *a, const void *b)
{
    const struct placed *left = a, *right = b;
    int order = strcmp(name_of(left->item), name_of(right->item));
    return order != 0 ? order : by_place(left, right);
}

static int by_days(const void *a, const void *b)
{
    const struct placed *left = a, *right = b;
    json_int_t days = json_integer_value(json_object_get(left->item, "days"));
    json_int_t other = json_integer_value(json_object_get(right->item, "days"));
    return days == other ? by_place(left, right) : days > other ? -1 : 1;
}

static enum status sort(json_t *list, int (*compare)(const void *, const void *), struct error *err)
{
    size_t count = json_array_size(list);
    struct placed *items = malloc((count + 1) * sizeof *items);
    if (!items)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        items[i] = (struct placed){json_incref(json_array_get(list, i)), i};
    qsort(items, count, sizeof *items, compare);
    for (size_t i = 0; i < count; i++)
        json_array_set_new(list, i, items[i].item);
    free(items);
    return STATUS_OK;
}

static enum status load(struct report_book *book, struct error *err)
{
    enum status status = STATUS_OK;
    book->file = json_object();
    for (size_t i = 0; builtin_reports(i).size > 0 && status == STATUS_OK; i++)
        status = take_file(book->file, builtin_reports(i), err);
    size_t i;
    json_t *report;
    json_array_foreach(json_object_get(book->file, "reports"), i, report)
        json_object_set(report, "words", json_object_get(book->file, "words"));
    return status == STATUS_OK ? sort(json_object_get(book->file, "reports"), by_name, err)
                               : status;
}

/* ---- life ---- */

enum status report_book_open(struct report_book **book, struct replica *replica, struct error *err)
{
    struct report_book *made = calloc(1, sizeof *made);
    *book = NULL;
    if (!made)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    made->replica = replica;
    made->database = replica_database(replica);
    enum status status = load(made, err);
    if (status == STATUS_OK)
        status = report_views_make(&made->views, replica, made->file, err);
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
    report_views_drop(&book->views, book->replica);
    json_decref(book->file);
    free(book);
}

const json_t *report_definitions(const struct report_book *book)
{
    return json_object_get(book->file, "reports");
}

const json_t *report_definition(const struct report_book *book, const char *name)
{
    return json_named(report_definitions(book), name);
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

static void bind(sqlite3_stmt *statement, const struct report_question *question)
{
    const char *const names[] = {":from", ":to"};
    const char *const texts[] = {question->from, question->to};
    for (int i = 0; i < 2; i++) {
        int at = sqlite3_bind_parameter_index(statement, names[i]);
        if (at > 0)
            sqlite3_bind_text(statement, at, texts[i], -1, SQLITE_STATIC);
    }
    int at = sqlite3_bind_parameter_index(statement, ":org");
    if (at > 0)
        sqlite3_bind_int64(statement, at, question->org);
    at = sqlite3_bind_parameter_index(statement, ":row");
    if (at > 0 && question->row)
        sqlite3_bind_blob(statement, at, question->row->bytes, ID_BYTES, SQLITE_STATIC);
}

/* Under the authorizer that a question deserves. What functions ask while it runs is theirs: then
 * it only may not write. */
static int prepare(struct report_book *book, const struct report_question *question,
                   const char *sql, sqlite3_stmt **statement)
{
    const char *rest = NULL;
    sqlite3_set_authorizer(book->database, question->by_hand ? may_read_views : may_read_only,
                           NULL);
    int code = sqlite3_prepare_v2(book->database, sql, -1, statement, &rest);
    sqlite3_set_authorizer(book->database, may_read_only, NULL);
    bool more = code == SQLITE_OK && rest[strspn(rest, " \t\r\n;")] != '\0';
    return more ? SQLITE_MISUSE : code == SQLITE_OK && !*statement ? SQLITE_ERROR : code;
}

static enum status ask(struct report_book *book, const json_t *definition,
                       const struct report_question *question, json_t *rows, struct error *err)
{
    const char *name = json_string_value(json_object_get(definition, "name"));
    struct buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    TRY(report_sql(definition, &sql, err));
    book->looks = 0;
    sqlite3_progress_handler(book->database, STEPS_PER_LOOK, on_progress, book);
    int code = prepare(book, question, (const char *)sql.data, &statement);
    if (code == SQLITE_OK) {
        bind(statement, question);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW)
            json_array_append_new(rows, row_of(statement));
    }
    enum status status = code == SQLITE_DONE ? STATUS_OK
                         : code == SQLITE_MISUSE
                             ? error_set(err, STATUS_BAD_INPUT, "one question at a time")
                             : failed(book, name, err);
    sqlite3_finalize(statement);
    sqlite3_set_authorizer(book->database, NULL, NULL);
    sqlite3_progress_handler(book->database, 0, NULL, NULL);
    buffer_release(&sql);
    return status;
}

enum status report_run(struct report_book *book, const char *name,
                       const struct report_question *question, json_t **rows, struct error *err)
{
    const json_t *definition = report_definition(book, name);
    *rows = NULL;
    if (!definition)
        return error_set(err, STATUS_NOT_FOUND, "there is no report '%.60s'", name);
    return report_ask(book, definition, question, rows, err);
}

enum status report_ask(struct report_book *book, const json_t *definition,
                       const struct report_question *question, json_t **rows, struct error *err)
{
    *rows = NULL;
    TRY(report_views_ask(&book->views, book->replica, question, err));
    *rows = json_array();
    enum status status = ask(book, definition, question, *rows, err);
    if (status != STATUS_OK) {
        json_decref(*rows);
        *rows = NULL;
    }
    return status;
}

/* ---- reminders and contradictions ---- */

/* Ask for the rows of one definition and say with each what it is about. */
static enum status ask_named(struct report_book *book, const json_t *definition,
                             const struct report_question *question, json_t *rows,
                             struct error *err)
{
    size_t before = json_array_size(rows);
    const char *own = language_get() == LANGUAGE_EN ? "en" : "zh";
    const json_t *meanwhile = json_object_get(definition, "meanwhile");
    TRY(ask(book, definition, question, rows, err));
    for (size_t i = before; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        json_object_set(row, "kind", json_object_get(definition, "name"));
        json_object_set(row, "title", json_object_get(definition, own));
        if (meanwhile)
            json_object_set(row, "meanwhile", json_object_get(meanwhile, own));
    }
    return STATUS_OK;
}

/* Is it for this person? A reminder "to" a role is for those above that role as well. */
static bool is_told(const json_t *definition, const struct report_question *question)
{
    enum role least;
    const char *to = json_string_value(json_object_get(definition, "to"));
    return !to || !role_parse(to, &least) || question->role >= least;
}

static enum status ask_all(struct report_book *book, const char *list,
                           const struct report_question *question, json_t **rows, struct error *err)
{
    size_t i;
    const json_t *definition;
    *rows = NULL;
    TRY(report_views_ask(&book->views, book->replica, question, err));
    enum status status = STATUS_OK;
    *rows = json_array();
    json_array_foreach(json_object_get(book->file, list), i, definition)
    {
        if (status == STATUS_OK && is_told(definition, question))
            status = ask_named(book, definition, question, *rows, err);
    }
    if (status != STATUS_OK) {
        json_decref(*rows);
        *rows = NULL;
    }
    return status;
}

enum status report_due(struct report_book *book, const struct report_question *question,
                       json_t **rows, struct error *err)
{
    TRY(ask_all(book, "reminders", question, rows, err));
    return sort(*rows, by_days, err);
}

enum status report_check(struct report_book *book, const struct report_question *question,
                         json_t **rows, struct error *err)
{
    return ask_all(book, "invariants", question, rows, err);
}
