#include "common/grid.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void grid_release(struct grid *grid)
{
    for (size_t i = 0; i < grid->count; i++)
        free(grid->cells[i]);
    free(grid->cells);
    free(grid->widths);
    *grid = (struct grid){0};
}

/* One code point; bytes that are no UTF-8 count as one each. */
static uint32_t next_point(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    size_t more = *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : *at >= 0xc0 ? 1 : 0;
    uint32_t point = more == 0 ? *at : (uint32_t)*at & (0x3fu >> more);
    for (size_t i = 1; i <= more; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            more = i - 1;
            break;
        }
        point = point << 6 | (at[i] & 0x3fu);
    }
    *text += 1 + more;
    return point;
}

static size_t point_width(uint32_t point)
{
    bool wide = (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) ||
                (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff) ||
                (point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff00 && point <= 0xff60) ||
                (point >= 0xffe0 && point <= 0xffe6) || (point >= 0x1f300 && point <= 0x1faff) ||
                (point >= 0x20000 && point <= 0x3fffd);
    bool combining = point >= 0x300 && point <= 0x36f;
    return combining ? 0 : wide ? 2 : 1;
}

size_t grid_width(const char *text)
{
    size_t width = 0;
    while (*text)
        width += point_width(next_point(&text));
    return width;
}

static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
           (point >= 0x202a && point <= 0x202e);
}

/* `out` has room for the text. */
static void copy_cell(char *out, const char *text)
{
    size_t width = 0;
    bool cut = grid_width(text) > GRID_CELL_WIDTH;
    while (*text) {
        const char *from = text;
        uint32_t point = next_point(&text);
        width += point_width(point);
        if (cut && width > GRID_CELL_WIDTH - 1) {
            memcpy(out, "…", sizeof "…");
            return;
        }
        if (is_control(point)) {
            *out++ = ' ';
            continue;
        }
        memcpy(out, from, (size_t)(text - from));
        out += text - from;
    }
    *out = '\0';
}

enum status grid_add(struct grid *grid, const char *text)
{
    if (grid->count == grid->capacity) {
        size_t capacity = grid->capacity ? grid->capacity * 2 : 256;
        char **grown = realloc(grid->cells, capacity * sizeof *grown);
        if (!grown)
            return STATUS_NO_MEMORY;
        grid->cells = grown;
        size_t *widths = realloc(grid->widths, capacity * sizeof *widths);
        if (!widths)
            return STATUS_NO_MEMORY;
        grid->widths = widths;
        grid->capacity = capacity;
    }
    char *cell = malloc(strlen(text) + sizeof "…");
    if (!cell)
        return STATUS_NO_MEMORY;
    copy_cell(cell, text);
    grid->cells[grid->count++] = cell;
    return STATUS_OK;
}

/* 0: nothing below the heading. */
static size_t column_width(const struct grid *grid, size_t column)
{
    size_t widest = 0;
    for (size_t at = column + grid->columns; at < grid->count; at += grid->columns) {
        size_t width = grid_width(grid->cells[at]);
        widest = width > widest ? width : widest;
    }
    size_t heading = grid_width(grid->cells[column]);
    return widest > 0 && heading > widest ? heading : widest;
}

void grid_print(const struct grid *grid, FILE *out)
{
    size_t *widths = grid->widths;
    if (grid->columns == 0 || grid->count < grid->columns)
        return;
    for (size_t i = 0; i < grid->columns; i++)
        widths[i] = column_width(grid, i);
    for (size_t row = 0; row + grid->columns <= grid->count; row += grid->columns) {
        size_t blanks = 0; /* owed before the next cell, so that no line ends with spaces */
        for (size_t i = 0; i < grid->columns; i++) {
            const char *cell = grid->cells[row + i];
            if (widths[i] == 0)
                continue;
            if (*cell)
                fprintf(out, "%*s%s", (int)blanks, "", cell);
            blanks = (*cell ? 0 : blanks) + widths[i] + 2 - grid_width(cell);
        }
        fputc('\n', out);
    }
}
