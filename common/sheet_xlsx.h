#ifndef COMMON_SHEET_XLSX_H
#define COMMON_SHEET_XLSX_H

/* One sheet of a spreadsheet file (Office Open XML), as rows of texts.
 *
 * The file comes from anywhere: it is unpacked only in memory and within bounds, whatever it says
 * of itself, and XML that declares a document type is refused. Numbers come as people type them,
 * dates and times of formatted cells as 2026-11-01 and 2026-11-01T09:30, yes and no as true and
 * false; formulas as the value that the spreadsheet last saw. */

#include "common/sheet.h"

#define XLSX_ENTRIES_MAX 64
#define XLSX_UNPACKED_BYTES_MAX (64 * 1024 * 1024)
#define XLSX_RATIO_MAX 200
#define XLSX_CELLS_MAX 4000000 /* empty ones between others included */

/* Does it begin like one? */
bool sheet_is_xlsx(struct bytes in);
/* The sheet called `name`, NULL: the first. STATUS_NOT_FOUND: there is none of that name.
 * STATUS_BAD_INPUT, STATUS_TOO_LARGE. `sheet` is empty before, and for sheet_release after. */
enum status sheet_parse_xlsx(struct sheet *sheet, struct bytes in, const char *name,
                             struct error *err);

#endif
