#ifndef COMMON_READING_PRINT_H
#define COMMON_READING_PRINT_H

/* What the commands that read share: how they open a replica, and how they put view's JSON on
 * paper: text tables, CSV, JSON. */

#include <stdio.h>

#include "common/cli.h"
#include "common/grid.h"
#include "common/view.h"
#include "common/xlsx.h"

/* Every reading command: open the replica, hold one state of the file, take the step, close. Gives
 * the exit code: *code (CLI_DONE at first) where the step went well. */
typedef enum status reading_step(struct cli *cli, struct replica *replica, int *code,
                                 struct error *err);
int reading_run(struct cli *cli, reading_step *step);

/* GeoJSON (RFC 7946): a feature for each row, at its first map point; without one it has none. */
enum reading_form { READING_TABLE, READING_CSV, READING_JSON, READING_XLSX, READING_GEOJSON };

/* Rows go in one by one (reading_row is a view_taker), the form comes out. */
struct reading_sheet {
    enum reading_form form;
    const struct schema_table *table;
    FILE *out;
    const char *mark; /* CSV: stands before all; NULL: nothing */
    bool labels; /* CSV: label instead of the field's name in the heading; XLSX: of codes, too */
    struct xlsx *xlsx; /* XLSX: where it goes, instead of `out` */
    uint64_t rows;
    struct buffer text;
    struct grid grid;
};
enum status reading_row(void *context, json_t *row, struct error *err);
/* What stands behind the last row; prints the table. */
enum status reading_sheet_end(struct reading_sheet *sheet, struct error *err);
void reading_sheet_release(struct reading_sheet *sheet);

/* One value for people (labels of codes) or for scripts, replacing `out`; ends with a NUL that
 * isn't counted. `field` may be NULL. The elements of a set stand side by side, a comma between
 * them; one within an element has a backslash before it. */
enum status reading_text(const struct schema_field *field, const json_t *value, bool people,
                         struct buffer *out);

/* What GeoJSON has of a row. STATUS_USAGE: rows of this table stand at no place. */
enum status reading_geo_check(const struct schema_table *table, struct error *err);
/* Gives the row as a feature; NULL: out of memory. */
json_t *reading_feature(const struct schema_table *table, const json_t *row);

/* The next cell of a spreadsheet: numbers as numbers, all else as reading_text has it. */
enum status reading_xlsx_cell(struct xlsx *xlsx, const struct schema_field *field,
                              const json_t *value, bool people, struct error *err);

/* A list of flat objects as a table: one column for each of `keys` (ends with NULL). */
struct reading_column {
    const char *key;
    struct cli_text heading;
};
enum status reading_objects(const json_t *list, const struct reading_column *columns,
                            const struct schema_table *table, struct error *err);
/* The same as the person asked for it: a table, or JSON. Takes the list. */
enum status reading_list(const struct cli *cli, json_t *list, const struct reading_column *columns,
                         struct error *err);
/* One row, a field a line. */
enum status reading_one(struct replica *replica, const struct schema_table *table,
                        const json_t *row, struct error *err);

#endif
