#include "server/demo_source.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_read.h"
#include "server/builtin_demo.h"

#define NUMBERS 1000 /* of nat */
#define ARGUMENTS_MAX 8

struct demo_source {
    struct demo_wish wish;
    sqlite3 *database;
    json_t *file;
    struct demo_org *orgs;
    size_t orgs_count, orgs_capacity;
    sqlite3_stmt **questions; /* of file's "rows" */
    size_t questions_count;
};

static enum status failed(const struct demo_source *source, struct error *err)
{
    return error_set(err, STATUS_STORAGE, "cannot make demo rows: %s",
                     sqlite3_errmsg(source->database));
}

static enum status out_of_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* ---- functions ---- */

/* A hash of the seed and the arguments: texts with their zero, numbers as texts. */
static void digest_of(const struct demo_source *source, int count, sqlite3_value **values,
                      uint8_t *out, size_t size)
{
    crypto_generichash_state state;
    uint8_t seed[8];
    for (int i = 0; i < 8; i++)
        seed[i] = (uint8_t)(source->wish.seed >> (8 * i));
    crypto_generichash_init(&state, NULL, 0, size);
    crypto_generichash_update(&state, seed, sizeof seed);
    for (int i = 0; i < count; i++) {
        const unsigned char *text = sqlite3_value_text(values[i]);
        crypto_generichash_update(&state, text ? text : (const unsigned char *)"",
                                  (size_t)sqlite3_value_bytes(values[i]) + (text ? 1 : 0));
    }
    crypto_generichash_final(&state, out, size);
}

static uint64_t number_of(const struct demo_source *source, int count, sqlite3_value **values)
{
    uint8_t digest[16];
    uint64_t number = 0;
    digest_of(source, count, values, digest, sizeof digest);
    for (int i = 0; i < 8; i++)
        number = number << 8 | digest[i];
    return number;
}

static void on_rnd(sqlite3_context *context, int count, sqlite3_value **values)
{
    int64_t below = count > 0 ? sqlite3_value_int64(values[0]) : 0;
    uint64_t number = number_of(sqlite3_user_data(context), count - 1, values + 1);
    sqlite3_result_int64(context, below > 0 ? (int64_t)(number % (uint64_t)below) : 0);
}

/* One of the words of a list. */
static void on_word(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct demo_source *source = sqlite3_user_data(context);
    const char *name = count > 0 ? (const char *)sqlite3_value_text(values[0]) : NULL;
    const json_t *list = json_object_get(json_object_get(source->file, "words"), name ? name : "");
    size_t size = json_array_size(list);
    if (size == 0) {
        sqlite3_result_error(context, "there is no such list of words", -1);
        return;
    }
    const json_t *word = json_array_get(list, number_of(source, count, values) % size);
    sqlite3_result_text(context, json_string_value(word), -1, SQLITE_TRANSIENT);
}

