#include "common/report.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_read.h"
#include "common/messages.h"
#include "common/mutant.h"
#include "common/question_joined.h"
#include "common/question_maps.h"
#include "common/report_file.h"
#include "common/report_row.h"
#include "common/report_views.h"

#define STEPS_PER_LOOK 100000
#define LOOKS_MAX 30000 /* some half a minute and more: then it is given up */

struct report_book {
    struct replica *replica;
    sqlite3 *database;
    const json_t *file; /* borrowed */
    struct report_views views;
    struct question_maps *maps;
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

/* ---- life ---- */

enum status report_book_open(struct report_book **book, struct replica *replica, struct error *err)
{
    struct report_book *made = calloc(1, sizeof *made);
    *book = NULL;
    if (!made)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    made->replica = replica;
    made->database = replica_database(replica);
    enum status status = report_file_of(replica, &made->file, err);
    if (status == STATUS_OK)
        status = report_views_open(&made->views, replica, made->file, err);
    if (status == STATUS_OK)
        status = question_maps_open(&made->maps, made->database, err);
    if (status == STATUS_OK)
        status = question_joined_open(made->database, err);
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
    report_views_close(&book->views);
    question_maps_close(book->maps, book->database);
    question_joined_close(book->database);
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

/* What comes of a question: one of the two. */
struct answer {
    json_t *rows;
    struct buffer *text; /* of an array, without its ends */
};

static enum status take(struct answer *answer, sqlite3_stmt *row, struct error *err)
{
    enum status status = STATUS_OK;
    if (!answer->text)
        status = json_array_append_new(answer->rows, report_row_json(row)) == 0 ? STATUS_OK
                                                                                : STATUS_NO_MEMORY;
    else if (answer->text->size > 1)
        status = buffer_append(answer->text, ",", 1);
    if (status == STATUS_OK && answer->text)
        status = report_row_put(row, answer->text);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
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
                       const struct report_question *question, struct answer *answer,
                       struct error *err)
{
    const char *name = json_string_value(json_object_get(definition, "name"));
    struct buffer sql = {0};
    sqlite3_stmt *statement = NULL;
    enum status status = report_sql(definition, &sql, err);
    if (status == STATUS_OK)
        status = report_views_need(&book->views, (const char *)sql.data,
                                   question->by_hand ? REPORT_VIEWS_ALL : REPORT_VIEWS_NAMED, err);
    if (status != STATUS_OK) {
        buffer_release(&sql);
        return status;
    }
    book->looks = 0;
    sqlite3_progress_handler(book->database, STEPS_PER_LOOK, on_progress, book);
    int code = prepare(book, question, (const char *)sql.data, &statement);
    if (code == SQLITE_OK) {
        bind(statement, question);
        while (status == STATUS_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
            status = take(answer, statement, err);
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = code == SQLITE_MISUSE ? error_set(err, STATUS_BAD_INPUT, "one question at a time")
                                       : failed(book, name, err);
    sqlite3_finalize(statement);
    sqlite3_set_authorizer(book->database, NULL, NULL);
    sqlite3_progress_handler(book->database, 0, NULL, NULL);
    buffer_release(&sql);
    return status;
}

/* What an earlier question made isn't known any more, nor are views of its days. */
static enum status begin(struct report_book *book, const struct report_question *question,
                         struct error *err)
{
    question_maps_clear(book->maps);
    return report_views_ask(&book->views, question, err);
}

static enum status find(const struct report_book *book, const char *name, const json_t **definition,
                        struct error *err)
{
    *definition = report_definition(book, name);
    if (*definition)
        return STATUS_OK;
    return error_set(err, STATUS_NOT_FOUND, "there is no report '%.60s'", name);
}

enum status report_run(struct report_book *book, const char *name,
                       const struct report_question *question, json_t **rows, struct error *err)
{
    const json_t *definition;
    *rows = NULL;
    TRY(find(book, name, &definition, err));
    return report_ask(book, definition, question, rows, err);
}

enum status report_run_text(struct report_book *book, const char *name,
                            const struct report_question *question, struct buffer *text,
                            struct error *err)
{
    const json_t *definition;
    TRY(find(book, name, &definition, err));
    TRY(begin(book, question, err));
    buffer_clear(text);
    enum status status = buffer_append(text, "[", 1);
    if (status == STATUS_OK)
        status = ask(book, definition, question, &(struct answer){.text = text}, err);
    if (status == STATUS_OK)
        status = buffer_append(text, "]\n", 2);
    return status;
}

enum status report_ask(struct report_book *book, const json_t *definition,
                       const struct report_question *question, json_t **rows, struct error *err)
{
    *rows = NULL;
    TRY(begin(book, question, err));
    *rows = json_array();
    enum status status = ask(book, definition, question, &(struct answer){.rows = *rows}, err);
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
    TRY(ask(book, definition, question, &(struct answer){.rows = rows}, err));
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
    TRY(begin(book, question, err));
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

static int by_days(const json_t *a, const json_t *b)
{
    json_int_t days = json_integer_value(json_object_get(a, "days"));
    json_int_t other = json_integer_value(json_object_get(b, "days"));
    return (other > days) - (other < days);
}

enum status report_due(struct report_book *book, const struct report_question *question,
                       json_t **rows, struct error *err)
{
    TRY(ask_all(book, "reminders", question, rows, err));
    return report_sort(*rows, by_days, err);
}

enum status report_check(struct report_book *book, const struct report_question *question,
                         json_t **rows, struct error *err)
{
    return ask_all(book, "invariants", question, rows, err);
}
