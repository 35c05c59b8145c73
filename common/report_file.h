#ifndef COMMON_REPORT_FILE_H
#define COMMON_REPORT_FILE_H

/* The definitions of reports, reminders and contradictions, out of the files of schema/reports/
 * that the program was built with, read as one (docs/reports.md). Internal to report.c. */

#include <jansson.h>

#include "common/replica.h"

/* All of them; reports by name, and each with the "words" of the files. They are read once for a
 * replica that stays open. Borrows until it is closed. STATUS_BAD_INPUT, STATUS_NO_MEMORY. */
enum status report_file_of(struct replica *replica, const json_t **file, struct error *err);

/* Put a list in order; what compares alike stays as it stood. STATUS_NO_MEMORY. */
typedef int report_order(const json_t *a, const json_t *b);
enum status report_sort(json_t *list, report_order *order, struct error *err);

#endif