static void give_id(sqlite3_context *context, const struct id *id)
{
    char text[ID_TEXT_BYTES];
    id_format(id, text);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void on_rid(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct id id;
    digest_of(sqlite3_user_data(context), count, values, id.bytes, ID_BYTES);
    give_id(context, &id);
}

static enum status natural_id(const struct demo_source *source, int count, sqlite3_value **values,
                              struct id *id, struct error *err)
{
    const char *name = (const char *)sqlite3_value_text(values[0]);
    const struct schema_table *table = name ? schema_table_named(source->wish.schema, name) : NULL;
    struct buffer parsed = {0};
    size_t ends[ARGUMENTS_MAX];
    struct bytes parts[ARGUMENTS_MAX];
    if (!table || table->key_fields_count != (size_t)count - 1 || count > ARGUMENTS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "there is no such natural key");
    enum status status = STATUS_OK;
    for (int i = 0; i < count - 1 && status == STATUS_OK; i++) {
        const char *text = (const char *)sqlite3_value_text(values[i + 1]);
        status = field_parse(source->wish.schema, table_field(table, table->key_fields[i]),
                             text ? text : "", &parsed, err);
        ends[i] = parsed.size;
    }
    for (int i = 0; i < count - 1 && status == STATUS_OK; i++)
        parts[i] = bytes_of(parsed.data + (i ? ends[i - 1] : 0), ends[i] - (i ? ends[i - 1] : 0));
    if (status == STATUS_OK)
        status = table_natural_id(table, parts, id, err);
    buffer_release(&parsed);
    return status;
}

static void on_natural(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct id id;
    struct error err = {0};
    if (count < 1 || natural_id(sqlite3_user_data(context), count, values, &id, &err) != STATUS_OK)
        sqlite3_result_error(context, err.text, -1);
    else
        give_id(context, &id);
}

/* ---- the database in memory ---- */

static enum status fill_real(struct demo_source *source, struct error *err)
{
    sqlite3_stmt *put;
    size_t i, c;
    const json_t *row, *cell;
    enum status status = STATUS_OK;
    if (sqlite3_prepare_v2(source->database, "INSERT INTO real VALUES(?, ?, ?, ?, ?)", -1, &put,
                           NULL) != SQLITE_OK)
        return failed(source, err);
    json_array_foreach(json_object_get(source->file, "real"), i, row)
    {
        sqlite3_reset(put);
        json_array_foreach(row, c, cell)
        {
            if (json_is_string(cell))
                sqlite3_bind_text(put, (int)c + 1, json_string_value(cell), -1, SQLITE_STATIC);
            else
                sqlite3_bind_int64(put, (int)c + 1, json_integer_value(cell));
        }
        if (status == STATUS_OK && sqlite3_step(put) != SQLITE_DONE)
            status = failed(source, err);
    }
    sqlite3_finalize(put);
    return status;
}

static enum status make_database(struct demo_source *source, struct error *err)
{
    static const struct {
        const char *name;
        void (*call)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {{"rnd", on_rnd}, {"rid", on_rid}, {"natural", on_natural}, {"word", on_word}};
    char numbers[200];
    if (sqlite3_open(":memory:", &source->database) != SQLITE_OK)
        return out_of_memory(err);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        sqlite3_create_function(source->database, functions[i].name, -1,
                                SQLITE_UTF8 | SQLITE_DETERMINISTIC, source, functions[i].call, NULL,
                                NULL);
    snprintf(numbers, sizeof numbers,
             "CREATE TABLE real(size, kind, name, parent, members);"
             "CREATE TABLE nat(k INTEGER PRIMARY KEY);"
             "WITH RECURSIVE c(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM c LIMIT %d) "
             "INSERT INTO nat SELECT k FROM c",
             NUMBERS);
    if (sqlite3_exec(source->database, numbers, NULL, NULL, NULL) != SQLITE_OK)
        return failed(source, err);
    return fill_real(source, err);
}

static enum status prepare(struct demo_source *source, const json_t *lines, sqlite3_stmt **question,
                           struct error *err)
{
    struct buffer sql = {0};
    size_t i;
    const json_t *line;
    enum status status = STATUS_OK;
    json_array_foreach(lines, i, line)
    {
        if (status == STATUS_OK)
            status = buffer_append_bytes(&sql, bytes_text(json_string_value(line)));
        if (status == STATUS_OK)
            status = buffer_append(&sql, "\n", 1);
    }
    if (status != STATUS_OK)
        status = out_of_memory(err);
    else if (sqlite3_prepare_v2(source->database, (const char *)sql.data, (int)sql.size, question,
                                NULL) != SQLITE_OK)
        status = failed(source, err);
    buffer_release(&sql);
    return status;
}

/* ---- orgs ---- */

static enum status add_org(struct demo_source *source, const struct demo_org *org,
                           struct error *err)
{
    if (source->orgs_count == source->orgs_capacity) {
        size_t capacity = source->orgs_capacity ? source->orgs_capacity * 2 : 64;
        struct demo_org *grown = realloc(source->orgs, capacity * sizeof *grown);
        if (!grown)
            return out_of_memory(err);
        source->orgs = grown;
        source->orgs_capacity = capacity;
    }
    source->orgs[source->orgs_count++] = *org;
    return STATUS_OK;
}

static char *text_at(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return strdup(text ? text : "");
}

/* The newest of that name: parents stand shortly before. */
static size_t place_of(const struct demo_source *source, const char *name)
{
    for (size_t i = source->orgs_count; *name && i-- > 1;)
        if (strcmp(source->orgs[i].name, name) == 0)
            return i;
    return 0;
}

static enum status take_org(struct demo_source *source, sqlite3_stmt *row, struct error *err)
{
    const struct demo_org *last = &source->orgs[source->orgs_count - 1];
    char key[40];
    struct demo_org org = {.place = source->orgs_count,
                           .kind = text_at(row, 0),
                           .name = text_at(row, 1),
                           .members = sqlite3_column_int64(row, 3),
                           .first = last->first + last->members};
    const char *parent = (const char *)sqlite3_column_text(row, 2);
    snprintf(key, sizeof key, "org %llu %zu", (unsigned long long)source->wish.seed, org.place);
    crypto_generichash(org.id.bytes, ID_BYTES, (const uint8_t *)key, strlen(key), NULL, 0);
    if (!org.kind || !org.name || add_org(source, &org, err) != STATUS_OK) {
        free((char *)(uintptr_t)org.kind);
        free((char *)(uintptr_t)org.name);
        return out_of_memory(err);
    }
    source->orgs[org.place].parent = place_of(source, parent ? parent : "");
    return STATUS_OK;
}

static void bind_text(sqlite3_stmt *question, const char *name, const char *text)
{
    int at = sqlite3_bind_parameter_index(question, name);
    if (at > 0)
        sqlite3_bind_text(question, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_number(sqlite3_stmt *question, const char *name, int64_t number)
{
    int at = sqlite3_bind_parameter_index(question, name);
    if (at > 0)
        sqlite3_bind_int64(question, at, number);
}

static enum status make_orgs(struct demo_source *source, struct error *err)
{
    sqlite3_stmt *question = NULL;
    struct demo_org root = {.kind = strdup("root"), .name = strdup("")};
    int code = SQLITE_DONE;
    TRY(root.kind && root.name ? add_org(source, &root, err) : out_of_memory(err));
    TRY(prepare(source, json_object_get(source->file, "orgs"), &question, err));
    bind_text(question, ":size", source->wish.size);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (code = sqlite3_step(question)) == SQLITE_ROW)
        status = take_org(source, question, err);
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = failed(source, err);
    sqlite3_finalize(question);
    if (status == STATUS_OK && source->orgs_count == 1)
        status = error_set(err, STATUS_NOT_FOUND, "there is no size '%s'", source->wish.size);
    return status;
}

size_t demo_source_orgs_count(const struct demo_source *source)
{
    return source->orgs_count;
}

const struct demo_org *demo_source_org(const struct demo_source *source, size_t place)
{
    return &source->orgs[place];
}

/* ---- rows ---- */

static void bind_org(const struct demo_source *source, sqlite3_stmt *question,
                     const struct demo_org *org)
{
    char id[ID_TEXT_BYTES];
    const struct demo_org *above = &source->orgs[org->parent];
    id_format(&org->id, id);
    sqlite3_reset(question);
    bind_number(question, ":n", (int64_t)org->place);
    bind_text(question, ":id", id);
    bind_text(question, ":kind", org->kind);
    bind_text(question, ":name", org->name);
    bind_number(question, ":members", org->members);
    bind_number(question, ":parent", (int64_t)org->parent);
    bind_text(question, ":place", above->name);
    bind_number(question, ":first", org->first);
    bind_text(question, ":size", source->wish.size);
    bind_text(question, ":day", source->wish.day);
}

static void take_column(sqlite3_stmt *question, int column, struct demo_row *row)
{
    const char *name = sqlite3_column_name(question, column);
    const char *text = (const char *)sqlite3_column_text(question, column);
    if (!text)
        return;
    if (strcmp(name, "_id") == 0)
        id_parse(text, &row->id);
    else if (strcmp(name, "_at") == 0)
        row->at = text;
    else if (strcmp(name, "_apart") == 0)
        row->apart = *text == '1';
    else
        json_object_set_new(row->fields, name, json_string(text));
}

static enum status ask(struct demo_source *source, size_t at, const struct demo_org *org,
                       demo_taker *take, void *context, struct error *err)
{
    sqlite3_stmt *question = source->questions[at];
    const json_t *recipe = json_array_get(json_object_get(source->file, "rows"), at);
    enum status status = STATUS_OK;
    int code = SQLITE_DONE;
    bind_org(source, question, org);
    while (status == STATUS_OK && (code = sqlite3_step(question)) == SQLITE_ROW) {
        struct demo_row row = {.table = json_string_value(json_object_get(recipe, "table")),
                               .fields = json_object()};
        for (int i = 0; i < sqlite3_column_count(question); i++)
            take_column(question, i, &row);
        status = row.fields ? take(context, org, &row, err) : out_of_memory(err);
        json_decref(row.fields);
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = failed(source, err);
    sqlite3_reset(question);
    return status;
}

enum status demo_source_rows(struct demo_source *source, const struct demo_org *org,
                             demo_taker *take, void *context, struct error *err)
{
    for (size_t i = 0; i < source->questions_count; i++)
        TRY(ask(source, i, org, take, context, err));
    return STATUS_OK;
}

/* ---- life ---- */

static enum status load(struct demo_source *source, struct error *err)
{
    struct bytes text = builtin_demo();
    json_error_t problem;
    enum status status = json_read(&source->file, text, &problem, err);
    if (status == STATUS_BAD_INPUT)
        return error_set(err, status, "the demo is broken: %s", problem.text);
    TRY(status);
    TRY(make_database(source, err));
    TRY(make_orgs(source, err));
    const json_t *rows = json_object_get(source->file, "rows");
    source->questions = calloc(json_array_size(rows), sizeof(sqlite3_stmt *));
    if (!source->questions)
        return out_of_memory(err);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        TRY(prepare(source, json_object_get(json_array_get(rows, i), "sql"), &source->questions[i],
                    err));
        source->questions_count++;
    }
    return STATUS_OK;
}

enum status demo_source_open(struct demo_source **source, const struct demo_wish *wish,
                             struct error *err)
{
    struct demo_source *made = calloc(1, sizeof *made);
    *source = NULL;
    if (!made)
        return out_of_memory(err);
    made->wish = *wish;
    enum status status = load(made, err);
    if (status != STATUS_OK) {
        demo_source_free(made);
        return status;
    }
    *source = made;
    return STATUS_OK;
}

void demo_source_free(struct demo_source *source)
{
    if (!source)
        return;
    for (size_t i = 0; i < source->questions_count; i++)
        sqlite3_finalize(source->questions[i]);
    for (size_t i = 0; i < source->orgs_count; i++) {
        free((char *)(uintptr_t)source->orgs[i].kind);
        free((char *)(uintptr_t)source->orgs[i].name);
    }
    free(source->questions);
    free(source->orgs);
    sqlite3_close(source->database);
    json_decref(source->file);
    free(source);
}
