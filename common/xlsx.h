#ifndef COMMON_XLSX_H
#define COMMON_XLSX_H

/* One sheet of a spreadsheet file (Office Open XML), written cell by cell from the top.
 *
 * Texts stay texts: none of them becomes a formula, whatever it begins with. The file is there,
 * whole and on the disk, when xlsx_save returns, under its own name and no other; what stood there
 * before stays when anything fails. Parts of it lie for a moment in unnamed files of the same
 * folder. What is made in memory never touches a disk: its parts lie in the machine's shared
 * memory, and where there is none it fails. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

#define XLSX_ROWS_MAX 1048576
#define XLSX_TEXT_MAX 32767 /* characters of a cell */

struct xlsx; /* opaque */

/* `sheet`: its name, which is shortened and cleaned where the format doesn't take it. */
enum status xlsx_open(struct xlsx **xlsx, const char *file, const char *sheet, struct error *err);
/* The next cell of this row. STATUS_TOO_LARGE. `heading`: bold. */
enum status xlsx_text(struct xlsx *xlsx, const char *text, bool heading, struct error *err);
/* `decimals`: shown places, 0 or 2. */
enum status xlsx_number(struct xlsx *xlsx, double number, int decimals, struct error *err);
enum status xlsx_next_row(struct xlsx *xlsx, struct error *err);
/* Write the file and free. STATUS_STORAGE, STATUS_DISK_FULL: no file. */
enum status xlsx_save(struct xlsx *xlsx, struct error *err);
/* The same in memory: */
enum status xlsx_open_memory(struct xlsx **xlsx, const char *sheet, struct error *err);
/* Append the whole file to `out` and free. */
enum status xlsx_take(struct xlsx *xlsx, struct buffer *out, struct error *err);
/* Free without writing; NULL is fine. */
void xlsx_abandon(struct xlsx *xlsx);

#endif
