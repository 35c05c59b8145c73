#ifndef COMMON_VIEW_READER_H
#define COMMON_VIEW_READER_H

/* The statement that view_row.c reads rows from: which columns, which rows, in which order. For
 * view_query.c and view_row.c alone; the caller's memory, reader_release in view_row.c. */

#include <sqlite3.h>

#include "common/doubles.h"
#include "common/view.h"

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
    bool sealed_too;         /* look for the words in sealed texts as well */
    uint32_t org;            /* of `org_text` */
    char org_text[ID_TEXT_BYTES];
};

/* STATUS_STORAGE, with what SQLite says. */
enum status reader_failed(struct reader *reader, struct error *err);

/* Prepare and bind `rows` (and `conflicts`): the rows of a query, how many they are, or the one of
 * this id. */
enum status reader_ask(struct reader *reader, const struct view_query *query, struct error *err);
enum status reader_ask_count(struct reader *reader, const struct view_query *query,
                             struct error *err);
enum status reader_ask_row(struct reader *reader, const struct id *id, struct error *err);

#endif
