#ifndef COMMON_SHEET_H
#define COMMON_SHEET_H

/* A CSV file read into memory: UTF-8 with or without a byte order mark, or GB18030; or the first
 * sheet of an XLSX file (sheet_xlsx.h). The content tells which.
 *
 * Knows no table. Rows keep their number in the file (the heading is row 1). Owns all;
 * sheet_release. */

#include "common/csv.h"

#define SHEET_FILE_BYTES_MAX (256 * 1024 * 1024)
#define SHEET_ROWS_MAX 1000000

struct sheet_row {
    uint64_t number;
    size_t count;
    char **cells; /* unguarded texts */
};

struct sheet {
    struct buffer text; /* of the file, as UTF-8 */
    struct sheet_row heading;
    struct sheet_row *rows;
    size_t count, capacity;
};

void sheet_release(struct sheet *sheet);
/* "-" is stdin. STATUS_NOT_FOUND, STATUS_TOO_LARGE, STATUS_BAD_INPUT (neither encoding, broken
 * quotes, no heading) name the file or the row. */
enum status sheet_read(struct sheet *sheet, const char *file, struct error *err);
/* The file as it is, behind what `out` holds. STATUS_NOT_FOUND, STATUS_TOO_LARGE,
 * STATUS_STORAGE. */
enum status sheet_file(const char *file, struct buffer *out, struct error *err);
/* The same as sheet_read from bytes in memory. */
enum status sheet_parse(struct sheet *sheet, struct bytes in, struct error *err);
/* For who parses: the next row; the first is the heading. Copies. */
enum status sheet_add(struct sheet *sheet, const struct csv_record *record, struct error *err);

#endif
