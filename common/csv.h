#ifndef COMMON_CSV_H
#define COMMON_CSV_H

/* CSV by RFC 4180: a bounded parser that is fed bytes, and a writer of cells.
 *
 * Records end with CRLF or LF; quoted cells may hold both. Cells come as they stand, unquoted; what
 * they mean is the caller's business. Knows no file. A spreadsheet runs a cell that begins with one
 * of = + - @ TAB CR as a formula: the guard puts ' before such texts (and before a ' itself), and
 * csv_unguard takes it away. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/bytes.h"

#define CSV_CELLS_MAX 512            /* a record */
#define CSV_RECORD_BYTES_MAX 1048576 /* cells of one record together */

/* Gets one record: cells end with a NUL behind their size. `row` counts records from 1, as a
 * spreadsheet does; empty lines count and aren't handed on. Borrows the cells. */
struct csv_record {
    uint64_t row;
    const struct bytes *cells;
    size_t count;
};
typedef enum status csv_taker(void *context, const struct csv_record *record, struct error *err);

enum csv_state { CSV_CELL_START, CSV_PLAIN, CSV_QUOTED, CSV_QUOTE_SEEN };

/* {0} with `take` and `context` filled in is a valid parser at the start. csv_release. */
struct csv {
    csv_taker *take;
    void *context;
    enum csv_state state;
    bool cr_pending; /* a CR behind a plain cell: a line end when LF follows */
    bool any_quote;  /* in this record */
    uint64_t row;    /* records done */
    struct buffer text;
    size_t starts[CSV_CELLS_MAX];
    size_t count;
};

void csv_release(struct csv *csv);
/* STATUS_BAD_INPUT and STATUS_TOO_LARGE name the row; what `take` fails with is handed on. */
enum status csv_feed(struct csv *csv, struct bytes in, struct error *err);
/* The last record needs no line end. */
enum status csv_end(struct csv *csv, struct error *err);

/* Append one cell, quoted where needed; a comma before it unless it is the first of its line. */
enum status csv_put(struct buffer *out, struct bytes text, bool first);
enum status csv_put_guarded(struct buffer *out, struct bytes text, bool first);
enum status csv_put_end(struct buffer *out);
struct bytes csv_unguard(struct bytes text);

#endif
