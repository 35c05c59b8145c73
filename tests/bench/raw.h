#ifndef TESTS_BENCH_RAW_H
#define TESTS_BENCH_RAW_H

/* The limit: SQLite alone writing the same rows to the same disk, unsigned and without a history.
 * Faults aren't looked for: a raw program that fails is quicker than it should be, and seen. */

#include <sqlite3.h>
#include <stddef.h>

#define RAW_PERSON "person:0123456789abcdef0123456789abcdef" /* who is visited */

/* What was found at visit number `row`. */
void visit_text(size_t row, char *text, size_t size);

sqlite3 *raw_open(const char *path);
/* Inserts; how many seconds it took. */
double raw_rows(sqlite3 *raw, size_t rows, size_t commit_every);
/* Changes one field of so many rows. */
double raw_updates(sqlite3 *raw, size_t updates, size_t commit_every);

#endif
