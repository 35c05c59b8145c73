#ifndef PAPER_PAGE_H
#define PAPER_PAGE_H

/* Paper in the making: A4 as PDF, filled from the top, line by line of cells.
 *
 * Knows paper, fonts and lines, and nothing of records. Long texts wrap; a line that doesn't fit
 * goes on the next page, and one that fits on none is cut between two of its text lines. What was
 * named as head stands again on every new page, and the foot says which of how many pages it is: so
 * a paper is drawn twice, the first time to nobody, to count. Lengths are in millimetres.
 *
 * Texts are UTF-8 from anywhere: control characters become spaces, and what no font of this machine
 * has a picture for is counted. At most PAGES_MAX pages. Not for two threads at once. */

#include <stdbool.h>

#include "common/bytes.h"

#define PAGES_MAX 1000
#define PAGE_CELLS_MAX 40

struct page; /* opaque */

struct page_options {
    const char *title; /* large on the first page, small on the others; of the document, too */
    bool landscape;
    unsigned total; /* pages there will be; 0: this is the counting, nothing is kept */
};
/* Gives; borrows nothing. STATUS_NO_MEMORY. */
enum status page_open(struct page **page, const struct page_options *options, struct error *err);

enum page_style { PAGE_PLAIN, PAGE_LABEL, PAGE_NUMBER }; /* label: grey; number: to the right */

struct page_cell {
    const char *text;
    double width; /* millimetres */
    enum page_style style;
    bool open; /* no frame around it */
};
struct page_line {
    struct page_cell cells[PAGE_CELLS_MAX];
    size_t count;
    double least; /* height */
};
/* Between the margins: what the cells of a line have for themselves. */
double page_width(const struct page *page);
/* STATUS_TOO_LARGE: more than PAGES_MAX pages. STATUS_NO_MEMORY. */
enum status page_put(struct page *page, const struct page_line *line, struct error *err);
/* Puts it now, and on every new page until another takes its place, unless it is so high that it
 * leaves little of one; NULL: none any more. Copies. */
enum status page_head(struct page *page, const struct page_line *line, struct error *err);
void page_gap(struct page *page, double height);

struct page_made {
    unsigned pages;
    unsigned missing; /* characters that no font has */
};
/* Ends the last page and frees. `pdf` gets the document, unless this was the counting. */
enum status page_close(struct page *page, struct buffer *pdf, struct page_made *made,
                       struct error *err);
void page_abandon(struct page *page); /* NULL is fine */

#endif
