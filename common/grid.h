#ifndef COMMON_GRID_H
#define COMMON_GRID_H

/* A table for the terminal: cells go in row by row, aligned text comes out.
 *
 * Knows that a Chinese character takes two places. Long cells are cut, control characters become
 * spaces, and columns without any value below the heading are left out. The first row is the
 * heading. {0} with `columns` filled in is a valid empty one; grid_release. */

#include <stdio.h>

#include "common/bytes.h"

#define GRID_CELL_WIDTH 40

struct grid {
    size_t columns;
    char **cells;
    size_t count, capacity;
    size_t *widths; /* of the columns, when it is printed; room for `capacity` */
};

void grid_release(struct grid *grid);
/* Copies the text. STATUS_NO_MEMORY. */
enum status grid_add(struct grid *grid, const char *text);
/* Nothing, when there are no rows. */
void grid_print(const struct grid *grid, FILE *out);
/* Places on a terminal that UTF-8 text takes. */
size_t grid_width(const char *text);

#endif
