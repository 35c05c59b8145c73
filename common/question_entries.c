/* What an aggregate of question_maps.h made, as a table of SQL that is only read. */

#include <stdlib.h>
#include <string.h>

#include "common/question_maps.h"

enum column { VALUE_COLUMN = QUESTION_KEYS_MAX, MADE_COLUMN };

struct table {
    sqlite3_vtab base;
    const struct question_maps *maps;
};

struct cursor {
    sqlite3_vtab_cursor base;
    int64_t made;
    size_t at;
    bool over;
    struct question_entry entry;
};

static int connect(sqlite3 *database, void *maps, int count, const char *const *arguments,
                   sqlite3_vtab **made, char **problem)
{
    (void)count;
    (void)arguments;
    (void)problem;
    int code = sqlite3_declare_vtab(database, "CREATE TABLE x(key, second, third, value, "
                                              "made HIDDEN)");
    struct table *table = code == SQLITE_OK ? calloc(1, sizeof *table) : NULL;
    if (!table)
        return code == SQLITE_OK ? SQLITE_NOMEM : code;
    table->maps = maps;
    *made = &table->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

/* It is asked for one map, and read from end to end. */
static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 1e5;
    info->estimatedRows = 50000;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn != MADE_COLUMN ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        if (!info->aConstraint[i].usable)
            return SQLITE_CONSTRAINT;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **opened)
{
    (void)table;
    struct cursor *cursor = calloc(1, sizeof *cursor);
    if (!cursor)
        return SQLITE_NOMEM;
    *opened = &cursor->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    const struct table *table = (const struct table *)base->pVtab;
    cursor->over = !question_entry_at(table->maps, cursor->made, cursor->at++, &cursor->entry);
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *text, int count,
                  sqlite3_value **values)
{
    struct cursor *cursor = (struct cursor *)base;
    (void)number;
    (void)text;
    cursor->made = count > 0 ? sqlite3_value_int64(values[0]) : 0;
    cursor->at = 0;
    return next(base);
}

static int is_over(sqlite3_vtab_cursor *base)
{
    return ((const struct cursor *)base)->over;
}

static void give_key(const struct cursor *cursor, int place, sqlite3_context *context)
{
    struct bytes key = cursor->entry.key;
    for (int i = 0; i < place; i++)
        question_value_skip(&key);
    question_value_give(key, context);
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int at)
{
    const struct cursor *cursor = (const struct cursor *)base;
    if (at < QUESTION_KEYS_MAX)
        give_key(cursor, at, context);
    else if (at == MADE_COLUMN)
        sqlite3_result_int64(context, cursor->made);
    else if (cursor->entry.text.size > 0)
        question_value_give(cursor->entry.text, context);
    else
        sqlite3_result_int64(context, cursor->entry.number);
    return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
    *id = (sqlite3_int64)((const struct cursor *)base)->at;
    return SQLITE_OK;
}

static const sqlite3_module entries = {.xConnect = connect,
                                       .xBestIndex = best_index,
                                       .xDisconnect = disconnect,
                                       .xOpen = open_cursor,
                                       .xClose = close_cursor,
                                       .xFilter = filter,
                                       .xNext = next,
                                       .xEof = is_over,
                                       .xColumn = column,
                                       .xRowid = rowid};

enum status question_entries_open(struct question_maps *maps, sqlite3 *database, struct error *err)
{
    if (sqlite3_create_module(database, "_entries", &entries, maps) == SQLITE_OK)
        return STATUS_OK;
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}
