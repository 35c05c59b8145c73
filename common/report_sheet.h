#ifndef COMMON_REPORT_SHEET_H
#define COMMON_REPORT_SHEET_H

/* The answer to a question as a sheet: a table on the terminal, CSV or a spreadsheet file, for
 * commands and pages. Labels stand in the process's language; texts stay texts (common/csv.h,
 * common/xlsx.h). */

#include <jansson.h>

#include "common/cli.h"
#include "common/schema.h"
#include "common/xlsx.h"

#define REPORT_COLUMNS_MAX 32

/* The name, labels and codes of a column, as the definition has them. Borrows. */
struct report_column {
    const char *name;
    struct cli_text heading;
    const struct schema_field *codes;
    const json_t *words; /* [[zh, en], …]: lines that the questions name themselves */
    bool raw;            /* for scripts: values as they are */
};
/* Of a definition (common/report.h); gives how many. */
size_t report_columns(const json_t *definition, const struct schema *schema,
                      struct report_column columns[REPORT_COLUMNS_MAX]);
/* Of rows that nobody has defined: one raw column for each key of the first, however many these
 * are. Gives; NULL: out of memory. Borrows the rows. */
struct report_column *report_columns_of(const json_t *rows, size_t *count);

/* A cell for people, replacing `out` and ended by a NUL that isn't counted. STATUS_NO_MEMORY. */
enum status report_cell(const struct report_column *column, const json_t *value,
                        struct buffer *out);

/* Does it name people? Then it is noted when it leaves the program (common/consent.h). */
bool report_names_people(const json_t *definition);

/* To stdout as the person asked for it: JSON, CSV or a table. Takes the rows. */
enum status report_print(const struct cli *cli, json_t *rows, const struct report_column *columns,
                         size_t count, struct error *err);
/* Appends to `out`. */
enum status report_csv(const json_t *rows, const struct report_column *columns, size_t count,
                       struct buffer *out, struct error *err);
/* The same as a spreadsheet, in a file or in memory; who opened it saves it. */
enum status report_xlsx(struct xlsx *xlsx, const json_t *rows, const struct report_column *columns,
                        size_t count, struct error *err);

#endif
