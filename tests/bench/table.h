#ifndef TESTS_BENCH_TABLE_H
#define TESTS_BENCH_TABLE_H

/* The bench's one table: what was measured, the limit beside it, and whether a bar is met. For
 * people, or a line of JSON for each row (tests/bench/page.py makes docs/performance.md of them).
 */

#include <stdbool.h>

struct table_bar {
    enum {
        BAR_NONE,
        BAR_AT_LEAST, /* of the figure */
        BAR_AT_MOST,
        BAR_RATIO_AT_LEAST, /* of figure by limit */
        BAR_RATIO_AT_MOST
    } of;
    double value;
};
#define AT_LEAST(value) ((struct table_bar){BAR_AT_LEAST, value})
#define AT_MOST(value) ((struct table_bar){BAR_AT_MOST, value})
#define RATIO_AT_LEAST(value) ((struct table_bar){BAR_RATIO_AT_LEAST, value})
#define RATIO_AT_MOST(value) ((struct table_bar){BAR_RATIO_AT_MOST, value})

struct table_row {
    const char *name, *unit;
    double figure;
    double limit;         /* what the machine or another program gives in the same run; 0: none */
    const char *limit_is; /* in a few words; NULL: none */
    struct table_bar bar; /* of what is held against it; {0}: nothing is */
};

/* Before the first row: prints the head, or the machine and the size of the run. */
void table_begin(bool json, unsigned long rows);
/* Rows that follow belong together. */
void table_part(const char *name);
void table_print(const struct table_row *row);
#define TABLE_ROW(...) table_print(&(struct table_row){__VA_ARGS__})

#endif
