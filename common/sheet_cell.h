#ifndef COMMON_SHEET_CELL_H
#define COMMON_SHEET_CELL_H

/* What stands in a cell of a spreadsheet, as the text that a person would type. No XML here. */

#include "common/bytes.h"

/* How a number is shown: a day is a number with a format. */
enum cell_format { CELL_NUMBER, CELL_DATE, CELL_MONTH };

/* Of a number format, by its id and, for those above 163, its code. */
enum cell_format cell_format_of(unsigned id, const char *code);
/* "C5" -> 2; -1 when it is none, or beyond `columns_max`. */
int cell_column(const char *place, int columns_max);
/* The number `text` as it is typed, or the day that it means. STATUS_BAD_INPUT. */
enum status cell_number(const char *text, enum cell_format format, bool from_1904,
                        struct buffer *out, struct error *err);
/* Put the characters in place that the file spells _x000D_. */
void cell_unescape(struct buffer *text);

#endif
